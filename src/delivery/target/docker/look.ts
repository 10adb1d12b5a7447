import { connect } from 'node:net';
import type { Instance } from '../contract.ts';
import type { Look, LookRequest, Place, QuestionAnswer, Sight } from '../host/look.ts';
import { askHere, type Question } from '../host/question.ts';
import type { Tally } from '../host/tally.ts';
import { type Container, containersOf, endOf, tailOf } from './container.ts';
import type { EngineHost } from './engine-host.ts';
import { LABEL } from './names.ts';
import type { UsageReader } from './usage.ts';

/** An engine as those see it who wait for health, or watch. Readings of resources go into the tally. */
export function placeOf(host: EngineHost, usage: UsageReader, tally: Tally): Place {
  return {
    name: host.name,
    look: async (request) => {
      try {
        if (request.withUse) usage.read(request.digest, tally);
        return await look(host, request);
      } catch (error) {
        return {
          outcome: 'unseen',
          reason: `the engine of ${host.name} does not answer: ${(error as Error).message}`,
        };
      }
    },
  };
}

async function look(host: EngineHost, { ids, digest, questions }: LookRequest): Promise<Look> {
  const filter = ids.length === 0 ? ['--filter', `label=${LABEL.digest}=${digest}`] : [];
  const [containers, answers] = await Promise.all([
    containersOf(host.docker, host.area, 'instance', filter),
    Promise.all(questions.map((question) => ask(host, question))),
  ]);
  const asked = containers.filter(({ id, state }) =>
    ids.length === 0 ? state !== 'created' : ids.includes(id),
  );
  const sights = await Promise.all(asked.map((container) => sightOf(host, container)));
  const gone = ids
    .filter((id) => !asked.some((container) => container.id === id))
    .map((id) => goneOf(host, id, digest));
  return { outcome: 'seen', sights: [...sights, ...gone], answers };
}

export function instanceOf(host: EngineHost, container: Container): Instance {
  const { id, digest, port, startedAtMs, state } = container;
  return {
    id,
    host: host.name,
    digest,
    address: port === null ? null : `${host.address}:${port}`,
    startedAtMs,
    isRunning: state === 'running',
  };
}

async function sightOf(host: EngineHost, container: Container): Promise<Sight> {
  const instance = instanceOf(host, container);
  const isDown = host.history.isDown(container, Date.now()) || container.state === 'ended';
  const reason = isDown || container.restarts > 0 ? endOf(container) : '';
  const needsTail = isDown || !instance.isRunning || container.restarts > 0;
  return { instance, isDown, reason, tail: needsTail ? await tailOf(host.docker, container) : [], use: null };
}

function goneOf(host: EngineHost, id: string, digest: string): Sight {
  const instance = { id, host: host.name, digest, address: null, startedAtMs: 0, isRunning: false };
  return { instance, isDown: true, reason: 'it is gone', tail: [], use: null };
}

/** A path is asked of the published port, as the router does; a command within the container. */
async function ask(host: EngineHost, question: Question): Promise<QuestionAnswer> {
  const { instance, timeoutMs } = question;
  const bad = (why: string): QuestionAnswer => ({ question, isGood: false, why });
  if (question.ask.kind === 'command') {
    const words = ['exec', instance.id, '/bin/sh', '-c', question.ask.run];
    const { code } = await host.docker.call(words, { timeoutMs });
    return code === 0
      ? { question, isGood: true, why: '' }
      : bad(code < 0 ? `no answer within ${timeoutMs} ms` : `it ended with code ${code}`);
  }
  if (question.isAskedHere) return askHere(question);
  if (question.ask.kind === 'http') {
    if (instance.address === null) return bad('the instance listens nowhere');
    const url = `http://${instance.address}${question.ask.url}`;
    const answer = await askHere({ ...question, ask: { ...question.ask, url } });
    return { ...answer, question };
  }
  const { port } = question.ask;
  const own = instance.address === null ? null : Number(instance.address.split(':').at(-1));
  const isOwn = question.ask.host === null && own !== null && (await hasPort(host, instance, port));
  const why = await connection(question.ask.host ?? host.address, isOwn ? own : port, timeoutMs);
  return why === null ? { question, isGood: true, why: '' } : bad(why);
}

/** Whether it is the service's own port within the container, which is published under another number. */
async function hasPort(host: EngineHost, { id, digest }: Instance, port: number): Promise<boolean> {
  const filter = ['--filter', `label=${LABEL.digest}=${digest}`];
  const containers = await containersOf(host.docker, host.area, 'instance', filter);
  return containers.find((container) => container.id === id)?.release.port === port;
}

/** null: it was taken. */
function connection(host: string, port: number, timeoutMs: number): Promise<string | null> {
  const socket = connect({ host, port, timeout: timeoutMs });
  const { promise, resolve } = Promise.withResolvers<string | null>();
  socket.on('connect', () => resolve(null));
  socket.on('timeout', () => resolve(`no answer within ${timeoutMs} ms`));
  socket.on('error', (error) => resolve(error.message));
  return promise.finally(() => socket.destroy());
}
