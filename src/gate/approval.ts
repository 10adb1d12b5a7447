import type { Digest } from '../base/digest.ts';
import { counted } from '../base/text.ts';
import type { ApprovalField, ApprovalRequest } from '../pipeline/plan-approval.ts';
import { isSameAccount } from './waiver.ts';

/** What exactly is approved. An approval of anything else is none. */
export interface ApprovalBinding {
  readonly commit: string;
  readonly planDigest: Digest;
  /** null: nothing is deployed from an artifact. */
  readonly artifactDigest: Digest | null;
}

export interface Vote {
  readonly by: string;
  readonly decision: 'approve' | 'reject';
  readonly atMs: number;
  readonly answers: Readonly<Record<string, string>>;
}

export type ApprovalStatus = 'waiting' | 'approved' | 'rejected' | 'used';

/** An approval from its question to its use. Plain data. */
export interface Approval {
  readonly request: ApprovalRequest;
  readonly binding: ApprovalBinding;
  /** Accounts of who wrote the change and who started the run. */
  readonly authors: readonly string[];
  readonly openedAtMs: number;
  /** From this moment on nobody can answer any more. */
  readonly expiresAtMs: number;
  readonly votes: readonly Vote[];
  readonly status: ApprovalStatus;
  /** How it came to its status. */
  readonly sentence: string;
}

/** Somebody's answer, with what the host knows of them. */
export interface Answer {
  readonly by: string;
  /** Names of their teams, without `team/`. */
  readonly teams: readonly string[];
  /** Whether they may approve in this repository at all. */
  readonly mayApprove: boolean;
  readonly decision: 'approve' | 'reject';
  /** What they saw when they answered. */
  readonly binding: ApprovalBinding;
  readonly answers: Readonly<Record<string, string>>;
}

export type ApprovalStep =
  | { readonly ok: true; readonly approval: Approval }
  | { readonly ok: false; readonly code: ApprovalRefusal; readonly sentence: string };

export type ApprovalRefusal =
  | 'over'
  | 'expired'
  | 'other-commit'
  | 'other-plan'
  | 'other-artifact'
  | 'not-allowed'
  | 'author'
  | 'twice'
  | 'form'
  | 'not-approved'
  | 'used';

/** Begins to wait. `stageTimeoutMs` is how long where the request does not say it. */
export function openApproval(
  request: ApprovalRequest,
  binding: ApprovalBinding,
  authors: readonly string[],
  stageTimeoutMs: number,
  nowMs: number,
): Approval {
  const expiresAtMs = nowMs + (request.expiresAfterMs ?? stageTimeoutMs);
  const sentence = `waits for ${counted(request.count, 'approval')}`;
  return {
    request,
    binding,
    authors,
    openedAtMs: nowMs,
    expiresAtMs,
    votes: [],
    status: 'waiting',
    sentence,
  };
}

/** Takes somebody's answer. One rejection ends it; so does the last approval that is needed. */
export function answerApproval(approval: Approval, answer: Answer, nowMs: number): ApprovalStep {
  const refusal = refusalOf(approval, answer, nowMs);
  if (refusal) return refusal;
  const { by, decision } = answer;
  const answers = decision === 'approve' ? filledIn(approval.request.form, answer.answers) : {};
  const votes = [...approval.votes, { by, decision, atMs: nowMs, answers }];
  if (decision === 'reject') {
    return { ok: true, approval: { ...approval, votes, status: 'rejected', sentence: `rejected by ${by}` } };
  }
  const left = approval.request.count - votes.length;
  const people = votes.map((vote) => vote.by).join(' and ');
  return {
    ok: true,
    approval:
      left > 0
        ? {
            ...approval,
            votes,
            sentence: `approved by ${people}; waits for ${counted(left, 'more approval')}`,
          }
        : { ...approval, votes, status: 'approved', sentence: `approved by ${people}` },
  };
}

/** Ends the wait when its time is over, with the result that the request states; otherwise it stays as it is. */
export function expireApproval(approval: Approval, nowMs: number): Approval {
  if (approval.status !== 'waiting' || nowMs < approval.expiresAtMs) return approval;
  const { count, onExpiry } = approval.request;
  const answered = `${approval.votes.length} of ${counted(count, 'approval')} came in time`;
  return onExpiry === 'approve'
    ? { ...approval, status: 'approved', sentence: `${answered}, and \`on_expiry\` is approve` }
    : { ...approval, status: 'rejected', sentence: `${answered}` };
}

/** Uses it for exactly what it is bound to; a second time it is refused. */
export function useApproval(approval: Approval, binding: ApprovalBinding): ApprovalStep {
  const { status, sentence } = approval;
  if (status === 'used') return refuse('used', 'this approval was used; ask for another one');
  if (status !== 'approved') return refuse('not-approved', `it is not approved: ${sentence}`);
  return otherThing(approval, binding) ?? { ok: true, approval: { ...approval, status: 'used' } };
}

function refusalOf(approval: Approval, answer: Answer, nowMs: number): Refused | null {
  const { request, status, sentence, authors, votes, expiresAtMs } = approval;
  const { by } = answer;
  if (status !== 'waiting') return refuse('over', `nobody is asked any more: ${sentence}`);
  if (nowMs >= expiresAtMs) return refuse('expired', 'the time for an answer is over');
  const other = otherThing(approval, answer.binding);
  if (other) return other;
  const isAuthor = authors.some((author) => isSameAccount(author, by));
  if (answer.decision === 'reject') {
    // Whoever is asked may, also one who has agreed before, and whoever wrote the change or started the run.
    return isAuthor || (answer.mayApprove && isAsked(request, answer))
      ? null
      : refuse('not-allowed', `${by} may not reject this: ${by} is not asked, and did not start it`);
  }
  if (!answer.mayApprove || !isAsked(request, answer))
    return refuse('not-allowed', `${by} may not approve this`);
  if (votes.some((vote) => isSameAccount(vote.by, by))) return refuse('twice', `${by} has answered already`);
  if (!request.authorAllowed && isAuthor) {
    return refuse('author', `${by} wrote this change or started the run, so somebody else must approve it`);
  }
  const problem = formProblem(request.form, answer.answers);
  return problem === null ? null : refuse('form', problem);
}

type Refused = Extract<ApprovalStep, { ok: false }>;

function refuse(code: ApprovalRefusal, sentence: string): Refused {
  return { ok: false, code, sentence };
}

function otherThing({ binding }: Approval, asked: ApprovalBinding): Refused | null {
  if (binding.commit !== asked.commit) {
    return refuse('other-commit', `it is for commit ${binding.commit}, not for ${asked.commit}`);
  }
  if (binding.planDigest !== asked.planDigest) return refuse('other-plan', 'the pipeline has changed since');
  if (binding.artifactDigest !== asked.artifactDigest)
    return refuse('other-artifact', 'it is for another artifact');
  return null;
}

function isAsked({ approvers }: ApprovalRequest, { by, teams }: Answer): boolean {
  if (approvers.length === 0) return true;
  return approvers.some((approver) =>
    approver.startsWith('team/')
      ? teams.some((team) => isSameAccount(team, approver.slice('team/'.length)))
      : isSameAccount(approver, by),
  );
}

function formProblem(form: ApprovalRequest['form'], answers: Answer['answers']): string | null {
  const unknown = Object.keys(answers).find((name) => !Object.hasOwn(form, name));
  if (unknown !== undefined) return `the form has no field ${unknown}`;
  const filled = filledIn(form, answers);
  for (const [name, field] of Object.entries(form)) {
    const problem = fieldProblem(name, field, filled[name]);
    if (problem !== null) return problem;
  }
  return null;
}

function fieldProblem(name: string, { kind, required, options }: ApprovalField, value: string | undefined) {
  if (value === undefined || value.trim() === '') return required ? `${name} must be filled in` : null;
  if (kind === 'flag' && value !== 'true' && value !== 'false') return `${name} is true or false`;
  if (kind === 'choice' && !options.includes(value)) return `${name} is one of ${options.join(', ')}`;
  return null;
}

function filledIn(form: ApprovalRequest['form'], answers: Answer['answers']): Record<string, string> {
  const filled: Record<string, string> = {};
  for (const [name, field] of Object.entries(form)) {
    const value = Object.hasOwn(answers, name) ? answers[name]! : field.default;
    if (value !== null) filled[name] = value;
  }
  return filled;
}
