import { figureText } from './figure-text.ts';
import { evaluateMetric, type MetricRead, metricsIn } from './measure/expression.ts';
import {
  type Limit,
  type Measured,
  type Measurement,
  type Unmeasured,
  unmeasured,
} from './measure/measurement.ts';
import type { FactView } from './measure/view.ts';
import { type Demand, demandsOf, type ResolvedCondition } from './policy/resolve.ts';
import type { CheckResult } from './result.ts';

/** Percentages are sums of fractions; a difference below this is none. */
const EPSILON = 1e-9;

/** Judges everything that a condition demands on these facts. At least one result. */
export function evaluateCondition(condition: ResolvedCondition, view: FactView): CheckResult[] {
  const demands = condition.checks.flatMap(demandsOf);
  if (demands.length === 0) {
    const nothing: Demand = { metric: condition.name, limit: { kind: 'at-least', value: 0 } };
    return [withoutValue(condition, nothing, [], unmeasured('invalid', 'it demands nothing'))];
  }
  return demands.map((demand) => evaluateDemand(condition, demand, view));
}

function evaluateDemand(condition: ResolvedCondition, demand: Demand, view: FactView): CheckResult {
  const { measurement, reads } = evaluateMetric(demand.metric, view, (narrowed, metric) =>
    metric.measure(narrowed, metric.isScoped ? condition.scope : 'all'),
  );
  const limit = limitOf(demand, view);
  if (measurement.kind === 'unmeasured') {
    const known = measurement.atLeast;
    if (known !== null && limit.kind === 'at-most' && known > limit.value) {
      return overAlready(condition, demand, reads, measurement, limit);
    }
    return withoutValue(condition, demand, reads, measurement);
  }
  const small = tooFew(condition, measurement);
  if (small) return withoutValue(condition, demand, reads, small);
  if (limit.kind === 'unmeasured') return withoutValue(condition, demand, reads, limit);
  return compared(condition, demand, reads, measurement, limit);
}

/** The limit as a number; for `not_below` what the target branch has. */
function limitOf({ metric, limit }: Demand, view: FactView): Limit | Unmeasured {
  if (limit.kind !== 'not-below') return limit;
  const { base, change } = view;
  if (base === null) {
    return unmeasured(
      'no-base',
      'there are no facts of the target branch to compare with',
      'let the pipeline run on the target branch first',
    );
  }
  const before: Measurement = evaluateMetric(metric, base, (narrowed, definition) =>
    limit.adjust === 'removed' && definition.adjusted && change
      ? definition.adjusted(narrowed, change)
      : definition.measure(narrowed, 'all'),
  ).measurement;
  if (before.kind === 'unmeasured') {
    const cause = `the target branch has no value to compare with: ${before.sentence}`;
    return unmeasured('no-base', cause, 'let the pipeline run on the target branch again');
  }
  return betterOf(metric) === 'higher'
    ? { kind: 'at-least', value: before.value - limit.tolerance }
    : { kind: 'at-most', value: before.value + limit.tolerance };
}

/** A plain metric of a report says nothing of itself; higher counts as better. */
function betterOf(source: string): 'higher' | 'lower' {
  return metricsIn(source)[0]?.better ?? 'higher';
}

/** A small change decides nothing; few measurements of the whole are too little to believe. */
function tooFew({ minSample, scope }: ResolvedCondition, { sample }: Measured): Unmeasured | null {
  if (minSample === null || (sample !== null && sample >= minSample)) return null;
  if (sample === null)
    return unmeasured('empty', `on how many it was measured is not known, and ${minSample} are needed`);
  const sentence = `it was measured on ${sample}, and fewer than ${minSample} decide nothing`;
  return unmeasured(scope === 'new' ? 'not-applicable' : 'empty', sentence);
}

function compared(
  condition: ResolvedCondition,
  demand: Demand,
  reads: readonly MetricRead[],
  value: Measured,
  limit: Limit,
): CheckResult {
  const margin = limit.kind === 'at-least' ? value.value - limit.value : limit.value - value.value;
  const isPass = margin >= -EPSILON;
  const unit = unitOf(reads);
  const threshold = thresholdText(demand, limit, unit);
  const actual = figureText(value.value, unit, limit.value);
  const rows = value.rows();
  return {
    ...head(condition, demand, reads),
    verdict: isPass ? 'pass' : 'fail',
    actual: value.value,
    threshold,
    limit: limit.value,
    margin,
    sample: value.sample,
    reason: null,
    sentence: isPass
      ? `${demand.metric} is ${actual}, ${threshold}`
      : `${demand.metric} is ${actual}; it must be ${threshold}`,
    wayOut: isPass ? null : (value.wayOut(limit) ?? plainWayOut(margin, unit)),
    notes: value.notes,
    rows: rows.shown,
    rowsTotal: rows.total,
  };
}

function plainWayOut(margin: number, unit: string): string {
  return `it is ${figureText(-margin, unit, 0)} on the wrong side`;
}

/** Not all evidence is there, and what is there breaks the limit already. */
function overAlready(
  condition: ResolvedCondition,
  demand: Demand,
  reads: readonly MetricRead[],
  { atLeast, sentence, wayOut }: Unmeasured,
  limit: Limit,
): CheckResult {
  const threshold = thresholdText(demand, limit, unitOf(reads));
  return {
    ...head(condition, demand, reads),
    verdict: 'fail',
    actual: atLeast,
    threshold,
    limit: limit.value,
    margin: limit.value - atLeast!,
    sample: null,
    reason: null,
    sentence: `${demand.metric} is ${atLeast} or more; it must be ${threshold}`,
    wayOut,
    notes: [sentence],
    rows: [],
    rowsTotal: 0,
  };
}

function withoutValue(
  condition: ResolvedCondition,
  demand: Demand,
  reads: readonly MetricRead[],
  { reason, sentence, wayOut }: Unmeasured,
): CheckResult {
  const { limit } = demand;
  return {
    ...head(condition, demand, reads),
    verdict: reason === 'not-applicable' ? 'not-applicable' : 'inconclusive',
    actual: null,
    threshold: thresholdText(demand, null, unitOf(reads)),
    limit: limit.kind === 'not-below' ? null : limit.value,
    margin: null,
    sample: null,
    reason,
    sentence: `${demand.metric} has no value: ${sentence}`,
    wayOut,
    notes: [],
    rows: [],
    rowsTotal: 0,
  };
}

function head({ scope }: ResolvedCondition, { metric }: Demand, reads: readonly MetricRead[]) {
  const isScoped = reads.some(({ definition }) => definition?.isScoped);
  return {
    metric,
    unit: unitOf(reads),
    scope: isScoped ? scope : ('all' as const),
    reads: reads.map(({ name, measurement }) => ({
      name,
      value: measurement.kind === 'measured' ? measurement.value : null,
      sample: measurement.kind === 'measured' ? measurement.sample : null,
    })),
  };
}

function unitOf(reads: readonly MetricRead[]): string {
  const units = new Set(reads.map(({ definition }) => definition?.unit ?? ''));
  return units.size === 1 ? [...units][0]! : '';
}

function thresholdText({ limit: demanded }: Demand, limit: Limit | null, unit: string): string {
  if (demanded.kind !== 'not-below') {
    const word = demanded.kind === 'at-least' ? 'at least' : 'at most';
    return `${word} ${figureText(demanded.value, unit)}`;
  }
  const value = limit === null ? '' : ` (${figureText(limit.value, unit)})`;
  const tolerance = demanded.tolerance === 0 ? '' : `, less ${figureText(demanded.tolerance, unit)}`;
  return `not worse than on the target branch${tolerance}${value}`;
}
