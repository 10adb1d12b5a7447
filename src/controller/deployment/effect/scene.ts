import type { JsonObject } from '../../../base/json.ts';
import type { EffectResult } from '../../../delivery/machine/result.ts';
import type { DeploymentState } from '../../../delivery/machine/state.ts';
import type { Effect } from '../../../delivery/machine/turn.ts';
import type { Version } from '../../../delivery/plan.ts';
import type { Change } from '../../../delivery/target/contract.ts';
import type { Surroundings } from '../contract.ts';

/** One effect with all that it takes to do it, or to ask what became of it. */
export interface Scene {
  readonly surroundings: Surroundings;
  /** When the effect was asked for. */
  readonly state: DeploymentState;
  readonly effect: Effect;
  /** Of each call. */
  readonly timeoutMs: number;
  /** false: the effect is not waited for any more, so nothing further is begun for it. */
  isCurrent(): boolean;
}

export type Answer = Pick<EffectResult, 'outcome' | 'reason' | 'outputs' | 'isFinal' | 'isRefused'>;

export const done = (outputs: JsonObject = {}, reason: string | null = null): Answer => ({
  outcome: 'done',
  reason,
  outputs,
});
export const skipped = (reason: string): Answer => ({ outcome: 'skipped', reason, outputs: {} });
export const failed = (reason: string, isFinal = false): Answer => ({
  outcome: 'failed',
  reason,
  outputs: {},
  isFinal,
});
export const unknown = (reason: string): Answer => ({ outcome: 'unknown', reason, outputs: {} });

/** The digest of a version; null: there is no stable one. */
export function digestFor({ state: { request } }: Scene, version: Version): string | null {
  return version === 'candidate' ? request.candidate : request.stable;
}

/** A change of one host under the effect's key. `what` tells several changes of one host apart. */
export function changeOf({ effect, timeoutMs }: Scene, host: string, what: string): Change {
  const { key, token, order } = effect;
  return { key: `${key}/${what}/${host}`, fence: { token, order }, host, timeoutMs };
}

/** So many hosts are asked at the same time. */
const HOSTS_AT_ONCE = 16;

/** The same for each host, several at a time; the answers in the order of the hosts. */
export async function onHosts<T>(hosts: readonly string[], act: (host: string) => Promise<T>): Promise<T[]> {
  const answers: T[] = [];
  let next = 0;
  const work = async () => {
    for (let index = next++; index < hosts.length; index = next++) answers[index] = await act(hosts[index]!);
  };
  await Promise.all(Array.from({ length: Math.min(HOSTS_AT_ONCE, hosts.length) }, work));
  return answers;
}

/** Answers of several hosts as one: what is not known must be asked about first, then what failed counts. */
export function together(answers: readonly Answer[]): Answer {
  for (const outcome of ['unknown', 'failed'] as const) {
    const found = answers.filter((answer) => answer.outcome === outcome);
    if (found.length > 0)
      return {
        outcome,
        reason: found.map(({ reason }) => reason).join('; '),
        outputs: {},
        isFinal: found.every(({ isFinal }) => isFinal === true),
        isRefused: found.every(({ isRefused }) => isRefused === true),
      };
  }
  const reasons = answers.flatMap(({ reason }) => reason ?? []);
  return done({}, reasons.length > 0 ? reasons.join('; ') : null);
}
