import { type Foreseen, smallestHarm, timeToHarmMs } from '../analysis/power.ts';
import type { AnalysisPlan } from '../analysis-plan.ts';
import type { DeploymentStep, ForeseenStep, Foresight } from '../plan.ts';
import type { ObservedFacts } from '../release-request.ts';

/** What a bad release is taken to look like: it fails so many of its requests. */
const BAD_RATE = 0.05;

/** When nothing failed yet: rarer than what this tool is asked to find. */
const RATE_MIN = 0.0005;

/** By when evidence speaks at each weight; null when nothing is known of the traffic. */
export function foresee(
  steps: readonly DeploymentStep[],
  analysis: AnalysisPlan,
  { requestsPerSecond, errorRate }: ObservedFacts,
): Foresight | null {
  if (requestsPerSecond === null || !(requestsPerSecond > 0)) return null;
  const baselineRate = Math.min(0.5, Math.max(RATE_MIN, errorRate ?? RATE_MIN));
  const { policy } = analysis;
  const ratio = policy.triggers.find(({ kind }) => kind === 'ratio');
  const all = policy.triggers.reduce((sum, one) => sum + partOf(one), 0);
  let percent = 0;
  const foreseen: ForeseenStep[] = [];
  for (const { action } of steps) {
    if (action.type === 'set-weight') percent = action.candidatePercent;
    if (action.type !== 'observe' || ratio === undefined) continue;
    const requests = Math.floor((requestsPerSecond * percent * action.durationMs) / 100_000);
    const judged: Foreseen = {
      share: percent / 100,
      baselineRate,
      alpha: policy.alpha,
      partOfAlpha: partOf(ratio) / all,
    };
    foreseen.push({
      candidatePercent: percent,
      requests,
      smallestHarm: smallestHarm(judged, Math.min(requests, 1e7)),
      timeToVerdictMs: timeToHarmMs(judged, Math.max(1.5, BAD_RATE / baselineRate), requestsPerSecond),
    });
  }
  return { requestsPerSecond, baselineRate, steps: foreseen };
}

function partOf(trigger: AnalysisPlan['policy']['triggers'][number]): number {
  return trigger.kind === 'per-window' ? 0 : (trigger.weight ?? 1);
}
