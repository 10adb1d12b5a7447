import { UserError, userError } from '../base/diagnostic.ts';
import type { Clock } from '../base/port.ts';
import { apply, begin } from '../engine/apply.ts';
import { type AnswerVerdict, judgeAnswer } from '../engine/approval.ts';
import { accountOf } from '../journal/account.ts';
import type { Actor, StoredEvent } from '../journal/event.ts';
import type { RunEvent } from '../journal/run-event.ts';
import { inboxStream, runStream } from '../journal/stream.ts';
import type { Journal } from '../store/contract.ts';
import type { GivenAnswer, StartedRun, TakenAnswer } from './contract.ts';

export interface AnswerOptions {
  readonly journal: Journal;
  readonly clock: Clock;
  readonly actor: Actor;
  /** Names of the actor's teams. */
  readonly teams: readonly string[];
  /** Writes to the run's inbox; resolves to the event's sequence there. */
  readonly tell: (body: Extract<RunEvent, { type: 'approval.answered' }>) => Promise<number>;
  readonly isOrphaned: () => Promise<boolean>;
  /** Takes the run over. */
  readonly resume: () => Promise<StartedRun>;
}

/** A living owner looks into its inbox in less. */
const TAKEN_WITHIN_MS = 15_000;
const LOOK_MS = 50;

/** See `Client.answer`. `events`: all of the run so far. */
export async function answerRun(
  runId: string,
  events: readonly StoredEvent[],
  given: GivenAnswer,
  options: AnswerOptions,
): Promise<TakenAnswer> {
  const { journal, clock, actor, teams } = options;
  const by = accountOf(actor);
  const verdict = judgeAnswer(stateOf(events), { ...given, by, teams }, clock.now());
  if (!verdict.ok) throw refused(runId, given, verdict);
  const sequence = await options.tell({ type: 'approval.answered', teams, ...given });
  const cause = `${inboxStream(runId)}#${sequence}`;
  const untilMs = clock.monotonic() + TAKEN_WITHIN_MS;
  let run: StartedRun | null = null;
  let seen = events.length;
  while (clock.monotonic() < untilMs) {
    for (const event of await journal.read(runStream(runId), seen)) {
      seen = event.sequence;
      const taken = takenAs(event.cause === cause ? event.body : null, by);
      if (taken) return { ...taken, run };
      if (event.cause === cause && event.body.type === 'approval.refused')
        throw refused(runId, given, { ok: false, ...event.body } as Refused);
      if (event.body.type === 'run.finished')
        throw userError('run-over', `run ${runId} ended before the answer came: ${event.body.sentence}`);
    }
    if (run === null && (await options.isOrphaned())) {
      const taken = await options.resume().catch(othersAreQuicker);
      if (taken === 'of another')
        return {
          by,
          left: 0,
          sentence: `written down; it counts once its owner goes on: sluice resume ${runId}`,
          run,
        };
      run = taken;
    } else await new Promise<void>((resolve) => clock.after(LOOK_MS, resolve));
  }
  return { by, left: 0, sentence: 'written down, but the owner of the run has not taken it yet', run };
}

type Refused = Extract<AnswerVerdict, { ok: false }>;

function stateOf(events: readonly StoredEvent[]) {
  const [first, ...rest] = events;
  let state = begin(first!.body as Extract<RunEvent, { type: 'run.requested' }>, first!.at);
  for (const { body, at } of rest) state = apply(state, body as RunEvent, at);
  return state;
}

function takenAs(body: StoredEvent['body'] | null, by: string): Omit<TakenAnswer, 'run'> | null {
  if (body?.type === 'approval.given') return { by, left: body.left, sentence: body.sentence };
  if (body?.type === 'approval.rejected') return { by, left: 0, sentence: `rejected by ${by}` };
  return null;
}

/** Somebody else who answers may have taken the run over in the same moment; then that one takes this answer too. */
function othersAreQuicker(error: unknown): null | 'of another' {
  const code = error instanceof UserError ? error.diagnostics[0]?.code : null;
  // Only whose the folders are can drive what is in them.
  if (code === 'home-of-another') return 'of another';
  if (code === 'run-owned' || code === 'run-over') return null;
  throw error;
}

function refused(runId: string, { cell }: GivenAnswer, { code, sentence }: Refused): UserError {
  return userError(`approval-${code}`, `${cell} of run ${runId}: ${sentence}`, wayOut(runId, code));
}

function wayOut(runId: string, code: Refused['code']): string {
  switch (code) {
    case 'author':
      return 'ask somebody else, or allow it in the pipeline with `author: true`';
    case 'form':
      return 'fill it in with --field NAME=VALUE';
    case 'expired':
      return `let the run decide what follows: sluice resume ${runId}`;
    case 'other-commit':
    case 'other-plan':
    case 'other-artifact':
      return `look at what is asked now: sluice show ${runId}`;
    default:
      return `see who is asked and who has answered: sluice show ${runId}`;
  }
}
