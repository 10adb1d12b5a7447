import { canonicalJson } from '../../../base/json.ts';
import type { DeploymentState } from '../../../delivery/machine/state.ts';
import type { Version } from '../../../delivery/plan.ts';
import type { Backend, Router, Traffic, VersionTraffic } from '../../../delivery/router/contract.ts';
import { unhealthyHosts } from './health.ts';
import { countedThresholds } from './latency.ts';
import { type Found, notDone } from './on-target.ts';
import type { ActionOf } from './perform.ts';
import { type Answer, digestFor, done, failed, onHosts, type Scene, skipped, unknown } from './scene.ts';

/** The cookie by which a visitor stays on a version. */
const STAY_COOKIE = 'sluice-version';

const NO_ROUTER = 'no router stands before the service';

/** Tells the router the whole truth: both versions with their weights, and where their instances answer just now. */
export async function setWeight(scene: Scene, action: ActionOf<'set-weight'>): Promise<Answer> {
  const { router } = scene.surroundings;
  if (router === null) return skipped(`${NO_ROUTER}: it is a share of the hosts`);
  const traffic = await trafficOf(scene, action.candidatePercent);
  const silent = traffic.versions.find(
    ({ weightPercent, backends }) => weightPercent > 0 && backends.length === 0,
  );
  if (silent)
    // Asking again brings nothing back to life.
    return failed(
      `${silent.version} is to get ${silent.weightPercent} %, but no instance of it listens`,
      true,
    );
  if (!scene.isCurrent()) return unknown('it was not waited for any more');
  const { token, order } = scene.effect;
  const reply = await router.setWeights({ token, order }, traffic);
  switch (reply.outcome) {
    case 'done':
      return done({}, reply.warning);
    case 'refused':
      return failed(`the router refuses: ${reply.reason}`, true);
    case 'unknown':
      return unknown(reply.reason);
  }
}

/** Whether the router has exactly what it would be told now. Telling it again is harmless, so anything else is not done. */
export async function probeWeight(scene: Scene, action: ActionOf<'set-weight'>): Promise<Found> {
  const { router } = scene.surroundings;
  if (router === null) return notDone;
  const state = await router.state();
  if (state.outcome === 'unknown') return { found: 'unknown', reason: state.reason, outputs: {} };
  const wanted = await trafficOf(scene, action.candidatePercent);
  const isSo = state.traffic !== null && canonicalJson(state.traffic) === canonicalJson(wanted);
  return isSo ? { found: 'done', reason: null, outputs: {} } : notDone;
}

/** Lets the requests of a version end. It has no weight any more. */
export async function drainVersion(scene: Scene, { version }: ActionOf<'drain'>): Promise<Answer> {
  const { router, release } = scene.surroundings;
  const digest = digestFor(scene, version);
  if (router === null || digest === null) return skipped(NO_ROUTER);
  if (hasTraffic(scene.state, version)) return skipped('it keeps its traffic until it is stopped');
  const { drainMs } = await release(digest);
  if (!scene.isCurrent()) return unknown('it was not waited for any more');
  return drainFrom(router, scene, digest, Math.min(drainMs, scene.timeoutMs));
}

/** Whether the router sends a version some of the traffic. */
export function hasTraffic({ candidatePercent }: DeploymentState, version: Version): boolean {
  return version === 'candidate' ? candidatePercent > 0 : candidatePercent < 100;
}

async function drainFrom(router: Router, scene: Scene, digest: string, deadlineMs: number): Promise<Answer> {
  const { token, order } = scene.effect;
  const reply = await router.drain({ token, order }, digest, deadlineMs);
  switch (reply.outcome) {
    case 'done':
      return done({}, reply.open > 0 ? `${reply.open} requests are open still after ${deadlineMs} ms` : null);
    case 'refused':
      return failed(`the router refuses: ${reply.reason}`, true);
    case 'unknown':
      return unknown(reply.reason);
  }
}

async function trafficOf(scene: Scene, candidatePercent: number): Promise<Traffic> {
  const { state } = scene;
  const { candidate, stable } = state.request;
  const candidates = await backendsOf(scene, 'candidate');
  const versions: VersionTraffic[] = [
    // Visitors that stay keep to this order.
    { version: candidate, weightPercent: candidatePercent, backends: candidates, standby: false },
  ];
  if (stable !== null)
    versions.push({
      version: stable,
      // 100 - 8.33 is not 91.67 in binary.
      weightPercent: Math.round((100 - candidatePercent) * 100) / 100,
      backends: await backendsOf(scene, 'stable'),
      standby: true,
    });
  const isForth = state.route === null;
  const isMatched = isForth && stable !== null && candidates.length > 0 && candidatePercent < 100;
  return {
    versions,
    rules: isMatched ? state.plan.routing.match.map((match) => ({ ...match, version: candidate })) : [],
    stickiness: state.plan.routing.sticky ? { by: 'cookie', name: STAY_COOKIE } : null,
    thresholdsMs: countedThresholds(state.plan, state.outputs),
  };
}

/** Where the instances of a version answer, in an order that does not change by itself. */
async function backendsOf(scene: Scene, version: Version): Promise<readonly Backend[]> {
  const { target } = scene.surroundings;
  const { plan, route, outputs } = scene.state;
  const left = unhealthyHosts(outputs, version);
  const isPart = route === 'part';
  const hosts = target.hosts.filter(
    (host) =>
      !left.includes(host) &&
      // Some hosts go back, the others keep the candidate.
      (!isPart || plan.wayBack.only.includes(host) === (version === 'stable')),
  );
  const digest = digestFor(scene, version);
  const instances = (await onHosts(hosts, (host) => target.instances(host))).flat();
  return instances
    .filter((one) => one.digest === digest && one.isRunning)
    .flatMap(({ address }) => (address === null ? [] : [backendOf(address)]))
    .sort((one, other) => (one.host === other.host ? one.port - other.port : one.host < other.host ? -1 : 1));
}

/** `host:port`, `[::1]:port`. */
function backendOf(address: string): Backend {
  const at = address.lastIndexOf(':');
  return { host: address.slice(0, at).replace(/^\[|\]$/g, ''), port: Number(address.slice(at + 1)) };
}
