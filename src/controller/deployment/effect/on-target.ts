import type { ProbeResult } from '../../../delivery/machine/result.ts';
import type { CommandEnd, Probed, Release, TargetReply } from '../../../delivery/target/contract.ts';
import { hasTraffic } from './on-router.ts';
import type { ActionOf } from './perform.ts';
import {
  type Answer,
  changeOf,
  digestFor,
  done,
  failed,
  onHosts,
  type Scene,
  together,
  unknown,
} from './scene.ts';

/** What the world shows of an effect. */
export type Found = Pick<ProbeResult, 'found' | 'reason' | 'outputs'>;

export const notDone: Found = { found: 'not-done', reason: null, outputs: {} };

/** Brings the release to each host and starts it there. What runs already is left alone: a further attempt must not double it. */
export async function startVersion(scene: Scene, { version, hosts }: ActionOf<'start'>): Promise<Answer> {
  const release = await scene.surroundings.release(digestFor(scene, version)!);
  return together(await onHosts(hosts, (host) => startOn(scene, release, host)));
}

async function startOn(scene: Scene, release: Release, host: string): Promise<Answer> {
  const { target } = scene.surroundings;
  const running = await target.instances(host);
  const wanted = release.resources.replicas ?? 1;
  const count = running.filter(({ digest, isRunning }) => isRunning && digest === release.digest).length;
  if (count >= wanted) return done({}, `${host}: it runs there already`);
  const installed = answerOf(host, await target.install(changeOf(scene, host, 'install'), release));
  if (installed.outcome !== 'done') return installed;
  if (!scene.isCurrent()) return unknown(`${host}: it was not waited for any more`);
  return answerOf(host, await target.start(changeOf(scene, host, 'start'), release));
}

/** A version that has its requests no more ends on each host. The router forgets it when it is gone everywhere. */
export async function stopVersion(scene: Scene, { version, hosts }: ActionOf<'stop'>): Promise<Answer> {
  const { target, router } = scene.surroundings;
  const digest = digestFor(scene, version);
  if (digest === null) return done();
  const stopped = together(
    await onHosts(hosts, async (host) =>
      answerOf(host, await target.stop(changeOf(scene, host, 'stop'), digest)),
    ),
  );
  const isEverywhere = target.hosts.every((host) => hosts.includes(host));
  const isLast = isEverywhere && !hasTraffic(scene.state, version);
  if (stopped.outcome !== 'done' || router === null || !isLast || !scene.isCurrent()) return stopped;
  const { token, order } = scene.effect;
  const removed = await router.remove({ token, order }, digest);
  // It serves nobody any more; a router that keeps its name does no harm.
  return removed.outcome === 'done' ? stopped : done({}, `the router still names it: ${removed.reason}`);
}

/** Once for the whole deployment, on the first host, in the release's own files. */
export async function runCommand(scene: Scene, { run, version }: ActionOf<'command'>): Promise<Answer> {
  const { target, release: releaseOf, template } = scene.surroundings;
  const host = target.hosts[0]!;
  const release = await releaseOf(digestFor(scene, version)!);
  const installed = answerOf(host, await target.install(changeOf(scene, host, 'install'), release));
  if (installed.outcome !== 'done') return installed;
  const instance = (await target.instances(host)).find(
    ({ digest, isRunning }) => isRunning && digest === release.digest,
  );
  const text = template(run, version, instance ?? null);
  if (!scene.isCurrent()) return unknown('it was not waited for any more');
  const { environment, digest } = release;
  return answerOf(host, await target.run(changeOf(scene, host, 'run'), { run: text, digest, environment }));
}

/** Why a host refuses for reasons of its own. What fails there, or is invalid, may be the release's doing. */
const PLACE_CAUSES: readonly Extract<TargetReply, { outcome: 'refused' }>['cause'][] = [
  'older-fence',
  'no-room',
];

function answerOf(host: string, reply: TargetReply): Answer {
  switch (reply.outcome) {
    case 'done':
      return reply.end === null ? done() : endAnswer(reply.end);
    case 'refused':
      // A host that has no room now, or failed, may do it the next time; for the others nothing will change.
      return {
        ...failed(`${host}: ${reply.reason}`, reply.cause !== 'failed' && reply.cause !== 'no-room'),
        isRefused: PLACE_CAUSES.includes(reply.cause),
      };
    case 'unknown':
      return unknown(`${host}: ${reply.reason}`);
  }
}

function endAnswer({ code, tail }: CommandEnd): Answer {
  const outputs = { code, tail };
  if (code === 0) return done(outputs);
  const last = tail.findLast((line) => line.trim() !== '');
  return { outcome: 'failed', reason: `it ended with ${code}${last ? `: ${last}` : ''}`, outputs };
}

/** What became of a change that each of these hosts was asked for. */
export async function probeHosts(scene: Scene, hosts: readonly string[], what: string): Promise<Found> {
  const { target } = scene.surroundings;
  const all = await onHosts(hosts, async (host) =>
    foundOf(host, await target.probe(changeOf(scene, host, what))),
  );
  for (const found of ['unknown', 'failed', 'not-done'] as const) {
    const some = all.filter((one) => one.found === found);
    const reasons = some.flatMap(({ reason }) => reason ?? []);
    if (some.length > 0)
      return { found, reason: reasons.length > 0 ? reasons.join('; ') : null, outputs: {} };
  }
  return all.length === 1 ? all[0]! : { found: 'done', reason: null, outputs: {} };
}

function foundOf(host: string, probed: Probed): Found {
  switch (probed.found) {
    case 'done': {
      const answer = probed.end === null ? done() : endAnswer(probed.end);
      return {
        found: answer.outcome === 'done' ? 'done' : 'failed',
        reason: answer.reason,
        outputs: answer.outputs,
      };
    }
    case 'not-done':
      return notDone;
    default:
      return { found: probed.found, reason: `${host}: ${probed.reason}`, outputs: {} };
  }
}
