import { setTimeout as delay } from 'node:timers/promises';

import type { HealthCheck } from '../../../pipeline/plan-health-check.ts';
import type { HealthEnd, Instance } from '../contract.ts';
import { CheckStreaks } from './check-streak.ts';
import type { Place, Sight } from './look.ts';
import { type Question, questionOf } from './question.ts';
import type { Tally } from './tally.ts';

/** At least so often it is looked whether the processes are alive. */
const LOOK_MS = 500;
/** Without a check, an instance that has run for so long is healthy. */
const UNCHECKED_MS = 1000;

/** Asks until all instances of a host are healthy, one is not, or the time is over. */
export async function awaitHealth(
  host: Place,
  instances: readonly Instance[],
  checks: readonly HealthCheck[],
  timeoutMs: number,
  tally: Tally,
  signal: AbortSignal,
): Promise<HealthEnd> {
  const beganMs = performance.now();
  const waiting = new Map(instances.map((instance) => [instance.id, new CheckStreaks(checks, false)]));
  let silence = '';
  while (waiting.size > 0) {
    const nowMs = performance.now();
    if (nowMs - beganMs >= timeoutMs || signal.aborted)
      return { state: 'undecided', host: host.name, reason: silence || openOf(waiting) };
    const asked = instances.filter(({ id }) => waiting.has(id));
    const questions = dueQuestions(asked, checks, waiting, nowMs);
    const look = await host.look({
      ids: asked.map(({ id }) => id),
      digest: asked[0]!.digest,
      questions,
      withUse: false,
    });
    silence = look.outcome === 'unseen' ? look.reason : '';
    if (look.outcome === 'seen') {
      const bad = look.sights.find(({ isDown }) => isDown);
      if (bad) return unhealthy(host, downReason(bad), bad);
      for (const { question, isGood, why } of look.answers) {
        tally.take(question.instance.digest, isGood);
        waiting.get(question.instance.id)?.record(question.check, nowMs, isGood, why);
      }
      for (const sight of look.sights) {
        const streaks = waiting.get(sight.instance.id)!;
        const { failure } = streaks;
        if (failure !== null) return unhealthy(host, failure, sight);
        const isProven = checks.length > 0 || performance.now() - beganMs >= UNCHECKED_MS;
        if (streaks.havePassed && sight.instance.isRunning && isProven) waiting.delete(sight.instance.id);
      }
    }
    const next = Math.min(LOOK_MS + nowMs, ...[...waiting.values()].map((streaks) => streaks.nextMs()));
    const leftMs = Math.min(next, beganMs + timeoutMs) - performance.now();
    if (waiting.size > 0 && leftMs > 0) await delay(leftMs);
  }
  return { state: 'healthy' };
}

/** The questions that are due, for instances that are still waited for. */
export function dueQuestions(
  instances: readonly Instance[],
  checks: readonly HealthCheck[],
  streaks: ReadonlyMap<string, CheckStreaks>,
  nowMs: number,
): Question[] {
  return instances.flatMap((instance) => {
    const due = streaks.get(instance.id)?.due(nowMs) ?? [];
    return due.map((index) => questionOf(instance, index, checks[index]!.ask, checks[index]!.timeoutMs));
  });
}

/** Why an instance is down. */
export function downReason({ instance, reason }: Sight): string {
  const what =
    reason === 'it is gone' ? reason : `it was started again three times within a minute: ${reason}`;
  return `the instance ${instance.id} is down: ${what}`;
}

function openOf(waiting: ReadonlyMap<string, CheckStreaks>): string {
  const [id, streaks] = [...waiting][0]!;
  const open = streaks.openNames;
  return open === ''
    ? `the instance ${id} does not run yet`
    : `the instance ${id} has not passed ${open} yet`;
}

function unhealthy(host: Place, reason: string, { tail }: Sight): HealthEnd {
  return { state: 'unhealthy', host: host.name, reason, tail };
}
