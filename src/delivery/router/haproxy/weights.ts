import type { Traffic } from '../contract.ts';

/** HAProxy's largest weight of a server. */
const WEIGHT_MAX = 256;
/** A version may get this share more or less than what was asked for. */
const TOLERATED = 0.1;

/**
 * Whole weights for the servers of each version, in which the versions' shares are as exact as HAProxy can keep them; or the
 * sentence of what it cannot keep.
 */
export function serverWeights(traffic: Traffic): ReadonlyMap<string, number> | string {
  const shares = traffic.versions
    .filter(({ weightPercent }) => weightPercent > 0)
    .map(({ version, weightPercent, backends }) => ({
      version,
      weightPercent,
      count: backends.length,
      each: weightPercent / backends.length,
    }));
  const largest = Math.max(...shares.map(({ each }) => each));
  let best = { error: Infinity, weights: shares.map(() => 1) };
  // The largest server gets each whole weight in turn; the others follow. Smaller weights first: as good, they are smoother.
  for (let top = 1; top <= WEIGHT_MAX; top++) {
    const weights = shares.map(({ each }) => Math.max(1, Math.round((each / largest) * top)));
    const sum = weights.reduce((total, weight, at) => total + weight * shares[at]!.count, 0);
    const error = Math.max(
      ...shares.map(({ weightPercent, count }, at) =>
        Math.abs((100 * weights[at]! * count) / sum / weightPercent - 1),
      ),
    );
    if (error < best.error - 1e-12) best = { error, weights };
  }
  if (best.error > TOLERATED) {
    const smallest = shares.reduce((least, share) =>
      share.weightPercent < least.weightPercent ? share : least,
    );
    return `HAProxy cannot keep ${smallest.weightPercent} % for version ${smallest.version}, since its weights go from 1 to ${WEIGHT_MAX}; give it more`;
  }
  const weights = new Map(traffic.versions.map(({ version }) => [version, 0]));
  for (const [at, { version }] of shares.entries()) weights.set(version, best.weights[at]!);
  return weights;
}
