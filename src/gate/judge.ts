import { type Digest, digestOf } from '../base/digest.ts';
import { canonicalJson } from '../base/json.ts';
import { counted } from '../base/text.ts';
import type { GateCondition, Waiver } from '../pipeline/plan-gate.ts';
import type { Change } from './change/change.ts';
import { BASE_BEHIND_NOTICE } from './change/choose-base.ts';
import type { Evidence, FactsOfChange, ReportEvidence } from './evidence.ts';
import { type JudgeContext, judgeCondition } from './judge-condition.ts';
import { compareText } from './measure/measurement.ts';
import { FactView } from './measure/view.ts';
import { policyDigest, resolveCondition } from './policy/resolve.ts';
import {
  type ConditionResult,
  type GateEffect,
  type GateResult,
  type GateVerdict,
  VERDICTS_WORST_FIRST,
} from './result.ts';
import { type WaiverHistory, waiversDigest } from './waiver.ts';

/** Which change is judged. */
export interface ChangeScope {
  /** The merge base, or the nearest commit before it with facts; null: unknown. */
  readonly base: string | null;
  readonly head: string | null;
  /** How many commits `base` is behind the merge base. */
  readonly baseBehind: number;
  /** From the merge base to the head; null: unknown, so that nothing is known of changed lines. */
  readonly change: Change | null;
  readonly labels: readonly string[];
  /** Accounts of who wrote the change and who started the run; never names of git. */
  readonly authors: readonly string[];
}

export interface GateContext {
  /** What the gate is called. */
  readonly gate: string;
  readonly leadsToProduction: boolean;
  readonly artifactDigest: Digest | null;
  readonly waiverHistory: WaiverHistory;
}

/**
 * Judges conditions on facts. Pure: the same arguments give the same result, whatever the order of reports, findings and tests. The
 * conditions come from the target branch, not from the change; `checkConditions` and `checkWaivers` were asked before.
 */
export function judge(
  conditions: readonly GateCondition[],
  facts: FactsOfChange,
  scope: ChangeScope,
  waivers: readonly Waiver[],
  context: GateContext,
  nowMs: number,
): GateResult {
  const { gate, artifactDigest, leadsToProduction, waiverHistory } = context;
  const base = facts.base === null ? null : inOrder(facts.base);
  const view = new FactView(inOrder(facts.head), base, scope.change);
  const judged: JudgeContext = {
    leadsToProduction,
    labels: scope.labels,
    authors: scope.authors,
    waiverHistory,
    nowMs,
  };
  const all = conditions.map((condition) =>
    judgeCondition(resolveCondition(condition), view, waivers, judged),
  );
  const results = all.map(({ result }) => result);
  const { verdict, effect } = worst(results);
  return {
    schemaVersion: 1,
    gate,
    verdict,
    effect,
    sentence: sentenceOf(verdict, results, scope),
    conditions: results,
    scope: {
      base: scope.base,
      head: scope.head,
      baseBehind: scope.baseBehind,
      filesChanged: scope.change?.files.length ?? null,
      linesAdded: scope.change?.linesAdded ?? null,
    },
    artifactDigest,
    factsDigest: factsDigest(facts, scope),
    policyDigest: policyDigest(conditions, leadsToProduction),
    waiversDigest: waiversDigest(waivers),
    waiverFindings: all.flatMap(({ findings }) => findings),
    judgedAtMs: nowMs,
  };
}

/** What blocks decides; without it what warns; without both the best that can be said. */
function worst(results: readonly ConditionResult[]): {
  readonly verdict: GateVerdict;
  readonly effect: GateEffect;
} {
  for (const effect of ['blocks', 'warns', 'none'] as const) {
    const verdicts = results.filter((result) => result.effect === effect).map(({ verdict }) => verdict);
    const verdict = VERDICTS_WORST_FIRST.find((one) => verdicts.includes(one));
    if (verdict === undefined) continue;
    if (effect === 'warns') return { verdict: 'warn', effect };
    return { verdict, effect };
  }
  return { verdict: 'not-applicable', effect: 'none' };
}

function sentenceOf(verdict: GateVerdict, results: readonly ConditionResult[], scope: ChangeScope): string {
  const late =
    scope.baseBehind > BASE_BEHIND_NOTICE
      ? ` (compared with facts that are ${scope.baseBehind} commits old)`
      : '';
  if (results.length === 0) return 'it has no condition';
  const blocking = results.filter(({ effect }) => effect === 'blocks');
  const warning = results.filter(({ effect }) => effect === 'warns');
  const told = blocking.length > 0 ? blocking : warning;
  if (told.length === 0) {
    const waived = results.filter((result) => result.verdict === 'waived').length;
    if (verdict === 'not-applicable')
      return `none of ${counted(results.length, 'condition')} applies to this change${late}`;
    const passed = results.filter((result) => result.verdict === 'pass').length;
    return `${counted(passed, 'condition')} passed${waived > 0 ? `, ${waived} waived` : ''}${late}`;
  }
  const [first] = told;
  const more = told.length > 1 ? ` (and ${told.length - 1} more)` : '';
  const wayOut = first!.wayOut === null ? '' : `. ${first!.wayOut}`;
  return `${first!.name}: ${first!.sentence}${more}${wayOut}${late}`;
}

/** Of things that look the same, the first is shown: so it must always be the same one. */
function inOrder(evidence: Evidence): Evidence {
  return {
    ...evidence,
    reports: evidence.reports.toSorted((a, b) => compareText(reportName(a), reportName(b))),
    jobs: evidence.jobs.toSorted((a, b) => compareText(a.id, b.id)),
  };
}

function reportName({ job, commit, writtenAtMs, facts }: ReportEvidence): string {
  return [job, facts.kind, facts.file, facts.digest, commit, writtenAtMs].join('\n');
}

/** Names the evidence exactly: reports by their bytes and where they are from, what is broken, what Sluice measured. */
function factsDigest({ head, base }: FactsOfChange, { base: baseCommit, labels }: ChangeScope): Digest {
  return digestOf(
    canonicalJson({
      head: evidenceParts(head),
      base: base === null ? null : evidenceParts(base),
      baseCommit,
      labels: [...labels].sort(),
    }),
  );
}

function evidenceParts({ commit, beganAtMs, reports, broken, jobs, figures }: Evidence) {
  return {
    commit,
    beganAtMs,
    reports: reports.map(reportName).sort(),
    broken: broken.map((one) => canonicalJson(one)).sort(),
    jobs: jobs.map((one) => canonicalJson(one)).sort(),
    figures,
  };
}

/** What a verdict is asked for, when something wants to rely on it. */
export interface WantedVerdict {
  readonly commit: string;
  readonly artifactDigest: Digest | null;
  readonly policyDigest: Digest;
}

/** Why a verdict may not be relied on for exactly this commit, artifact and policy; null when it may. */
export function refusalOfVerdict(result: GateResult, wanted: WantedVerdict): string | null {
  const { scope, artifactDigest, effect, verdict, gate } = result;
  if (scope.head !== wanted.commit)
    return `the verdict of ${gate} is of another commit (${scope.head ?? 'none'})`;
  if (artifactDigest !== wanted.artifactDigest) return `the verdict of ${gate} is of another artifact`;
  if (result.policyDigest !== wanted.policyDigest)
    return `the verdict of ${gate} was judged by another policy`;
  return effect === 'blocks' ? `${gate} says ${verdict}: ${result.sentence}` : null;
}
