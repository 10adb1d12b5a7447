import { counted, visible } from '../base/text.ts';
import type { ApprovalView, CellView, RunView } from '../client/run-view.ts';
import { allCells } from './run-count.ts';
import { commandWord } from './shown.ts';
import { dateTime } from './time-text.ts';

/** The cells that wait for people. */
export function askedCells(view: RunView): CellView[] {
  return allCells(view)
    .map(({ cell }) => cell)
    .filter((cell) => cell.state === 'asked');
}

/** Whether only people can bring the run on. */
export function waitsForPeople(view: RunView): boolean {
  const cells = allCells(view).map(({ cell }) => cell);
  if (view.outcome !== null || cells.some(({ state }) => state === 'running' || state === 'queued'))
    return false;
  return cells.some(({ state }) => state === 'asked');
}

/** What whoever agrees types. */
export function approveCommand(runId: string, { name, approval }: CellView): string {
  const fields = Object.entries(approval?.form ?? {}).filter(
    ([, field]) => field.required && field.default === null,
  );
  const given = fields.map(([field]) => ` --field ${commandWord(field)}=...`).join('');
  return `sluice approve ${runId} ${commandWord(name)}${given}`;
}

/** The same where there is little room: what has to be filled in is told by the command itself. */
export function shortestCommand(runId: string, asked: readonly CellView[]): string {
  const [first] = asked;
  return asked.length === 1
    ? `sluice approve ${runId}`
    : `sluice approve ${runId} ${commandWord(first!.name)}`;
}

/** What whoever objects types. */
export function rejectCommand(runId: string, { name }: CellView): string {
  return `sluice reject ${runId} ${commandWord(name)} --reason ...`;
}

/** How it stands, in few words: `waits for approval (1 of 2)`. */
export function approvalInShort({ count, answers }: ApprovalView): string {
  return count === 1 ? 'waits for approval' : `waits for approval (${answers.length} of ${count})`;
}

/** What is asked, one sentence each: question, what it is for, who may answer until when, form, answers. */
export function approvalTexts(approval: ApprovalView, isOver: boolean): string[] {
  const { message, binding, artifacts, form, answers } = approval;
  const made = artifacts.map(({ name, version }) => `${visible(name)} ${visible(version)}`);
  const thing = binding.commit === 'none' ? 'files without a commit' : `commit ${binding.commit.slice(0, 7)}`;
  return [
    ...(message === null ? [] : [visible(message)]),
    `for ${[thing, `plan ${binding.planDigest.slice(0, 12)}`, ...made].join(', ')}`,
    ...(isOver ? [] : [whoText(approval)]),
    ...(isOver ? [] : Object.entries(form).map(([name, field]) => fieldText(name, field))),
    ...answers.map(answerText),
  ];
}

function whoText({ approvers, count, authors, authorAllowed, expiresAtMs, onExpiry }: ApprovalView): string {
  const who = approvers.length === 0 ? 'anybody' : `of ${approvers.map(visible).join(', ')}`;
  const not = authorAllowed || authors.length === 0 ? '' : `, not ${authors.map(visible).join(' or ')}`;
  const people = counted(count, 'approval');
  const then = onExpiry === 'approve' ? 'approved' : 'rejected';
  return `${people} ${approvers.length === 0 ? 'by ' : ''}${who}${not}; without them it is ${then} at ${dateTime(expiresAtMs)}`;
}

function fieldText(name: string, field: ApprovalView['form'][string]): string {
  const { description, kind, options, required, default: value } = field;
  const facts = [
    kind === 'choice' ? options.map(visible).join(' | ') : kind === 'flag' ? 'true or false' : null,
    required ? 'must be filled in' : null,
    value === null ? null : `default ${visible(value)}`,
  ].filter((fact) => fact !== null);
  return `field ${visible(name)}: ${visible(description)}${facts.length > 0 ? ` (${facts.join(', ')})` : ''}`;
}

function answerText({ by, decision, atMs, answers, text }: ApprovalView['answers'][number]): string {
  const filled = Object.entries(answers).map(([name, value]) => `${visible(name)}=${visible(value)}`);
  const words = [...filled, ...(text ? [visible(text)] : [])].join(', ');
  return `${decision === 'approve' ? 'approved' : 'rejected'} by ${visible(by)} at ${dateTime(atMs)}${words === '' ? '' : `: ${words}`}`;
}
