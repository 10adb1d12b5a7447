import type { JsonObject } from '../../../base/json.ts';
import { QUANTILES, type Quantile } from '../../../delivery/analysis/window.ts';
import type { DeploymentPlan } from '../../../delivery/plan.ts';

export type Thresholds = Readonly<Record<Quantile, number>>;

const OUTPUT = 'thresholdsMs';

/** The thresholds of latency as an output of the step that froze them. */
export function thresholdsOutput(thresholds: Thresholds): JsonObject {
  return { [OUTPUT]: thresholds };
}

/** What was frozen; null: nothing was. */
export function frozenThresholds(outputs: JsonObject): Thresholds | null {
  const found = outputs[OUTPUT];
  return typeof found === 'object' && found !== null ? (found as unknown as Thresholds) : null;
}

/** From when on a request is slow, by the name of the samples in which it is then a bad one. */
export function slowLimits(
  { analysis }: Pick<DeploymentPlan, 'analysis'>,
  frozen: Thresholds | null,
): Readonly<Record<string, number>> {
  const limits: Record<string, number> = {};
  for (const { metric, bad, source } of analysis?.samples ?? [])
    if (bad.kind === 'latency' && source === null && frozen !== null)
      limits[metric] = bad.factor * frozen[nearestQuantile(bad.quantile)];
  return limits;
}

/** All latencies that the router counts by, ascending and above 0. */
export function countedThresholds(plan: DeploymentPlan, outputs: JsonObject): readonly number[] {
  const frozen = frozenThresholds(outputs);
  const all = frozen === null ? [] : [...Object.values(frozen), ...Object.values(slowLimits(plan, frozen))];
  return [...new Set(all)].filter((ms) => ms > 0).sort((one, other) => one - other);
}

/** Of the quantiles that are frozen the one for a part of the requests, such as 0.95. */
function nearestQuantile(part: number): Quantile {
  const distance = (quantile: Quantile) => Math.abs(Number(quantile.slice(1)) / 100 - part);
  return QUANTILES.reduce((best, one) => (distance(one) < distance(best) ? one : best));
}
