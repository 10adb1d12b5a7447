import { WAIVER_STALE_MS, type WaiverHistory } from '../gate/waiver.ts';
import { foldWaivers } from '../gate/waiver-history.ts';
import type { StoredEvent } from '../journal/event.ts';
import type { GateEvent } from '../journal/gate-event.ts';
import { gateStream } from '../journal/stream.ts';
import type { PlanJob } from '../pipeline/plan.ts';
import type { Waiver } from '../pipeline/plan-gate.ts';
import type { Journal } from '../store/contract.ts';

const PAGE_EVENTS = 200;
/** Verdicts of a busy gate. What is older is then as if it never was, so that too few are called stale and never too many. */
const EVENTS_MAX = 5000;

/**
 * What is known of the waivers of a job's gates, from the stream of its gate: back to the last verdict before the time in which a
 * waiver has to be used. Empty, without a look, for a job that has no waivers.
 */
export async function waiverHistory(
  journal: Journal,
  repository: string,
  { id, gates }: PlanJob,
  waivers: readonly Waiver[],
  nowMs: number,
): Promise<WaiverHistory> {
  const names = gates.map(({ name }) => name);
  if (!waivers.some(({ condition }) => names.includes(condition))) return {};
  const stream = gateStream(repository, id);
  const past: StoredEvent<GateEvent>[] = [];
  for (let end = await journal.head(stream); end > 0 && past.length < EVENTS_MAX; ) {
    const start = Math.max(0, end - PAGE_EVENTS);
    past.unshift(...((await journal.read(stream, start, end - start)) as readonly StoredEvent<GateEvent>[]));
    end = start;
    if (past[0] !== undefined && past[0].at < nowMs - WAIVER_STALE_MS) break;
  }
  return foldWaivers(past);
}
