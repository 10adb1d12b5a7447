import { type Digest, digestOf } from '../base/digest.ts';
import type { JsonObject, JsonValue } from '../base/json.ts';
import {
  type Answer,
  type Approval,
  type ApprovalRefusal,
  answerApproval,
  expireApproval,
  openApproval,
  useApproval,
} from '../gate/approval.ts';
import type { ApprovedThing, Cause, KeptArtifact } from '../journal/run-event.ts';
import { evaluateTemplate } from '../pipeline/expression.ts';
import { jobContext } from './context.ts';
import { leaveCellGroup } from './group.ts';
import { type CellState, findCell, type RunState } from './state.ts';
import { stopCells } from './stop.ts';
import { approvalTimer } from './timer.ts';
import type { Turn } from './turn.ts';

/** What somebody answered, as the host knows it. */
export interface ApprovalAnswer extends Omit<Answer, 'mayApprove'> {
  /** A cell, or a job of one cell. */
  readonly cell: string;
  /** A comment, or why not. */
  readonly text: string | null;
}

/** Asks people, and sets the time until which they may answer. A message that cannot be evaluated ends the cell. */
export function askPeople(turn: Turn, cell: CellState): void {
  const { state, now } = turn;
  const job = state.course.jobs[cell.job]!;
  const request = job.approval!;
  const context = { ...jobContext(state, cell.job), matrix: cell.values ?? {} };
  const message = request.message === null ? null : evaluateTemplate(request.message, context);
  if (message && !message.ok) {
    const cause = { kind: 'invalid', message: `the message of ${cell.name}: ${message.message}` } as const;
    end(turn, cell, { outcome: 'errored', cause });
    return;
  }
  const { binding, artifacts } = thingOf(state, cell.job);
  const { timeoutMs } = state.course.stageOf.get(job.stage)!;
  const opened = openApproval(request, binding, authorsOf(state), timeoutMs, now);
  turn.emit({
    type: 'approval.requested',
    cell: cell.name,
    job: job.id,
    message: message?.value ?? null,
    approvers: request.approvers,
    count: request.count,
    authors: opened.authors,
    authorAllowed: request.authorAllowed,
    form: request.form,
    openedAtMs: opened.openedAtMs,
    expiresAtMs: opened.expiresAtMs,
    onExpiry: request.onExpiry,
    binding,
    artifacts,
  });
  setApprovalTimer(turn, cell.name, opened.expiresAtMs);
}

/** Somebody's answer: it counts, or the journal says why not. */
export function takeAnswer(turn: Turn, answer: ApprovalAnswer): void {
  const asked = askedCell(turn.state, answer.cell);
  if (asked) takeExpiry(turn, asked.name);
  const verdict = judgeAnswer(turn.state, answer, turn.now);
  const { by, text } = answer;
  if (!verdict.ok) {
    const { code, sentence } = verdict;
    turn.emit({ type: 'approval.refused', cell: answer.cell, by, code, sentence });
    return;
  }
  const { cell, approval } = verdict;
  const job = turn.state.course.jobs[cell.job]!.id;
  if (approval.status === 'rejected') {
    turn.emit({ type: 'approval.rejected', cell: cell.name, job, by, reason: text ?? '' });
  } else {
    const { answers } = approval.votes.at(-1)!;
    const left = approval.status === 'approved' ? 0 : approval.request.count - approval.votes.length;
    const { sentence } = approval;
    turn.emit({ type: 'approval.given', cell: cell.name, job, by, answers, comment: text, left, sentence });
  }
  endIfDecided(turn, cell.name, text);
}

export type AnswerVerdict =
  | { readonly ok: true; readonly cell: CellState; readonly approval: Approval }
  | { readonly ok: false; readonly code: ApprovalRefusal | 'unknown'; readonly sentence: string };

/** What would come of an answer. Pure; nothing is changed. */
export function judgeAnswer(state: RunState, answer: ApprovalAnswer, now: number): AnswerVerdict {
  const cell = askedCell(state, answer.cell);
  if (!cell?.approval) {
    return { ok: false, code: 'unknown', sentence: `${answer.cell} does not wait for an approval` };
  }
  if (cell.phase !== 'asked') {
    // Also when it was cancelled and nobody had decided anything.
    const how = cell.approval.status === 'waiting' ? cell.outcome : cell.approval.sentence;
    return { ok: false, code: 'over', sentence: `nobody is asked any more: ${how}` };
  }
  const { text: _text, cell: _cell, ...given } = answer;
  // Whoever can write to this store may approve; which of them is asked, the request says.
  const step = answerApproval(cell.approval, { ...given, mayApprove: true }, now);
  return step.ok ? { ok: true, cell, approval: step.approval } : step;
}

/** The time is over, if it is: by the deadline in the journal, whoever drove the run meanwhile. */
export function takeExpiry(turn: Turn, name: string): void {
  const cell = askedCell(turn.state, name);
  if (cell?.phase !== 'asked' || !cell.approval) return;
  const over = expireApproval(cell.approval, turn.now);
  if (over.status === 'waiting') {
    // The clock was set back, and the timer came too early.
    setApprovalTimer(turn, cell.name, cell.approval.expiresAtMs);
    return;
  }
  const job = turn.state.course.jobs[cell.job]!.id;
  const result = over.status === 'approved' ? 'approve' : 'reject';
  turn.emit({ type: 'approval.expired', cell: cell.name, job, result, sentence: over.sentence });
  endIfDecided(turn, cell.name, null);
}

/** Asks for the timers anew that a dead owner had. */
export function setApprovalTimers(turn: Turn): void {
  for (const cell of turn.state.cells) {
    if (cell.phase === 'asked') setApprovalTimer(turn, cell.name, cell.approval!.expiresAtMs);
  }
}

/** Whether nothing of the run can go on before people answer, or the time for that is over. */
export function waitsForPeople(state: RunState): boolean {
  if (state.phase !== 'running' || state.running.length > 0) return false;
  let asked = 0;
  for (const { phase } of state.cells) {
    if (phase === 'ready' || phase === 'held' || phase === 'delayed') return false;
    if (phase === 'asked') asked++;
  }
  return asked > 0;
}

function setApprovalTimer(turn: Turn, cell: string, atMs: number): void {
  turn.commands.push({ type: 'set-timer', id: approvalTimer(cell), atMs });
}

/** By its name, or by that of its job when that has no matrix. Also one that is not asked any more. */
function askedCell(state: RunState, name: string): CellState | null {
  const index = findCell(state, name);
  if (index < 0) return null;
  const cell = state.cells.at(index);
  return cell.approval ? cell : null;
}

function endIfDecided(turn: Turn, name: string, text: string | null): void {
  const cell = turn.state.cells.at(findCell(turn.state, name));
  const { status, votes, sentence } = cell.approval!;
  if (status === 'waiting') return;
  if (status === 'rejected') {
    const last = votes.at(-1);
    const by = last?.decision === 'reject' ? last.by : null;
    const cause = { kind: 'rejected', by, reason: by === null ? sentence : (text ?? '') } as const;
    const { allowFailure } = turn.state.course.jobs[cell.job]!;
    end(turn, cell, { outcome: allowFailure ? 'warned' : 'failed', cause });
    return;
  }
  // What was approved must be what goes on now.
  const use = useApproval(cell.approval!, thingOf(turn.state, cell.job).binding);
  if (!use.ok) throw new Error(`internal error: ${name} changed while it waited: ${use.sentence}`);
  end(turn, cell, { outcome: 'succeeded', cause: null, outputs: outputsOf(use.approval) });
}

/** All that people filled in; of a field that several did the last one's answer. */
function outputsOf({ votes }: Approval): Record<string, string> {
  return Object.assign({}, ...votes.map((vote) => vote.answers));
}

interface End {
  readonly outcome: 'succeeded' | 'failed' | 'warned' | 'errored';
  readonly cause: Cause | null;
  readonly outputs?: Readonly<Record<string, string>>;
}

function end(turn: Turn, cell: CellState, { outcome, cause, outputs = {} }: End): void {
  const openedAtMs = cell.approval?.openedAtMs ?? turn.now;
  turn.emit({
    type: 'cell.finished',
    cell: cell.name,
    job: turn.state.course.jobs[cell.job]!.id,
    attempt: cell.attempt,
    outcome,
    cause,
    step: null,
    durationMs: Math.max(0, turn.now - openedAtMs),
    outputs,
    tail: [],
    retry: null,
  });
  leaveCellGroup(turn, cell);
  if (turn.state.jobs.at(cell.job).failFast === cell.name) stopCells(turn);
}

/** Commit, plan, and what the jobs before have made: the approval is for these and nothing else. */
function thingOf(state: RunState, job: number) {
  const { course } = state;
  const artifacts = keptBefore(state, job).map(({ name, version, digest }) => ({ name, version, digest }));
  const binding: ApprovedThing = {
    commit: course.request.source.commit ?? 'none',
    planDigest: course.plan.digest,
    artifactDigest: digestOfAll(artifacts.map(({ digest }) => digest)),
  };
  return { binding, artifacts };
}

function digestOfAll(digests: readonly Digest[]): Digest | null {
  const different = [...new Set(digests)].sort();
  return different.length <= 1 ? (different[0] ?? null) : digestOf(different.join('\n'));
}

function keptBefore({ course, jobs }: RunState, job: number): readonly KeptArtifact[] {
  const before = new Set(course.needs[job]!);
  for (const index of before) for (const further of course.needs[index]!) before.add(further);
  return [...before].sort((a, b) => a - b).flatMap((index) => jobs.at(index).kept);
}

/**
 * Who asked for the run and, where a forge sent its event, who made the change there: accounts. The author of a git commit is
 * whoever the committer says.
 */
export function authorsOf({ course }: RunState): readonly string[] {
  const { askedBy = [], event } = course.request;
  const { payload } = event;
  const fromForge = [
    textAt(payload, 'pull_request', 'user', 'login'),
    textAt(payload, 'sender', 'login'),
    textAt(payload, 'user', 'username'),
    textAt(payload, 'user_username'),
  ];
  return [...new Set([...askedBy, ...fromForge.filter((account) => account !== null)])];
}

function textAt(payload: JsonObject, ...path: readonly string[]): string | null {
  let value: JsonValue | undefined = payload;
  for (const name of path) {
    if (value === null || typeof value !== 'object' || Array.isArray(value)) return null;
    value = Object.hasOwn(value, name) ? (value as JsonObject)[name] : undefined;
  }
  return typeof value === 'string' && value !== '' ? value : null;
}
