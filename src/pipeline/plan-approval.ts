import type { Place } from '../base/diagnostic.ts';

/** A node that waits until people agree. Bound to commit, plan digest and artifact digest, and used once. */
export interface ApprovalRequest {
  /** What is asked, for people. Template. */
  readonly message: string | null;
  /** Accounts, or `team/NAME`. Empty: everyone who may approve in this repository. */
  readonly approvers: readonly string[];
  /** How many different people must agree. */
  readonly count: number;
  /** Whether the author of the change may be one of them. */
  readonly authorAllowed: boolean;
  /** What whoever approves fills in; the answers are the job's outputs. */
  readonly form: Readonly<Record<string, ApprovalField>>;
  /** How long it waits; null: the stage's time. */
  readonly expiresAfterMs: number | null;
  /** What it is when nobody answered in that time. */
  readonly onExpiry: 'reject' | 'approve';
  readonly place: Place;
}

export interface ApprovalField {
  readonly description: string;
  readonly kind: 'text' | 'flag' | 'choice';
  readonly required: boolean;
  readonly default: string | null;
  /** Of `choice`; empty otherwise. */
  readonly options: readonly string[];
}
