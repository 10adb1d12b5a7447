import { median, thinned } from './sample.ts';

/** Of larger samples only so many values are used: all pairs of them are 90,000. */
const VALUES_MAX = 300;

/** By how much the second sample's values are greater than the first's: the median of all differences. Neither is empty. */
export function hodgesLehmannShift(first: readonly number[], second: readonly number[]): number {
  const [from, to] = [thinned(first, VALUES_MAX), thinned(second, VALUES_MAX)];
  return median(to.flatMap((value) => from.map((other) => value - other)));
}
