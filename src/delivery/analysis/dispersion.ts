import { canaryShare, type TwoArms } from './ratio-test.ts';

/*
 * Errors come in bursts, so counts spread more than chance alone would have it, and a test that believes in chance alone cries
 * wolf. How much more is learnt from windows in which both versions are the same (A/A): with x of m failed requests in the
 * one arm of share w, z^2 = (x - m w)^2 / (m w (1 - w)) has mean 1 by chance alone and 1 + 2 CV^2 w (1 - w) m when the rate of
 * each arm itself varies with the squared coefficient of variation CV^2 from window to window (moments of the gamma mixture).
 * For arms of n requests each that is phi = 1 + CV^2 n p. Dividing the evidence by phi >= 1 keeps it valid: the mean of
 * E^(1/phi) is at most (mean of E)^(1/phi) (Jensen).
 */

/** Plain data: what the A/A windows so far say of one metric. */
export interface Dispersion {
  /** Windows that had at least one hit; others say nothing. */
  readonly windows: number;
  /** Sum of z^2 - 1. */
  readonly excess: number;
  /** Sum of 2 w (1 - w) m. */
  readonly scale: number;
}

export const DISPERSION_START: Dispersion = { windows: 0, excess: 0, scale: 0 };

/** So many A/A windows make phi trustworthy; until then the sign test guards. */
export const LEARNT_WINDOWS_MIN = 20;

/** What is known after one more window in which both arms were the same version. */
export function learnDispersion(known: Dispersion, arms: TwoArms): Dispersion {
  const hits = arms.canaryHits + arms.baselineHits;
  if (hits === 0 || arms.canaryTrials === 0 || arms.baselineTrials === 0) return known;
  const share = canaryShare(arms);
  const spread = share * (1 - share) * hits;
  return {
    windows: known.windows + 1,
    excess: known.excess + (arms.canaryHits - hits * share) ** 2 / spread - 1,
    scale: known.scale + 2 * spread,
  };
}

/** Whether enough was learnt to do without the sign test. */
export function isLearnt(known: Dispersion | undefined): boolean {
  return known !== undefined && known.windows >= LEARNT_WINDOWS_MIN;
}

/** CV^2: how much the rate itself varies from window to window; 0 when it does not, or when nothing is known. */
export function variation(known: Dispersion | undefined): number {
  return known === undefined || known.scale <= 0 ? 0 : Math.max(0, known.excess / known.scale);
}

/** phi of a window of two arms: what its evidence is divided by. Never below 1. */
export function phiOfArms(known: Dispersion | undefined, arms: TwoArms): number {
  const share = canaryShare(arms);
  return 1 + variation(known) * 2 * share * (1 - share) * (arms.canaryHits + arms.baselineHits);
}

/** phi of a window that is held against a limit. Never below 1. */
export function phiOfLimit(known: Dispersion | undefined, trials: number, limit: number): number {
  return 1 + variation(known) * trials * limit;
}
