import type { Digest } from '../base/digest.ts';
import type { EvidenceRow } from './measure/measurement.ts';

/** What a condition, and a gate, came to. */
export type GateVerdict = 'pass' | 'warn' | 'fail' | 'waived' | 'not-applicable' | 'inconclusive';

/** What follows from it: the change stops, somebody is told, or nothing. */
export type GateEffect = 'blocks' | 'warns' | 'none';

/** The verdict of a gate. Plain data; bound to commit, artifact, facts and policy. */
export interface GateResult {
  readonly schemaVersion: 1;
  readonly gate: string;
  readonly verdict: GateVerdict;
  readonly effect: GateEffect;
  /** What a person reads first. */
  readonly sentence: string;
  readonly conditions: readonly ConditionResult[];
  readonly scope: JudgedScope;
  readonly artifactDigest: Digest | null;
  /** Of all evidence that was looked at, whatever its order. */
  readonly factsDigest: Digest;
  readonly policyDigest: Digest;
  /** Of the waivers that were there. */
  readonly waiversDigest: Digest;
  readonly waiverFindings: readonly WaiverFinding[];
  readonly judgedAtMs: number;
}

export interface JudgedScope {
  /** The merge base, or the commit nearest to it with facts. */
  readonly base: string | null;
  readonly head: string | null;
  /** How many commits the base is behind the merge base. */
  readonly baseBehind: number;
  readonly filesChanged: number | null;
  readonly linesAdded: number | null;
}

export interface ConditionResult {
  readonly name: string;
  readonly verdict: GateVerdict;
  readonly effect: GateEffect;
  readonly mode: 'block' | 'warn' | 'shadow';
  /** Of `mode: shadow`: what it would have been as a blocking one; null otherwise. */
  readonly shadow: GateVerdict | null;
  /** The cause, for people. */
  readonly sentence: string;
  /** What to do; null when there is nothing to do. */
  readonly wayOut: string | null;
  readonly checks: readonly CheckResult[];
  /** Ids of the waivers that were used. */
  readonly waivers: readonly string[];
  /** Ids of the waivers that cover something here, although nothing had to be accepted. Not there: none. */
  readonly waiversIdle?: readonly string[];
}

/** One metric against one limit. */
export interface CheckResult {
  readonly metric: string;
  readonly verdict: 'pass' | 'fail' | 'not-applicable' | 'inconclusive';
  /** null when there is no value. */
  readonly actual: number | null;
  readonly unit: string;
  /** As people read it: `at least 80 %`. */
  readonly threshold: string;
  readonly limit: number | null;
  /** How far it is on the right side of the limit; below 0 on the wrong one. null: not known. */
  readonly margin: number | null;
  readonly sample: number | null;
  readonly scope: 'all' | 'new';
  /** Why there is no value; null when there is one. */
  readonly reason: string | null;
  readonly sentence: string;
  readonly wayOut: string | null;
  readonly notes: readonly string[];
  readonly rows: readonly EvidenceRow[];
  /** How many rows there are in all. */
  readonly rowsTotal: number;
  /** The figures that the expression looked at. */
  readonly reads: readonly {
    readonly name: string;
    readonly value: number | null;
    readonly sample: number | null;
  }[];
}

/** Something about a waiver that somebody must look after. */
export interface WaiverFinding {
  readonly waiver: string;
  readonly condition: string;
  readonly code:
    | 'waiver-expired'
    | 'waiver-not-yet'
    | 'waiver-expires-soon'
    | 'waiver-stale'
    | 'waiver-self-approved'
    | 'waiver-too-long';
  readonly sentence: string;
}

/** From worst to best, as the verdict of a gate is found from those of its conditions. */
export const VERDICTS_WORST_FIRST = [
  'fail',
  'inconclusive',
  'warn',
  'waived',
  'pass',
  'not-applicable',
] as const;
