import type { Change, Instance, Release, Target, TargetReply } from '../contract.ts';
import { awaitHealth } from './health.ts';
import { type Host, instanceOf, lookAt, placeOf } from './look.ts';
import { probedOf, refusal, replyOf } from './reply.ts';
import {
  changeFields,
  commandFields,
  digestProblem,
  environmentProblem,
  type PortRange,
  releaseFields,
  releaseProblem,
} from './request.ts';
import { Tally } from './tally.ts';
import { type FileTree, readTree } from './tree.ts';
import { watchHost } from './watch.ts';
import type { RequestFields } from './wire.ts';

export interface HostTargetOptions {
  readonly kind: 'process' | 'ssh';
  readonly sentence: string;
  readonly hosts: readonly Host[];
  readonly ports: PortRange | null;
  readonly keepReleases: number;
}

/** For questions that change nothing. */
const QUESTION_MS = 60_000;

/** A target whose hosts have agents; how these are reached is all that tells `process` from `ssh`. */
export function hostTarget({ kind, sentence, hosts, ports, keepReleases }: HostTargetOptions): Target {
  const tally = new Tally();
  const closing = new AbortController();

  const change = async (
    verb: string,
    { host: name, ...rest }: Change,
    problem: string | null,
    fields: RequestFields,
  ): Promise<TargetReply> => {
    const host = hosts.find((each) => each.name === name);
    if (host === undefined) return unknownHost(name);
    if (problem !== null) return refusal('invalid', problem);
    const all = [...changeFields({ host: name, ...rest }), ...fields];
    return replyOf(await host.agent.ask(verb, all, rest.timeoutMs));
  };

  const target: Target = {
    kind,
    sentence,
    hosts: hosts.map(({ name }) => name),
    install: async (asked, release) => {
      const host = hosts.find(({ name }) => name === asked.host);
      if (host === undefined) return unknownHost(asked.host);
      const problem = releaseProblem(release);
      if (problem !== null) return refusal('invalid', problem);
      const read = await treeOf(release);
      if ('problem' in read) return refusal('not-found', read.problem);
      return installOn(host, asked, [...changeFields(asked), ...releaseFields(release, ports)], read);
    },
    start: (asked, release) => change('start', asked, releaseProblem(release), releaseFields(release, ports)),
    stop: (asked, digest) => change('stop', asked, digestProblem(digest), [['digest', digest]]),
    remove: (asked, digest) =>
      change('remove', asked, digestProblem(digest), [
        ['digest', digest],
        ['keep', `${keepReleases}`],
      ]),
    run: (asked, command) => {
      const nul = command.run.includes('\0') ? 'a NUL stands in the command; remove it' : null;
      const problem = digestProblem(command.digest) ?? environmentProblem(command.environment) ?? nul;
      return change('run', asked, problem, commandFields(command));
    },
    probe: async (asked) => {
      const host = hosts.find(({ name }) => name === asked.host);
      if (host === undefined) return { found: 'not-done' };
      return probedOf(await host.agent.ask('probe', changeFields(asked), asked.timeoutMs));
    },
    instances: async (name) => {
      const host = hosts.find((each) => each.name === name);
      if (host === undefined) return [];
      const answer = await host.agent.ask('instances', [], QUESTION_MS);
      if (answer.outcome !== 'answered' || answer.last.reply !== 'done')
        throw new Error(
          `host ${name}: ${answer.outcome === 'answered' ? answer.last.reason : answer.reason}`,
        );
      return answer.records.map((record) => instanceOf(host, record));
    },
    health: async (instances, checks, timeoutMs) => {
      const lost = instances.find(({ host }) => !hosts.some(({ name }) => name === host));
      if (lost !== undefined || instances.length === 0)
        return {
          state: 'undecided',
          host: lost?.host ?? '',
          reason: 'there is no instance that could be asked',
        };
      const stopping = new AbortController();
      const signal = AbortSignal.any([stopping.signal, closing.signal]);
      const ends = byHost(hosts, instances).map(async ([host, those]) => {
        const end = await awaitHealth(placeOf(host), those, checks, timeoutMs, tally, signal);
        // One that is bad decides; nobody waits for the others.
        if (end.state === 'unhealthy') stopping.abort();
        return end;
      });
      const all = await Promise.all(ends);
      return (
        all.find(({ state }) => state === 'unhealthy') ??
        all.find(({ state }) => state === 'undecided') ?? { state: 'healthy' }
      );
    },
    watch: (digest, checks, onDown) => {
      const leaving = new AbortController();
      const signal = AbortSignal.any([leaving.signal, closing.signal]);
      for (const host of hosts) void watchHost(placeOf(host), digest, checks, tally, onDown, signal);
      return () => leaving.abort();
    },
    samples: async (digest) => {
      const looks = hosts.map((host) => lookAt(host, { ids: [], digest, questions: [], withUse: true }));
      for (const look of await Promise.all(looks)) if (look.outcome === 'seen') tally.read(look.sights);
      return tally.collect(digest);
    },
    drift: () => sentencesOf(hosts, (host) => host.agent.ask('drift', [], QUESTION_MS)),
    missing: async (release) => {
      const problem = releaseProblem(release);
      if (problem !== null) return [problem];
      const read = await treeOf(release);
      const fields: RequestFields = [
        ...releaseFields(release, ports),
        ['can_bring', 'problem' in read ? '' : '1'],
        ['bytes', `${'problem' in read ? 0 : read.bytes}`],
      ];
      return sentencesOf(hosts, (host) => host.agent.ask('missing', fields, QUESTION_MS));
    },
    close: async () => {
      closing.abort();
      await Promise.all(hosts.map(({ agent }) => agent.close()));
    },
  };
  return target;
}

/** Asks whether the files are there before they are brought. */
async function installOn(
  { agent }: Host,
  { timeoutMs }: Change,
  fields: RequestFields,
  tree: FileTree,
): Promise<TargetReply> {
  const untilMs = performance.now() + timeoutMs;
  const all = [...fields, ['manifest', tree.manifest], ['bytes', `${tree.bytes}`]] as const;
  const first = await agent.ask('install', all, timeoutMs);
  if (first.outcome !== 'answered' || first.last.reply !== 'bring') return replyOf(first);
  const leftMs = untilMs - performance.now();
  return replyOf(await agent.ask('install', [...all, ['brings', '1']], leftMs, tree.open()));
}

async function treeOf({ content }: Release): Promise<FileTree | { readonly problem: string }> {
  if (content.kind !== 'files') throw new Error('internal error: only files have a tree');
  try {
    return await readTree(content.folder);
  } catch (error) {
    const why = error instanceof Error ? error.message : `${error}`;
    return { problem: `the files of the release cannot be read: ${why}; build it again` };
  }
}

/** Asks every host, and puts its name before what it says. */
async function sentencesOf(
  hosts: readonly Host[],
  ask: (host: Host) => ReturnType<Host['agent']['ask']>,
): Promise<string[]> {
  const told = hosts.map(async (host) => {
    const answer = await ask(host);
    if (answer.outcome !== 'answered') return [`${host.name}: ${answer.reason}`];
    const sentences = answer.records.flatMap(({ sentence }) => (sentence === undefined ? [] : [sentence]));
    const { reply, reason } = answer.last;
    return [...sentences, ...(reply === 'done' ? [] : [reason ?? ''])].map((text) => `${host.name}: ${text}`);
  });
  return (await Promise.all(told)).flat();
}

function byHost(hosts: readonly Host[], instances: readonly Instance[]): [Host, Instance[]][] {
  return hosts.flatMap((host): [Host, Instance[]][] => {
    const those = instances.filter((instance) => instance.host === host.name);
    return those.length === 0 ? [] : [[host, those]];
  });
}

function unknownHost(name: string): TargetReply {
  return refusal(
    'not-found',
    `the target has no host ${JSON.stringify(name)}; name one of the environment's`,
  );
}
