import {
  type AnalysisCheck,
  type AnalysisDefinition,
  STANDARD_CHECKS,
  type StandardCheck,
} from '../../pipeline/plan-analysis.ts';
import { DEFAULT_POLICY, DEFAULT_TRIGGERS, type Trigger } from '../analysis/policy.ts';
import { BAD_SHARE_DEFAULT, compileThreshold } from '../analysis/threshold.ts';
import type { AnalysisPlan, SampledMetric } from '../analysis-plan.ts';
import type { OnDoubt } from '../plan.ts';
import type { Measurable, ReleaseRequest } from '../release-request.ts';
import { burstNotes } from './burst-notes.ts';
import { INTERVAL_DEFAULT_MS } from './default.ts';

/** So many windows in a row beyond the limit end a release where the raw form was asked for. */
const WINDOWS_IN_A_ROW = 1;

const DEFAULT_LIMITS: Readonly<Record<StandardCheck, AnalysisCheck['limit']>> = {
  error_rate: { kind: 'at_most', value: 0.01 },
  latency: { kind: 'baseline', factor: 3 },
  health_failures: { kind: 'at_most', value: 0.1 },
  resources: { kind: 'at_most', value: 0.9 },
};

const NEEDS: Readonly<Record<StandardCheck, Measurable>> = {
  error_rate: 'requests',
  latency: 'latency',
  health_failures: 'health',
  resources: 'resources',
};

interface Compiled {
  readonly plan: AnalysisPlan;
  readonly notes: readonly string[];
  readonly refusals: readonly string[];
}

/**
 * What a release is judged by: the service's checks, then the environment's, then the standard ones. A standard check that nobody
 * asked for and nothing here can measure is left out and said; one that was asked for is refused.
 */
export function compileAnalysis(request: ReleaseRequest): Compiled {
  const definitions = [request.service.analysis, request.environment.analysis].filter((one) => one !== null);
  const { dispersion, measurable } = request.observed;
  const source = said(definitions, 'source') ?? { kind: 'router' };
  const canMeasure = (what: Measurable) =>
    measurable.includes(what) || (what === 'requests' && source.kind !== 'router');
  const off = new Set(definitions.flatMap((definition) => definition.off));
  const checks = uniqueChecks(definitions);
  const triggers: Trigger[] = [];
  const samples: SampledMetric[] = [];
  const onNoData: Record<string, OnDoubt> = {};
  const notes: string[] = [];
  const refusals: string[] = [];
  for (const standard of STANDARD_CHECKS) {
    const given = checks.find((check) => check.standard === standard) ?? null;
    if (off.has(standard) && given === null) continue;
    if (!canMeasure(NEEDS[standard]) && given?.source == null) {
      const cannot = `the check ${standard} has no figures here`;
      if (given) refusals.push(`${cannot}; give it a source, or switch it off`);
      else notes.push(`${cannot}, so it decides nothing`);
      continue;
    }
    const judged: Judged = { triggers: [], samples };
    // What has a source of its own is a figure like any other.
    if (given?.source != null) addCustom({ ...given, name: SAMPLES[standard] }, judged);
    else addStandard(standard, given, judged);
    triggers.push(...judged.triggers.map((trigger) => withCheck(trigger, given)));
    noteSilence(judged.triggers, given, onNoData);
    const problem = given && quantileProblem(given);
    if (problem) refusals.push(problem);
  }
  for (const check of checks.filter((one) => one.standard === null)) {
    const judged: Judged = { triggers: [], samples };
    addCustom(check, judged);
    triggers.push(...judged.triggers.map((trigger) => withCheck(trigger, check)));
    noteSilence(judged.triggers, check, onNoData);
  }
  const raw = triggers.filter(({ kind }) => kind === 'per-window').map(({ name }) => name);
  if (raw.length > 0)
    notes.push(`${raw.join(', ')}: each interval is compared as it is, which rolls back good releases too`);
  notes.push(...burstNotes(triggers, dispersion));
  return {
    plan: {
      policy: {
        ...DEFAULT_POLICY,
        alpha: said(definitions, 'alpha') ?? DEFAULT_POLICY.alpha,
        triggers,
        dispersion,
      },
      intervalMs: said(definitions, 'intervalMs') ?? INTERVAL_DEFAULT_MS,
      source,
      samples,
      alarms: definitions.flatMap((definition) => definition.triggers),
      onNoData,
    },
    notes,
    refusals,
  };
}

function uniqueChecks(definitions: readonly AnalysisDefinition[]): readonly AnalysisCheck[] {
  const byName = new Map<string, AnalysisCheck>();
  for (const check of definitions.flatMap((one) => one.checks)) {
    if (!byName.has(check.name)) byName.set(check.name, check);
  }
  return [...byName.values()];
}

/** Where what is judged is gathered. */
interface Judged {
  readonly triggers: Trigger[];
  readonly samples: SampledMetric[];
}

/** What the samples of standard checks are called. */
const SAMPLES: Readonly<Record<StandardCheck, string>> = {
  error_rate: 'error_rate',
  latency: 'p95',
  health_failures: 'health',
  resources: 'resources',
};

/** Quantiles of latency whose thresholds are frozen. */
const QUANTILE_PARTS: readonly number[] = [0.5, 0.9, 0.95, 0.99];

function quantileProblem({ standard, quantile, source }: AnalysisCheck): string | null {
  if (standard !== 'latency' || source !== null || quantile === null) return null;
  return QUANTILE_PARTS.includes(quantile)
    ? null
    : `latency cannot be judged at the quantile ${quantile}; write ${QUANTILE_PARTS.join(', ')}`;
}

/** What a check says about small samples and missing data. */
function withCheck(trigger: Trigger, check: AnalysisCheck | null): Trigger {
  return {
    ...trigger,
    ...(check?.minSample ? { requestsMin: check.minSample } : {}),
    ...(check?.onNoData === 'proceed' ? { mayBeSilent: true } : {}),
  };
}

function noteSilence(
  triggers: readonly Trigger[],
  check: AnalysisCheck | null,
  onNoData: Record<string, OnDoubt>,
): void {
  if (check?.onNoData) for (const { name } of triggers) onNoData[name] = check.onNoData;
}

function addStandard(
  standard: StandardCheck,
  given: AnalysisCheck | null,
  { triggers, samples }: Judged,
): void {
  const limit = given?.limit ?? DEFAULT_LIMITS[standard];
  const raw = given?.test === 'window' ? WINDOWS_IN_A_ROW : null;
  const decides = given?.mode !== 'observe';
  const source = null;
  // Beside the limit, errors and latency are always compared with the baseline.
  const compared = DEFAULT_TRIGGERS.find(
    ({ kind }) => kind === (standard === 'error_rate' ? 'ratio' : 'latency'),
  )!;
  const add = (trigger: Trigger): void => {
    if (decides) triggers.push(trigger);
  };
  switch (standard) {
    case 'error_rate':
      add(compared);
      if (limit.kind === 'at_most') add(compileThreshold({ kind: 'error-rate', above: limit.value }, raw));
      return;
    case 'latency': {
      add(compared);
      const factor = limit.kind === 'baseline' ? limit.factor : limit.value;
      const quantile = given?.quantile ?? 0.95;
      samples.push({ metric: 'p95', bad: { kind: 'latency', factor, quantile }, source, decides });
      add(compileThreshold({ kind: 'p95', timesBaseline: factor, quantile }, raw));
      return;
    }
    case 'health_failures':
      samples.push({ metric: 'health', bad: { kind: 'health' }, source, decides });
      add(compileThreshold({ kind: 'health', above: limitOf(limit) }, raw));
      return;
    case 'resources':
      samples.push({
        metric: 'resources',
        bad: { kind: 'resource', above: limitOf(limit) },
        source,
        decides,
      });
      add(compileThreshold({ kind: 'samples', metric: 'resources', badShareMax: BAD_SHARE_DEFAULT }, raw));
  }
}

function addCustom(check: AnalysisCheck, { triggers, samples }: Judged): void {
  const { limit, name, source } = check;
  const decides = check.mode !== 'observe';
  const bad =
    limit.kind === 'baseline'
      ? ({ kind: 'times-baseline', factor: limit.factor } as const)
      : ({ kind: limit.kind === 'at_most' ? 'above' : 'below', limit: limit.value } as const);
  samples.push({ metric: name, bad, source, decides });
  if (!decides) return;
  const raw = check.test === 'window' ? WINDOWS_IN_A_ROW : null;
  triggers.push(compileThreshold({ kind: 'samples', metric: name, badShareMax: BAD_SHARE_DEFAULT }, raw));
}

function limitOf(limit: AnalysisCheck['limit']): number {
  return limit.kind === 'baseline' ? limit.factor : limit.value;
}

function said<K extends keyof AnalysisDefinition>(
  definitions: readonly AnalysisDefinition[],
  key: K,
): NonNullable<AnalysisDefinition[K]> | null {
  for (const definition of definitions) {
    const value = definition[key];
    if (value !== null && value !== undefined) return value as NonNullable<AnalysisDefinition[K]>;
  }
  return null;
}
