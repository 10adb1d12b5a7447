/*
 * How Flagger and Argo Rollouts decide on an error rate: one comparison a window, and a count of those that failed. Each gives
 * the number of windows until rollback, or null when none comes within the windows given. `isBad` tells of each window whether its
 * rate is above the threshold.
 */

/** Argo Rollouts: failed as soon as more than `failureLimit` (0 by default) measurements failed. */
export function argoRollback(isBad: readonly boolean[], failureLimit = 0): number | null {
  let failed = 0;
  for (const [index, bad] of isBad.entries()) {
    if (bad) failed++;
    if (failed > failureLimit) return index + 1;
  }
  return null;
}

/** Flagger: at the tick after `threshold` checks failed, however far apart; the count never goes down within a release. */
export function flaggerRollback(isBad: readonly boolean[], threshold = 5): number | null {
  let failed = 0;
  for (const [index, bad] of isBad.entries()) {
    if (failed >= threshold) return index + 1;
    if (bad) failed++;
  }
  return null;
}
