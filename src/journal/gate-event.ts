import type { Digest } from '../base/digest.ts';
import type { JsonObject } from '../base/json.ts';

/* What gates decide, and what people accept in spite of them. Each member has a sentence. */

export type GateEvent =
  /** A gate was judged; blocking or not, with all that it looked at. */
  | {
      readonly type: 'gate.judged';
      readonly gate: string;
      readonly verdict: 'pass' | 'warn' | 'fail' | 'waived' | 'not-applicable' | 'inconclusive';
      readonly effect: 'blocks' | 'warns' | 'none';
      /** Not there outside of a branch. */
      readonly branch?: string;
      readonly sentence: string;
      /** Commits; null: unknown. */
      readonly head: string | null;
      readonly base: string | null;
      readonly artifactDigest: Digest | null;
      readonly factsDigest: Digest;
      readonly policyDigest: Digest;
      /** Ids of the waivers that there were for its conditions. Not there: none. */
      readonly waivers?: readonly string[];
      /** The whole GateResult (gate/result.ts): conditions, values, evidence rows, findings about waivers. */
      readonly result: JsonObject;
    }
  /** A waiver turned a failure of a condition into "waived". */
  | {
      readonly type: 'waiver.used';
      readonly waiver: string;
      readonly gate: string;
      readonly condition: string;
      readonly owner: string;
      readonly approver: string;
      readonly reason: string;
      readonly ticket: string | null;
      /** UTC, ISO 8601. */
      readonly expires: string;
      readonly emergency: boolean;
    }
  /** An emergency bypass was used for the first time: what happened must be looked at afterwards. */
  | {
      readonly type: 'bypass.opened';
      readonly bypass: string;
      readonly waiver: string;
      readonly gate: string;
      readonly condition: string;
      readonly owner: string;
      readonly approver: string;
      readonly reason: string;
      /** Commit that went through; null: unknown. */
      readonly head: string | null;
    }
  /** Somebody looked at it and wrote down what came of it. */
  | { readonly type: 'bypass.closed'; readonly bypass: string; readonly by: string; readonly text: string }
  /** A gate has failed so often in a row that somebody should be told. */
  | {
      readonly type: 'gate.escalated';
      readonly gate: string;
      /** Branch or environment that it keeps failing on. */
      readonly on: string;
      readonly failures: number;
      /** When the first of them was judged. */
      readonly sinceMs: number;
      readonly sentence: string;
    };
