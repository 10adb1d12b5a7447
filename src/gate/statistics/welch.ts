import { studentTwoSided } from './distribution.ts';
import { mean, variance } from './sample.ts';

/** Whether the means of two samples differ, as Welch's t-test says. */
export interface WelchTest {
  /** Negative when the first mean is the smaller one. */
  readonly t: number;
  readonly degrees: number;
  /** Two-sided. */
  readonly p: number;
}

/** Welch's t-test of two samples of two values or more each. Samples without any spread differ surely or not at all. */
export function welchTest(first: readonly number[], second: readonly number[]): WelchTest {
  const [left, right] = [variance(first) / first.length, variance(second) / second.length];
  const difference = mean(first) - mean(second);
  const degrees = (left + right) ** 2 / (left ** 2 / (first.length - 1) + right ** 2 / (second.length - 1));
  if (left + right === 0 || !Number.isFinite(degrees)) {
    const t = difference === 0 ? 0 : Math.sign(difference) * Number.POSITIVE_INFINITY;
    return { t, degrees: first.length + second.length - 2, p: difference === 0 ? 1 : 0 };
  }
  const t = difference / Math.sqrt(left + right);
  return { t, degrees, p: studentTwoSided(t, degrees) };
}
