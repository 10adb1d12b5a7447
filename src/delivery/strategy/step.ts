import type { DeploymentStep, ReleaseRequest, StepAction, Version } from '../plan.ts';

/** Writing a weight into a router; the call itself takes milliseconds. */
const ROUTE_MS = 1000;
const STOP_MS = 2000;
const DEADLINE_MIN_MS = 30_000;
/** A host that becomes healthy four times more slowly than before has failed. */
const SLOWNESS_MAX = 4;
const RETRIES = 3;

/** A step before it has a name and its times. */
export interface Draft {
  readonly title: string;
  readonly action: StepAction;
}

/** Starting a version on hosts and waiting until it is healthy there. */
export function startDrafts(version: Version, hosts: readonly string[], failuresMax = 0): Draft[] {
  const where = hosts.length === 1 ? hosts[0]! : `${hosts.length} hosts`;
  return [
    { title: `start the ${version} version on ${where}`, action: { type: 'start', version, hosts } },
    {
      title: `wait until it is healthy on ${where}`,
      action: { type: 'await-healthy', version, hosts, failuresMax },
    },
  ];
}

export function weightDraft(candidatePercent: number): Draft {
  const title =
    candidatePercent === 0
      ? 'all traffic to the stable version'
      : `${candidatePercent} % of the traffic to the candidate version`;
  return { title, action: { type: 'set-weight', candidatePercent } };
}

/** Taking a version away: its requests may end first. */
export function stopDrafts(version: Version, hosts: readonly string[]): Draft[] {
  return [
    { title: `let requests of the ${version} version end`, action: { type: 'drain', version } },
    { title: `stop the ${version} version`, action: { type: 'stop', version, hosts } },
  ];
}

/** Drafts as steps: with ids that begin with `prefix`, expected times, deadlines and retries. */
export function finishSteps(
  prefix: string,
  drafts: readonly Draft[],
  request: ReleaseRequest,
): DeploymentStep[] {
  return drafts.map(({ title, action }, index) => {
    const expectedMs = expected(action, request);
    const isWatched = action.type === 'observe' || action.type === 'bake';
    return {
      id: `${prefix}-${index + 1}-${action.type}`,
      title,
      action,
      expectedMs,
      // An observation may be held for as long again; then its policy decides.
      deadlineMs: Math.max(
        DEADLINE_MIN_MS,
        isWatched ? 2 * expectedMs : 0,
        SLOWNESS_MAX * effort(action, expectedMs),
      ),
      retries: action.type === 'await-healthy' || isWatched ? 0 : RETRIES,
    };
  });
}

/** What of a step's time is work, not watching. */
function effort(action: StepAction, expectedMs: number): number {
  return action.type === 'observe' || action.type === 'bake' ? 0 : expectedMs;
}

function expected(action: StepAction, request: ReleaseRequest): number {
  switch (action.type) {
    case 'start':
      return request.startMs;
    case 'await-healthy':
      return request.healthyMs;
    case 'set-weight':
      return ROUTE_MS;
    case 'observe':
    case 'bake':
      return action.durationMs;
    case 'drain':
      return request.drainMs;
    case 'stop':
      return STOP_MS;
  }
}
