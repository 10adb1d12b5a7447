import { type Digest, digestOf } from '../../base/digest.ts';
import { canonicalJson } from '../../base/json.ts';
import type { GateCondition, GateException } from '../../pipeline/plan-gate.ts';
import { type Check, PRESETS } from './preset.ts';

/** A condition with everything that was not said filled in. */
export interface ResolvedCondition {
  readonly name: string;
  readonly checks: readonly Check[];
  readonly scope: 'all' | 'new';
  readonly minSample: number | null;
  readonly mode: 'block' | 'warn' | 'shadow';
  readonly missing: 'fail' | 'warn' | 'skip';
  readonly exceptions: readonly GateException[];
}

/**
 * Joins a condition with its preset. A metric of its own replaces all checks of the preset, with the first one's limits where it
 * has none; a limit replaces the limit of its kind of the first check, and everything else of the preset stays.
 */
export function resolveCondition(condition: GateCondition): ResolvedCondition {
  const { name, scope, minSample, mode, missing, exceptions } = condition;
  const definition = condition.preset === null ? null : PRESETS[condition.preset];
  return {
    name,
    checks: checksOf(condition, definition?.checks ?? []),
    scope: scope ?? 'all',
    minSample,
    mode: mode ?? definition?.mode ?? 'block',
    missing: missing ?? 'fail',
    exceptions,
  };
}

function checksOf(condition: GateCondition, [first, ...others]: readonly Check[]): Check[] {
  const { metric, atLeast, atMost, notBelow, severities } = condition;
  const own = { atLeast, atMost, notBelow, severities };
  const hasLimit =
    atLeast !== null || atMost !== null || notBelow !== null || Object.keys(severities).length > 0;
  if (metric !== null) return [{ ...(hasLimit || !first ? own : first), metric: metric.source }];
  if (!first) return [];
  const main: Check = {
    metric: first.metric,
    atLeast: atLeast ?? first.atLeast,
    atMost: atMost ?? first.atMost,
    notBelow: notBelow ?? first.notBelow,
    severities: Object.keys(severities).length > 0 ? severities : first.severities,
  };
  return [main, ...others];
}

/** One metric against one limit. */
export interface Demand {
  readonly metric: string;
  readonly limit:
    | { readonly kind: 'at-least' | 'at-most'; readonly value: number }
    | { readonly kind: 'not-below'; readonly tolerance: number; readonly adjust: 'removed' | 'none' };
}

/** Everything that a check demands, one by one. */
export function demandsOf({ metric, atLeast, atMost, severities, notBelow }: Check): Demand[] {
  const demands: Demand[] = Object.entries(severities).map(([severity, value]) => ({
    metric: `${metric}.${severity}`,
    limit: { kind: 'at-most', value },
  }));
  if (atLeast !== null) demands.push({ metric, limit: { kind: 'at-least', value: atLeast } });
  if (atMost !== null) demands.push({ metric, limit: { kind: 'at-most', value: atMost } });
  if (notBelow !== null) demands.push({ metric, limit: { kind: 'not-below', ...notBelow } });
  return demands;
}

/**
 * What a verdict was judged by: the same for the same demands, wherever they stand in a file. A path to production is judged more
 * strictly, so its verdicts are others.
 */
export function policyDigest(conditions: readonly GateCondition[], leadsToProduction: boolean): Digest {
  const resolved = conditions.map((condition) => {
    const { exceptions, ...rest } = resolveCondition(condition);
    return { ...rest, exceptions: exceptions.map(({ labels, paths }) => ({ labels, paths })) };
  });
  resolved.sort((a, b) => (a.name < b.name ? -1 : 1));
  return digestOf(canonicalJson({ conditions: resolved, leadsToProduction }));
}
