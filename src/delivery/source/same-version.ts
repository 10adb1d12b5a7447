import type { TwoArms } from '../analysis/ratio-test.ts';
import type { RouterCounts, SecondTally } from '../router/contract.ts';

/** The router keeps the latest minute: a window of two blocks must fit in it with room to spare. */
const BLOCK_MAX_S = 15;

/**
 * A/A windows from the seconds of one version: a block of seconds beside the block after it, which are the same version at different
 * times. What bursts longer than a block is seen as a difference too, although it would hit both versions of a release:
 * so the variation is rather over- than underestimated, and the evidence of a release rather weakened than blown up.
 */
export class SameVersionWindows {
  readonly #blockS: number;
  /** Of the epoch: up to which second each version was told. */
  #told = new Map<string, number>();
  #epoch = '';

  /** `blockMs`: the length of a block, such as the time between two looks. */
  constructor(blockMs: number) {
    this.#blockS = Math.min(BLOCK_MAX_S, Math.max(1, Math.round(blockMs / 1000)));
  }

  /** The windows that are complete and were not told before. */
  next({ epoch, versions }: RouterCounts, version: string): readonly TwoArms[] {
    if (epoch !== this.#epoch) this.#told = new Map();
    this.#epoch = epoch;
    const seconds = versions[version]?.seconds ?? [];
    const [first] = seconds;
    if (first === undefined) return [];
    const end = Math.max(...Object.values(versions).map((tally) => tally.seconds.at(-1)?.second ?? 0)) + 1;
    let from = Math.max(first.second, this.#told.get(version) ?? 0);
    const windows: TwoArms[] = [];
    for (; from + 2 * this.#blockS <= end; from += 2 * this.#blockS) {
      const middle = from + this.#blockS;
      const [one, two] = [sum(seconds, from, middle), sum(seconds, middle, middle + this.#blockS)];
      windows.push({
        canaryTrials: one.requests,
        canaryHits: one.errors,
        baselineTrials: two.requests,
        baselineHits: two.errors,
      });
    }
    this.#told.set(version, from);
    return windows;
  }
}

function sum(seconds: readonly SecondTally[], from: number, to: number) {
  let [requests, errors] = [0, 0];
  for (const tally of seconds) {
    if (tally.second < from || tally.second >= to) continue;
    requests += tally.requests;
    errors += tally.errors;
  }
  return { requests, errors };
}
