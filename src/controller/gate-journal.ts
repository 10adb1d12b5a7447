import { eventsOf, foldReviews } from '../gate/bypass.ts';
import { escalationOf, type PastVerdict } from '../gate/escalate.ts';
import type { GateResult } from '../gate/result.ts';
import type { Actor, NewEvent, StoredEvent, Subject } from '../journal/event.ts';
import type { GateEvent } from '../journal/gate-event.ts';
import { gateStream } from '../journal/stream.ts';
import type { Waiver } from '../pipeline/plan-gate.ts';
import { ConflictError, type Journal } from '../store/contract.ts';

/** So much of a gate's past is looked at, for reviews that are open and for failures in a row. */
const LOOKED_BACK = 200;
const TRIES_MAX = 20;

export interface Verdict {
  /** The `stream#sequence` of the event that ended the cell: a verdict is recorded once. */
  readonly cause: string;
  readonly result: GateResult;
  readonly waivers: readonly Waiver[];
  readonly repository: string;
  /** What it keeps failing on; null: no branch. */
  readonly branch: string | null;
}

/**
 * Records a verdict in the stream of its gate: that it was judged, which waivers were used, what must be looked at afterwards, and
 * that it keeps failing. Runs of one repository share the stream, so that another writer may come first.
 */
export async function recordVerdict(
  journal: Journal,
  actor: Actor,
  subject: Subject,
  verdict: Verdict,
  atMs: number,
): Promise<void> {
  const stream = gateStream(verdict.repository, verdict.result.gate);
  for (let tries = 1; ; tries++) {
    const head = await journal.head(stream);
    const past = await journal.read(stream, Math.max(0, head - LOOKED_BACK));
    if (past.some(({ cause }) => cause === verdict.cause)) return;
    const entries = eventsFor(verdict, past as readonly StoredEvent<GateEvent>[]).map(
      (body): NewEvent => ({ schemaVersion: 1, at: atMs, actor, cause: verdict.cause, subject, body }),
    );
    try {
      await journal.append(stream, head, entries);
      return;
    } catch (error) {
      if (!(error instanceof ConflictError) || tries === TRIES_MAX) throw error;
    }
  }
}

function eventsFor(
  { result, waivers, branch }: Verdict,
  past: readonly StoredEvent<GateEvent>[],
): readonly GateEvent[] {
  const events = eventsOf(result, waivers, foldReviews(past));
  if (branch === null) return events;
  const told = events.map((event) => (event.type === 'gate.judged' ? { ...event, branch } : event));
  const onBranch = [...past.map(({ body }) => body), ...told].flatMap((body) => pastVerdict(body, branch));
  const escalation = escalationOf(result.gate, branch, onBranch);
  return escalation ? [...told, escalation] : told;
}

function pastVerdict(body: GateEvent, branch: string): PastVerdict[] {
  if (body.type !== 'gate.judged' || body.branch !== branch) return [];
  return [{ effect: body.effect, judgedAtMs: (body.result as unknown as GateResult).judgedAtMs }];
}
