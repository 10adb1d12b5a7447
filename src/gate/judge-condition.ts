import type { Severity, Waiver } from '../pipeline/plan-gate.ts';
import { evaluateCondition } from './evaluate.ts';
import { worstMatched } from './measure/matched.ts';
import type { FactView } from './measure/view.ts';
import type { ResolvedCondition } from './policy/resolve.ts';
import type { CheckResult, ConditionResult, GateEffect, GateVerdict, WaiverFinding } from './result.ts';
import {
  isBlanket,
  noticeOf,
  refusalOf,
  tooLongFor,
  type WaiverHistory,
  waiverId,
  waiverName,
} from './waiver.ts';

/** What a condition is judged beside the facts. */
export interface JudgeContext {
  /** What passes goes to production: `missing: warn` and `skip` do not hold. */
  readonly leadsToProduction: boolean;
  /** Labels of the change. */
  readonly labels: readonly string[];
  /** Accounts of who wrote the change and who started the run. */
  readonly authors: readonly string[];
  readonly waiverHistory: WaiverHistory;
  readonly nowMs: number;
}

type Outcome = 'pass' | 'fail' | 'not-applicable' | 'inconclusive';

/** Judges one condition, with the waivers that name it, and tells what must be looked after in these. */
export function judgeCondition(
  condition: ResolvedCondition,
  view: FactView,
  waivers: readonly Waiver[],
  context: JudgeContext,
): { readonly result: ConditionResult; readonly findings: readonly WaiverFinding[] } {
  const label = exceptedLabel(condition, context.labels);
  if (label !== null) return { result: exceptedResult(condition, label), findings: [] };
  const own = waivers.filter((waiver) => waiver.condition === condition.name);
  const paths = condition.exceptions.flatMap((exception) => exception.paths);
  const seen = paths.length === 0 ? view : view.narrowed({ exclusions: paths.map((path) => ({ path })) });
  const checks = evaluateCondition(condition, seen);
  const waived = own.length === 0 ? null : tryWaivers(condition, seen, checks, own, context);
  return {
    result: resultOf(condition, checks, waived, context),
    findings: waived?.findings ?? [],
  };
}

interface Waived {
  /** Ids of what was used. */
  readonly used: readonly string[];
  /** Ids of what covers something and was not used. */
  readonly idle: readonly string[];
  /** Whether nothing is left that fails. */
  readonly isEnough: boolean;
  /** What remains when what is waived does not count. */
  readonly checks: readonly CheckResult[];
  readonly names: readonly string[];
  readonly findings: readonly WaiverFinding[];
  /** Why a waiver for this was not used. */
  readonly refused: readonly string[];
}

function tryWaivers(
  condition: ResolvedCondition,
  view: FactView,
  checks: readonly CheckResult[],
  waivers: readonly Waiver[],
  { authors, waiverHistory, nowMs }: JudgeContext,
): Waived {
  const isBad = ['fail', 'inconclusive'].includes(outcomeOf(checks));
  const findings: WaiverFinding[] = [];
  const refused: string[] = [];
  const refuse = (finding: WaiverFinding) => {
    findings.push(finding);
    refused.push(finding.sentence);
  };
  const usable = waivers.filter((waiver) => {
    const refusal = refusalOf(waiver, authors, nowMs);
    if (refusal) refuse(refusal);
    return refusal === null;
  });
  const covering = new Set<Waiver>();
  const partial = usable.filter((waiver) => {
    const worst = isBlanket(waiver) ? null : worstMatched(view, waiver.match);
    if (worst === null) return false;
    covering.add(waiver);
    const tooLong = tooLongFor(waiver, worst, nowMs);
    if (tooLong) refuse(tooLong);
    return tooLong === null;
  });
  const exclusions = [...view.filter.exclusions, ...partial.map((waiver) => waiver.match)];
  const left = partial.length === 0 ? checks : evaluateCondition(condition, view.narrowed({ exclusions }));
  const isSolved = !['fail', 'inconclusive'].includes(outcomeOf(left));
  const blanket =
    isBad && !isSolved && !left.some(({ reason }) => reason === 'invalid')
      ? usable.filter(isBlanket).find((waiver) => {
          const tooLong = tooLongFor(waiver, worstOf(left), nowMs);
          if (tooLong) refuse(tooLong);
          return tooLong === null;
        })
      : undefined;
  const used = [...partial, ...(blanket ? [blanket] : [])];
  if (blanket) covering.add(blanket);
  for (const waiver of usable) {
    const notice = noticeOf(waiver, covering.has(waiver), waiverHistory, nowMs);
    if (notice) findings.push(notice);
  }
  return {
    used: isBad ? used.map(waiverId) : [],
    idle: [...covering].filter((waiver) => !isBad || !used.includes(waiver)).map(waiverId),
    isEnough: isBad && (isSolved || blanket !== undefined),
    checks: left,
    names: used.map(waiverName),
    findings,
    refused,
  };
}

/** The worst that a blanket waiver may hide: a finding that nobody could count is of unknown severity. */
function worstOf(checks: readonly CheckResult[]): Severity | 'unknown' | 'none' {
  const ranks = ['unknown', 'critical', 'high', 'medium', 'low', 'info'] as const;
  const bad = checks.filter(({ verdict }) => verdict === 'fail' || verdict === 'inconclusive');
  const severities = bad
    .filter(({ metric }) => /\bfindings\b|security\.score/.test(metric))
    .map(({ metric, verdict }) => {
      const told = ranks.find((severity) => metric.endsWith(`.${severity}`));
      return verdict === 'inconclusive' ? 'unknown' : (told ?? 'unknown');
    });
  return ranks.find((severity) => severities.includes(severity)) ?? 'none';
}

function resultOf(
  condition: ResolvedCondition,
  checks: readonly CheckResult[],
  waived: Waived | null,
  context: JudgeContext,
): ConditionResult {
  const outcome = outcomeOf(checks);
  const isWaived = waived?.isEnough ?? false;
  const telling = waived !== null && !isWaived && waived.used.length > 0 ? waived.checks : checks;
  const { verdict, effect, note } = isWaived
    ? { verdict: 'waived' as const, effect: 'none' as const, note: null }
    : verdictOf(condition, outcome, telling, context);
  const isShadow = condition.mode === 'shadow';
  const decisive = decisiveOf(telling, isWaived ? outcomeOf(checks) : outcomeOf(telling));
  const sentence = decisive.map((check) => check.sentence).join('; ');
  const parts = [
    isWaived ? `accepted by ${waived!.names.join(' and ')}: ${sentence}` : sentence,
    ...(waived && !isWaived ? waived.refused : []),
    ...(note === null ? [] : [note]),
  ];
  return {
    name: condition.name,
    verdict: isShadow ? 'not-applicable' : verdict,
    effect: isShadow ? 'none' : effect,
    mode: condition.mode,
    shadow: isShadow ? (isWaived ? 'waived' : outcome) : null,
    sentence: parts.join('; '),
    wayOut: isWaived ? null : (decisive.find((check) => check.wayOut !== null)?.wayOut ?? null),
    checks: telling,
    waivers: waived?.used ?? [],
    ...(waived && waived.idle.length > 0 ? { waiversIdle: waived.idle } : {}),
  };
}

function verdictOf(
  { mode, missing }: ResolvedCondition,
  outcome: Outcome,
  checks: readonly CheckResult[],
  { leadsToProduction }: JudgeContext,
): { readonly verdict: GateVerdict; readonly effect: GateEffect; readonly note: string | null } {
  switch (outcome) {
    case 'pass':
    case 'not-applicable':
      return { verdict: outcome, effect: 'none', note: null };
    case 'fail':
      return mode === 'block'
        ? { verdict: 'fail', effect: 'blocks', note: null }
        : { verdict: 'warn', effect: 'warns', note: null };
    case 'inconclusive': {
      if (mode !== 'block') return { verdict: 'inconclusive', effect: 'warns', note: null };
      const isInvalid = checks.some(({ reason }) => reason === 'invalid');
      if (missing === 'fail' || isInvalid) return { verdict: 'inconclusive', effect: 'blocks', note: null };
      if (leadsToProduction) {
        const note = `\`missing: ${missing}\` does not hold on a path to production; a waiver would`;
        return { verdict: 'inconclusive', effect: 'blocks', note };
      }
      return { verdict: 'inconclusive', effect: missing === 'warn' ? 'warns' : 'none', note: null };
    }
  }
}

/** Failed before inconclusive before passed; what does not apply counts only when nothing else is there. */
function outcomeOf(checks: readonly CheckResult[]): Outcome {
  for (const outcome of ['fail', 'inconclusive', 'pass'] as const) {
    if (checks.some(({ verdict }) => verdict === outcome)) return outcome;
  }
  return 'not-applicable';
}

function decisiveOf(checks: readonly CheckResult[], outcome: Outcome): readonly CheckResult[] {
  return checks.filter(({ verdict }) => verdict === outcome);
}

function exceptedLabel({ exceptions }: ResolvedCondition, labels: readonly string[]): string | null {
  const excepted = exceptions.flatMap((exception) => exception.labels);
  return labels.find((label) => excepted.includes(label)) ?? null;
}

function exceptedResult({ name, mode }: ResolvedCondition, label: string): ConditionResult {
  return {
    name,
    verdict: 'not-applicable',
    effect: 'none',
    mode,
    shadow: mode === 'shadow' ? 'not-applicable' : null,
    sentence: `the change has the label ${label}, where the policy does not ask for it`,
    wayOut: null,
    checks: [],
    waivers: [],
  };
}
