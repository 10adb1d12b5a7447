import { visible } from '../../base/text.ts';

/** The quantiles of latency whose thresholds are frozen from the baseline before the canary begins. */
export const QUANTILES = ['q50', 'q90', 'q95', 'q99'] as const;
export type Quantile = (typeof QUANTILES)[number];

/** Samples of a custom metric, such as health probes or readings of a resource, and how many of them were bad. */
export interface Samples {
  readonly taken: number;
  readonly bad: number;
}

/** What one version did within one window; whole numbers, of this window only. */
export interface VersionCounts {
  readonly requests: number;
  readonly errors: number;
  /** How many requests were slower than each threshold; the same thresholds for both versions. */
  readonly exceed?: Readonly<Record<Quantile, number>>;
  readonly samples?: Readonly<Record<string, Samples>>;
}

/** A span of time and what both versions did in it. */
export interface Window {
  /** When it ended: ISO 8601 text or milliseconds since 1970. */
  readonly at: string | number;
  readonly canary: VersionCounts;
  readonly baseline: VersionCounts;
  /** Percent of the traffic that the router was told to send to the canary. */
  readonly weight?: number;
}

/** What is wrong with a window: where within it (`canary.errors`; '' for the whole), and a sentence that goes on from it. */
export interface WindowProblem {
  readonly path: string;
  readonly message: string;
}

/** All problems of what should be a window. With none it may be taken for a `Window`. Never throws, whatever it is given. */
export function findWindowProblems(value: unknown): WindowProblem[] {
  if (!isRecord(value)) return [{ path: '', message: `is ${kindOf(value)}, not an object` }];
  const problems: WindowProblem[] = [];
  if (timeOf(value.at) === null) {
    const form = 'is written as 2026-01-31T12:00:00Z or as milliseconds since 1970';
    problems.push({ path: 'at', message: `${isOrMissing(value.at)}; a time ${form}` });
  }
  checkVersion(value.canary, 'canary', problems);
  checkVersion(value.baseline, 'baseline', problems);
  const { weight } = value;
  if (weight !== undefined && !(typeof weight === 'number' && weight >= 0 && weight <= 100)) {
    problems.push({
      path: 'weight',
      message: `${isOrMissing(weight)}; a weight is a percentage from 0 to 100`,
    });
  }
  if (problems.length === 0) checkExceedInBoth(value as unknown as Window, problems);
  return problems;
}

/** Milliseconds since 1970, or null when it is no time. Text without an offset is UTC. */
export function timeOf(at: unknown): number | null {
  if (typeof at === 'number') return Number.isFinite(at) && Math.abs(at) <= 8.64e15 ? at : null;
  if (typeof at !== 'string') return null;
  const match = /^\d{4}-\d\d-\d\d(?:[Tt ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?\s*([Zz]|[+-]\d\d:?\d\d)?)?$/.exec(at);
  if (!match) return null;
  const hasTime = at.length > 10;
  const ms = Date.parse(hasTime && match[1] === undefined ? `${at}Z` : at);
  return Number.isNaN(ms) ? null : ms;
}

function checkVersion(value: unknown, path: string, problems: WindowProblem[]): void {
  if (!isRecord(value)) {
    problems.push({ path, message: `${isOrMissing(value)}; it holds the counts of the ${path}` });
    return;
  }
  const requests = checkCount(value.requests, `${path}.requests`, problems);
  const errors = checkCount(value.errors, `${path}.errors`, problems);
  checkWithin(errors, `${path}.errors`, requests, 'requests', problems);
  if (value.exceed !== undefined) checkExceed(value.exceed, `${path}.exceed`, requests, problems);
  if (value.samples !== undefined) checkSamples(value.samples, `${path}.samples`, problems);
}

function checkExceed(value: unknown, path: string, requests: number | null, problems: WindowProblem[]): void {
  if (!isRecord(value)) {
    problems.push({ path, message: `is ${kindOf(value)}, not the counts of ${QUANTILES.join(', ')}` });
    return;
  }
  let before: { readonly name: string; readonly count: number } | null = null;
  for (const quantile of QUANTILES) {
    const count = checkCount(value[quantile], `${path}.${quantile}`, problems);
    checkWithin(count, `${path}.${quantile}`, requests, 'requests', problems);
    if (count === null) continue;
    // What is slower than the higher threshold is slower than the lower one too.
    if (before !== null && count > before.count) {
      const message = `is ${count}, more than the ${before.count} of ${before.name}, whose threshold is lower`;
      problems.push({ path: `${path}.${quantile}`, message });
    }
    before = { name: quantile, count };
  }
}

function checkSamples(value: unknown, path: string, problems: WindowProblem[]): void {
  if (!isRecord(value)) {
    problems.push({ path, message: `is ${kindOf(value)}, not an object of metrics` });
    return;
  }
  for (const [name, samples] of Object.entries(value)) {
    const at = `${path}.${visible(name)}`;
    if (!isRecord(samples)) {
      problems.push({ path: at, message: `is ${kindOf(samples)}, not {taken, bad}` });
      continue;
    }
    const taken = checkCount(samples.taken, `${at}.taken`, problems);
    const bad = checkCount(samples.bad, `${at}.bad`, problems);
    checkWithin(bad, `${at}.bad`, taken, 'samples', problems);
  }
}

function checkExceedInBoth({ canary, baseline }: Window, problems: WindowProblem[]): void {
  if ((canary.exceed === undefined) === (baseline.exceed === undefined)) return;
  const path = canary.exceed === undefined ? 'canary.exceed' : 'baseline.exceed';
  problems.push({
    path,
    message: 'is missing, but the other version has it; latency is compared or left out',
  });
}

/** A whole number from 0 to what a double holds exactly, or null with the problem noted. */
function checkCount(value: unknown, path: string, problems: WindowProblem[]): number | null {
  if (Number.isSafeInteger(value) && (value as number) >= 0) return value as number;
  const huge = typeof value === 'number' && value > Number.MAX_SAFE_INTEGER;
  const way = huge ? 'more than can be counted exactly' : 'a count is a whole number from 0';
  problems.push({ path, message: `${isOrMissing(value)}; ${way}` });
  return null;
}

function checkWithin(
  part: number | null,
  path: string,
  whole: number | null,
  noun: string,
  problems: WindowProblem[],
): void {
  if (part === null || whole === null || part <= whole) return;
  problems.push({ path, message: `is ${part}, more than its ${whole} ${noun}` });
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isOrMissing(value: unknown): string {
  return value === undefined ? 'is missing' : `is ${kindOf(value)}`;
}

/** The value where it is short, else what kind of value it is. */
function kindOf(value: unknown): string {
  if (typeof value === 'number' || typeof value === 'boolean' || value === null) return String(value);
  if (typeof value === 'string') return value.length <= 40 ? JSON.stringify(visible(value)) : 'a long text';
  if (Array.isArray(value)) return 'a list';
  return value === undefined ? 'missing' : 'an object';
}
