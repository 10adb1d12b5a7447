import { DISPERSION_START, type Dispersion, learnDispersion } from './dispersion.ts';
import { beginJudging, type Judgement, judge } from './judge.ts';
import type { Policy } from './policy.ts';
import { armsOf } from './trigger-state.ts';
import { findWindowProblems, QUANTILES, timeOf, type Window, type WindowProblem } from './window.ts';

/** A problem of a recorded window. `index` is null for a problem of the whole recording. */
export interface RecordingProblem extends WindowProblem {
  readonly index: number | null;
}

/** So many problems tell what is wrong with a file; a thousand more would only hide them. */
const PROBLEMS_MAX = 20;

/**
 * Takes what a file held for recorded windows, or names every problem. Windows stand in the order of their time, each later than
 * the one before.
 */
export function readRecording(
  value: unknown,
):
  | { readonly ok: true; readonly windows: readonly Window[] }
  | { readonly ok: false; readonly problems: readonly RecordingProblem[]; readonly more: number } {
  const whole = (message: string) =>
    ({ ok: false, problems: [{ index: null, path: '', message }], more: 0 }) as const;
  if (!Array.isArray(value)) return whole('holds no array of windows');
  if (value.length === 0) return whole('holds no window, so there is nothing to judge');
  const problems: RecordingProblem[] = [];
  let lastMs = Number.NEGATIVE_INFINITY;
  for (const [index, window] of value.entries()) {
    problems.push(...findWindowProblems(window).map((problem) => ({ ...problem, index })));
    const atMs = timeOf(window?.at);
    if (atMs === null) continue;
    if (atMs <= lastMs) {
      const message = `is ${atMs === lastMs ? 'the same time as' : 'earlier than'} that of the window before`;
      problems.push({ index, path: 'at', message });
    }
    lastMs = Math.max(lastMs, atMs);
  }
  if (problems.length === 0) return { ok: true, windows: value as Window[] };
  return {
    ok: false,
    problems: problems.slice(0, PROBLEMS_MAX),
    more: Math.max(0, problems.length - PROBLEMS_MAX),
  };
}

/** The judgement after each window. What is judged here is judged the same way when it is live. */
export function replay(policy: Policy, windows: readonly Window[]): Judgement[] {
  let state = beginJudging(policy);
  return windows.map((window) => {
    const judgement = judge(state, window);
    state = judgement.state;
    return judgement;
  });
}

/** What windows teach in which both versions were the same, by metric: errors, latency and every metric of their samples. */
export function learnFrom(windows: readonly Window[]): Readonly<Record<string, Dispersion>> {
  const known = new Map<string, Dispersion>();
  for (const window of windows) {
    const metrics = ['errors', ...QUANTILES, ...Object.keys(window.canary.samples ?? {})];
    for (const metric of metrics) {
      const arms = armsOf(window, metric);
      if (arms) known.set(metric, learnDispersion(known.get(metric) ?? DISPERSION_START, arms));
    }
  }
  return Object.fromEntries(known);
}
