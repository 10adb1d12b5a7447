import type { Dispersion } from '../../delivery/analysis/dispersion.ts';
import { DISPERSION_START, learnDispersion } from '../../delivery/analysis/dispersion.ts';
import type { TwoArms } from '../../delivery/analysis/ratio-test.ts';
import { QUANTILES, type VersionCounts, type Window } from '../../delivery/analysis/window.ts';
import type { ObservedFacts } from '../../delivery/release-request.ts';
import type { Router, VersionTally } from '../../delivery/router/contract.ts';
import type { DeploymentEvent } from '../../journal/deployment-event.ts';
import type { KnownDeployment } from './past.ts';
import type { Places } from './rooms.ts';

/** A version that is asked how it is has so long to answer. */
const HEALTH_TIMEOUT_MS = 5000;

type Timings = Pick<ObservedFacts, 'startMs' | 'healthyMs'>;

/** What starting and becoming healthy took in the last deployment that got there; null where none did. */
export function timingsOf(history: readonly KnownDeployment[]): Timings {
  for (const { events } of history.toReversed()) {
    const startMs = slowest(events, 'start');
    const healthyMs = slowest(events, 'await-healthy');
    if (startMs !== null && healthyMs !== null) return { startMs, healthyMs };
  }
  return { startMs: null, healthyMs: null };
}

function slowest(events: KnownDeployment['events'], action: string): number | null {
  const times = events.flatMap(({ body }) =>
    body.type === 'deployment.step-finished' &&
    body.way === 'forth' &&
    body.outcome === 'done' &&
    body.step.endsWith(`-${action}`)
      ? [body.durationMs]
      : [],
  );
  return times.length === 0 ? null : Math.max(1, ...times);
}

/**
 * How much more errors and slow requests spread than chance alone would have it: learnt from windows of the stable version in earlier
 * deployments. Two windows of it that follow each other are the same version twice.
 */
export function dispersionOf(history: readonly KnownDeployment[]): Readonly<Record<string, Dispersion>> {
  const known = new Map<string, Dispersion>();
  for (const { events } of history) {
    const windows = events.flatMap(({ body }) => windowOf(body));
    for (let index = 1; index < windows.length; index += 2) {
      const [before, after] = [windows[index - 1]!, windows[index]!];
      for (const [metric, arms] of Object.entries(armsOf(before, after)))
        known.set(metric, learnDispersion(known.get(metric) ?? DISPERSION_START, arms));
    }
  }
  return Object.fromEntries(known);
}

/**
 * What is counted of requests, by metric. Readings of health, resources and the user's own metrics depend on those before them, which
 * windows that follow each other do not show: nothing is learnt of these.
 */
function armsOf(before: VersionCounts, after: VersionCounts): Readonly<Record<string, TwoArms>> {
  const arms: Record<string, TwoArms> = {};
  const add = (
    metric: string,
    countsOf: (counts: VersionCounts) => { taken: number; bad: number } | null,
  ) => {
    const [baseline, canary] = [countsOf(before), countsOf(after)];
    if (baseline === null || canary === null) return;
    arms[metric] = {
      canaryTrials: canary.taken,
      canaryHits: canary.bad,
      baselineTrials: baseline.taken,
      baselineHits: baseline.bad,
    };
  };
  add('errors', ({ requests, errors }) => ({ taken: requests, bad: errors }));
  for (const quantile of QUANTILES)
    add(quantile, ({ requests, exceed }) => (exceed ? { taken: requests, bad: exceed[quantile] } : null));
  add('p95', ({ samples }) => samples?.p95 ?? null);
  return arms;
}

function windowOf(body: DeploymentEvent): VersionCounts[] {
  if (body.type !== 'deployment.observed' || body.window === null) return [];
  const { baseline } = body.window as unknown as Window;
  return baseline.requests > 0 ? [baseline] : [];
}

/** Requests a second and the part of them that failed, of all versions together, as the router saw them lately. */
export async function trafficOf(
  router: Router | null,
): Promise<Pick<ObservedFacts, 'requestsPerSecond' | 'errorRate'>> {
  const nothing = { requestsPerSecond: null, errorRate: null };
  const counts = await router?.observe();
  if (counts?.outcome !== 'known') return nothing;
  const tallies: readonly VersionTally[] = Object.values(counts.versions);
  const seconds = tallies.flatMap((tally) => tally.seconds);
  const requests = seconds.reduce((sum, one) => sum + one.requests, 0);
  if (requests === 0) return nothing;
  const moments = seconds.map(({ second }) => second);
  const span = Math.max(...moments) - Math.min(...moments) + 1;
  const errors = seconds.reduce((sum, one) => sum + one.errors, 0);
  return { requestsPerSecond: requests / span, errorRate: errors / requests };
}

/**
 * Whether the version that serves is well: it runs on every host that there is, and its health checks do not fail. A host that cannot be
 * asked says nothing against it.
 */
export async function isHealthy(places: Places, digest: string, checks: HealthChecks): Promise<boolean> {
  const { target } = places;
  const perHost = await Promise.all(target.hosts.map((host) => target.instances(host).catch(() => null)));
  const asked = perHost.filter((instances) => instances !== null);
  const own = asked.map((instances) => instances.filter((one) => one.digest === digest));
  if (asked.length === 0) return true;
  if (own.some((instances) => !instances.some(({ isRunning }) => isRunning))) return false;
  // A check that asks by a template is asked while a deployment goes on.
  const plain = checks.filter(
    ({ ask }) => !Object.values(ask).some((value) => typeof value === 'string' && value.includes('${{')),
  );
  const end = await target.health(own.flat(), plain, HEALTH_TIMEOUT_MS);
  return end.state !== 'unhealthy';
}

type HealthChecks = Parameters<Places['target']['health']>[1];
