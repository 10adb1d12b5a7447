import type { Traffic } from './contract.ts';

/** Shares that are off by less are exact: larger weights would only be slower to come back after a failure. */
const EXACT = 0.001;

export interface ServerWeights {
  /** Of each server of a version; 0 for a version without weight. */
  readonly weights: ReadonlyMap<string, number>;
  /** By how much the worst share is off, as a part of it: 0.1 is 5.5 % instead of 5 %. */
  readonly error: number;
}

/** The smallest whole weights up to `weightMax` for the servers of each version, in which the versions' shares are as exact as can be. */
export function serverWeights(traffic: Traffic, weightMax: number): ServerWeights {
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
  // The largest server gets each whole weight in turn; the others follow.
  for (let top = 1; top <= weightMax && best.error > EXACT; top++) {
    const weights = shares.map(({ each }) => Math.max(1, Math.round((each / largest) * top)));
    const sum = weights.reduce((total, weight, at) => total + weight * shares[at]!.count, 0);
    const error = Math.max(
      ...shares.map(({ weightPercent, count }, at) =>
        Math.abs((100 * weights[at]! * count) / sum / weightPercent - 1),
      ),
    );
    if (error < best.error) best = { error, weights };
  }
  const weights = new Map(traffic.versions.map(({ version }) => [version, 0]));
  for (const [at, { version }] of shares.entries()) weights.set(version, best.weights[at]!);
  return { weights, error: best.error };
}
