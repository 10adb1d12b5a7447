import { binomialAtMost } from './binomial.ts';

/**
 * The chance that a good release is rolled back by the raw form of a threshold: that `windowsInARow` of `windows` windows in a
 * row show a rate above `limit`, with `requests` requests each, when the true rate is `rate`. A Markov chain over the length
 * of the run so far.
 */
export function falseRollbackRate(given: {
  readonly rate: number;
  readonly limit: number;
  readonly requests: number;
  readonly windows: number;
  readonly windowsInARow: number;
}): number {
  const { rate, limit, requests, windows, windowsInARow } = given;
  // As the judge compares: above means errors / requests > limit.
  let most = Math.floor(limit * requests);
  while (most > 0 && most / requests > limit) most--;
  while (most < requests && (most + 1) / requests <= limit) most++;
  const breach = 1 - binomialAtMost(most, requests, rate);
  let running: readonly number[] = [1, ...Array.from({ length: windowsInARow - 1 }, () => 0)];
  let fired = 0;
  for (let window = 0; window < windows; window++) {
    const alive = running.reduce((sum, chance) => sum + chance, 0);
    fired += running.at(-1)! * breach;
    running = [alive * (1 - breach), ...running.slice(0, -1).map((chance) => chance * breach)];
  }
  return fired;
}
