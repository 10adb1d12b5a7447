import { type Dispersion, isLearnt, LEARNT_WINDOWS_MIN } from '../analysis/dispersion.ts';
import type { Trigger } from '../analysis/policy.ts';
import { QUANTILES } from '../analysis/window.ts';

/** What is counted of requests, so that earlier windows teach how much it comes in bursts; in the words of notes. */
const COUNTED: Readonly<Record<string, readonly string[]>> = {
  errors: ['errors'],
  'slow requests': [...QUANTILES, 'p95'],
};

/**
 * What a plan says of bursts, by which its test is chosen: evidence divided by what was learnt of them, or the sign test beside it. Each
 * a sentence without a full stop.
 */
export function burstNotes(
  triggers: readonly Trigger[],
  dispersion: Readonly<Record<string, Dispersion>>,
): string[] {
  const judged = triggers.filter(({ kind }) => kind !== 'per-window');
  const metrics = new Set(judged.flatMap(metricsOf));
  const said: string[] = [];
  for (const [word, all] of Object.entries(COUNTED)) {
    const own = all.filter((metric) => metrics.has(metric));
    if (own.length === 0) continue;
    const windows = Math.min(...own.map((metric) => dispersion[metric]?.windows ?? 0));
    said.push(
      own.every((metric) => isLearnt(dispersion[metric]))
        ? `how much ${word} come in bursts was learnt from ${windows} windows: evidence is divided by it`
        : `how much ${word} come in bursts is not learnt yet (${windows} of ${LEARNT_WINDOWS_MIN} windows): harm also needs the sign test to agree`,
    );
  }
  const counted = Object.values(COUNTED).flat();
  const others = judged.filter((trigger) => !metricsOf(trigger).some((metric) => counted.includes(metric)));
  if (others.length > 0) {
    const names = others.map(({ name }) => name).join(', ');
    said.push(
      `${names}: one reading depends on the one before, so the sign test, which counts intervals, must agree`,
    );
  }
  return said;
}

function metricsOf(trigger: Trigger): readonly string[] {
  return trigger.kind === 'latency' ? QUANTILES : [trigger.metric];
}
