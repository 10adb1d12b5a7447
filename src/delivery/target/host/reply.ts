import type { CommandEnd, Probed, TargetReply } from '../contract.ts';
import type { Answer } from './agent.ts';
import { linesOf } from './look.ts';
import type { AnswerRecord } from './wire.ts';

type Cause = Extract<TargetReply, { outcome: 'refused' }>['cause'];
const CAUSES: readonly string[] = ['older-fence', 'no-room', 'not-found', 'invalid'] satisfies Cause[];

/** What a host's answer to a change means. */
export function replyOf(answer: Answer): TargetReply {
  if (answer.outcome === 'unreached') return refusal('failed', answer.reason);
  if (answer.outcome === 'unknown') return { outcome: 'unknown', reason: answer.reason };
  const { reply, cause, reason } = answer.last;
  if (reply === 'done') return { outcome: 'done', end: endOf(answer.last) };
  if (reply === 'refused') return refusal(CAUSES.includes(cause!) ? (cause as Cause) : 'failed', reason!);
  return { outcome: 'unknown', reason: reason ?? `the host answered ${reply}` };
}

/** What a host's answer to the question what became of a change means. */
export function probedOf(answer: Answer): Probed {
  if (answer.outcome !== 'answered') return { found: 'unknown', reason: answer.reason };
  const { reply, reason } = answer.last;
  if (reply === 'done') return { found: 'done', end: endOf(answer.last) };
  if (reply === 'not-done') return { found: 'not-done' };
  return { found: reply === 'failed' ? 'failed' : 'unknown', reason: reason ?? `the host answered ${reply}` };
}

export function refusal(cause: Cause, reason: string): TargetReply {
  return { outcome: 'refused', cause, reason };
}

function endOf({ code, tail }: AnswerRecord): CommandEnd | null {
  return code === undefined ? null : { code: Number(code), tail: linesOf(tail) };
}
