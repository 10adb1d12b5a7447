/*
 * How Flagger and Argo Rollouts decide on an error rate: one comparison a window, and a count of those that failed. Each rule
 * is told of one window after the other whether its rate is above the threshold, and says when it rolls back.
 */

export type Rule = (isBad: boolean) => boolean;

/** Argo Rollouts: failed as soon as more than `failureLimit` (0 by default) measurements failed. */
export function argoRule(failureLimit = 0): Rule {
  let failed = 0;
  return (isBad) => {
    if (isBad) failed++;
    return failed > failureLimit;
  };
}

/** Flagger: at the tick after `threshold` checks failed, however far apart; the count never goes down within a release. */
export function flaggerRule(threshold = 5): Rule {
  let failed = 0;
  return (isBad) => {
    if (failed >= threshold) return true;
    if (isBad) failed++;
    return false;
  };
}
