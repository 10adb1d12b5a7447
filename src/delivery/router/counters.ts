import type { SecondTally, VersionTally } from './contract.ts';

const SECONDS_KEPT = 60;

/** The counts of one epoch. A request counts in the epoch in which it was taken. */
export class Counters {
  readonly epoch: string;
  readonly thresholdsMs: readonly number[];
  readonly #startedAtMs: number;
  readonly #tallies = new Map<string, Tally>();

  /** `startedAtMs`: by the clock that `record` is given too. */
  constructor(epoch: string, thresholdsMs: readonly number[], startedAtMs: number) {
    this.epoch = epoch;
    this.thresholdsMs = thresholdsMs;
    this.#startedAtMs = startedAtMs;
  }

  record(version: string, isError: boolean, latencyMs: number, nowMs: number): void {
    let tally = this.#tallies.get(version);
    if (tally === undefined) {
      tally = { requests: 0, errors: 0, exceed: this.thresholdsMs.map(() => 0), seconds: [] };
      this.#tallies.set(version, tally);
    }
    tally.requests++;
    if (isError) tally.errors++;
    for (let index = 0; index < this.thresholdsMs.length; index++) {
      if (latencyMs > this.thresholdsMs[index]!) tally.exceed[index]!++;
    }
    const second = this.#secondOf(nowMs);
    let last = tally.seconds.at(-1);
    if (last?.second !== second) {
      last = { second, requests: 0, errors: 0 };
      tally.seconds.push(last);
      // One more than is told: the present second is not full.
      if (tally.seconds.length > SECONDS_KEPT + 1) tally.seconds.shift();
    }
    last.requests++;
    if (isError) last.errors++;
  }

  /** A copy of all counts. Versions without a request are left out. */
  read(nowMs: number): Record<string, VersionTally> {
    const present = this.#secondOf(nowMs);
    return Object.fromEntries(
      [...this.#tallies].map(([version, { requests, errors, exceed, seconds }]) => [
        version,
        {
          requests,
          errors,
          exceed: [...exceed],
          seconds: seconds.filter(({ second }) => second < present).map((tally) => ({ ...tally })),
        },
      ]),
    );
  }

  #secondOf(nowMs: number): number {
    return Math.floor((nowMs - this.#startedAtMs) / 1000);
  }
}

interface Tally {
  requests: number;
  errors: number;
  readonly exceed: number[];
  readonly seconds: { -readonly [Key in keyof SecondTally]: SecondTally[Key] }[];
}
