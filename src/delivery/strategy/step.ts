import { unreachable } from '../../base/unreachable.ts';
import type { DeployCommand } from '../../pipeline/plan-environment.ts';
import type { CommandPurpose, DeploymentStep, StepAction, Version } from '../plan.ts';
import { COMMAND_TIMEOUT_DEFAULT_MS } from './default.ts';
import type { Settled } from './resolve.ts';

/** Writing a weight into a router takes milliseconds; nginx reloads. */
const ROUTE_MS = 1000;
const ROUTE_TIMEOUT_MS = 10_000;
const LOOK_MS = 2000;
const COMMAND_MS = 10_000;
const STOP_MS = 2000;
const TIMEOUT_MIN_MS = 60_000;
/** A host that becomes healthy four times more slowly than before has failed. */
const SLOWNESS_MAX = 4;
const RETRIES = 3;
/** Beyond its attempts a step may take so long: waiting between them, and asking what became of them. */
const SPARE_MS = 30_000;

/** A step before it has a name and its times. */
export interface Draft {
  readonly title: string;
  readonly action: StepAction;
  readonly onFailure?: 'note';
  /** Of one attempt; not said: by what it does. */
  readonly timeoutMs?: number | null;
}

/** How patient the steps of one list are. null: by what they do. */
export interface Patience {
  readonly timeoutMs: number | null;
  readonly retries: number | null;
}

/** Starting a version on hosts and waiting until it is healthy there. */
export function startDrafts(version: Version, hosts: readonly string[], failuresMax = 0): Draft[] {
  return [
    {
      title: `start the ${version} version on ${where(hosts)}`,
      action: { type: 'start', version, hosts },
    },
    healthyDraft(version, hosts, failuresMax),
  ];
}

export function healthyDraft(version: Version, hosts: readonly string[], failuresMax = 0): Draft {
  return {
    title: `wait until the ${version} version is healthy on ${where(hosts)}`,
    action: { type: 'await-healthy', version, hosts, failuresMax },
  };
}

export function weightDraft(candidatePercent: number): Draft {
  const title =
    candidatePercent === 0
      ? 'all traffic to the stable version'
      : `${candidatePercent} % of the traffic to the candidate version`;
  return { title, action: { type: 'set-weight', candidatePercent } };
}

/** Taking a version away: its requests may end first. That it stays is shown, and stops nobody. */
export function stopDrafts(version: Version, hosts: readonly string[], onFailure?: 'note'): Draft[] {
  const rest = onFailure ? { onFailure } : {};
  return [
    { title: `let requests of the ${version} version end`, action: { type: 'drain', version }, ...rest },
    {
      title: `stop the ${version} version on ${where(hosts)}`,
      action: { type: 'stop', version, hosts },
      ...rest,
    },
  ];
}

const PURPOSES: Readonly<Record<CommandPurpose, string>> = {
  'before-hook': 'hook before',
  'after-hook': 'hook after',
  'smoke-test': 'smoke test',
  'migration-up': 'change the data',
  'migration-down': 'take the change of the data back',
};

export function commandDraft(
  purpose: CommandPurpose,
  command: Pick<DeployCommand, 'name' | 'run' | 'timeoutMs'>,
  onFailure?: 'note',
): Draft {
  const { name, run, timeoutMs } = command;
  return {
    title: `${PURPOSES[purpose]}: ${name}`,
    action: { type: 'command', purpose, name, run, version: 'candidate' },
    timeoutMs: timeoutMs ?? COMMAND_TIMEOUT_DEFAULT_MS,
    ...(onFailure ? { onFailure } : {}),
  };
}

/** Drafts as steps: with ids that begin with `prefix`, expected times, deadlines and retries. */
export function finishSteps(
  prefix: string,
  drafts: readonly Draft[],
  settled: Settled,
  patience: Patience = { timeoutMs: null, retries: null },
): DeploymentStep[] {
  return drafts.map(({ title, action, onFailure, timeoutMs: own }, index) => {
    const expectedMs = expected(action, settled);
    const isWatched = action.type === 'observe' || action.type === 'bake';
    const timeoutMs = patience.timeoutMs ?? own ?? timeout(action, expectedMs);
    const retries = retriesOf(action, patience.retries);
    return {
      id: `${prefix}-${index + 1}-${action.type}`,
      title,
      action,
      expectedMs: isWatched ? expectedMs : Math.min(expectedMs, timeoutMs),
      timeoutMs,
      // What is watched may be held for as long again; then its policy decides.
      deadlineMs: isWatched
        ? Math.max(2 * expectedMs, expectedMs + SPARE_MS)
        : (retries + 1) * (timeoutMs + RETRY_MAX_MS) + SPARE_MS,
      retries,
      onFailure: onFailure ?? 'rollback',
    };
  });
}

/** The longest time between two attempts. */
const RETRY_MAX_MS = 10_000;

/** How long is waited before the attempt after this one. */
export function retryAfterMs(attempt: number): number {
  return Math.min(RETRY_MAX_MS, 500 * 2 ** Math.min(10, attempt));
}

/** A slow answer on the way back is asked again, but not for so long that a dead version holds it up. */
const HEALTH_RETRIES_MAX = 3;

/** A command is never repeated by itself: nobody knows whether it may. Health forth was waited for already. */
function retriesOf(action: StepAction, given: number | null): number {
  const { type } = action;
  if (type === 'command' || type === 'observe' || type === 'bake') return 0;
  if (type === 'await-healthy') return Math.min(HEALTH_RETRIES_MAX, given ?? 0);
  return given ?? RETRIES;
}

function where(hosts: readonly string[]): string {
  return hosts.length === 1 ? hosts[0]! : `${hosts.length} hosts`;
}

function timeout(action: StepAction, expectedMs: number): number {
  if (action.type === 'set-weight') return ROUTE_TIMEOUT_MS;
  if (action.type === 'observe' || action.type === 'bake') return expectedMs;
  return Math.max(TIMEOUT_MIN_MS, SLOWNESS_MAX * expectedMs);
}

function expected(action: StepAction, settled: Settled): number {
  switch (action.type) {
    case 'check-way-back':
    case 'freeze-quantiles':
      return LOOK_MS;
    case 'command':
      return COMMAND_MS;
    case 'start':
      return settled.startMs;
    case 'await-healthy':
      return settled.healthyMs;
    case 'set-weight':
      return ROUTE_MS;
    case 'observe':
    case 'bake':
      return action.durationMs;
    case 'drain':
      return settled.drainMs;
    case 'stop':
      return STOP_MS;
    default:
      return unreachable(action, 'every step has an expected time');
  }
}
