import { setTimeout as delay } from 'node:timers/promises';

import type { HealthCheck } from '../../../pipeline/plan-health-check.ts';
import type { Down, Instance } from '../contract.ts';
import { CheckStreaks } from './check-streak.ts';
import { downReason, dueQuestions } from './health.ts';
import type { Place, Sight } from './look.ts';
import type { Tally } from './tally.ts';

/** At least so often it is looked whether the processes are alive. */
const LOOK_MS = 1000;

/**
 * Looks at the instances of a digest on one host until `signal`, counts, and tells each that is down once. A host that does not answer
 * tells nothing: no data is neither health nor harm.
 */
export async function watchHost(
  host: Place,
  digest: string,
  checks: readonly HealthCheck[],
  tally: Tally,
  onDown: (down: Down) => void,
  signal: AbortSignal,
): Promise<void> {
  const known = new Map<string, Instance>();
  const streaks = new Map<string, CheckStreaks>();
  const told = new Set<string>();
  const tell = ({ instance, tail }: Sight, reason: string) => {
    if (told.has(instance.id)) return;
    told.add(instance.id);
    onDown({ host: host.name, reason, tail });
  };
  while (!signal.aborted) {
    const nowMs = performance.now();
    const questions = dueQuestions([...known.values()], checks, streaks, nowMs);
    const look = await host.look({ ids: [], digest, questions, withUse: true });
    if (signal.aborted) return;
    if (look.outcome === 'seen') {
      tally.read(look.sights);
      for (const { question, isGood, why } of look.answers) {
        tally.take(digest, isGood);
        streaks.get(question.instance.id)?.record(question.check, nowMs, isGood, why);
      }
      for (const sight of look.sights) {
        const { id } = sight.instance;
        known.set(id, sight.instance);
        if (!streaks.has(id)) streaks.set(id, new CheckStreaks(checks, true));
        const failure = sight.isDown ? downReason(sight) : streaks.get(id)!.failure;
        if (failure !== null) tell(sight, failure);
      }
      for (const instance of known.values()) {
        if (look.sights.some((sight) => sight.instance.id === instance.id)) continue;
        known.delete(instance.id);
        streaks.delete(instance.id);
        const gone = { instance, isDown: true, reason: 'it is gone', tail: [], use: null };
        tell(gone, downReason(gone));
      }
    }
    const next = Math.min(LOOK_MS + nowMs, ...[...streaks.values()].map((each) => each.nextMs()));
    await delay(Math.max(20, next - performance.now()), undefined, { signal }).catch(() => {});
  }
}
