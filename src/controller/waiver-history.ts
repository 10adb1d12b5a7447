import { WAIVER_STALE_MS, type WaiverHistory } from '../gate/waiver.ts';
import { foldWaivers } from '../gate/waiver-history.ts';
import type { StoredEvent } from '../journal/event.ts';
import type { GateEvent } from '../journal/gate-event.ts';
import { gateStream } from '../journal/stream.ts';
import type { Plan, PlanJob } from '../pipeline/plan.ts';
import type { Journal } from '../store/contract.ts';

const PAGE_EVENTS = 200;
/** Verdicts of a busy gate. What is older is then as if it never was, so that too few are called stale and never too many. */
const EVENTS_MAX = 5000;

/**
 * What is known of the waivers of a job's gates, from the streams of all jobs that have these gates: what one of them needs is not
 * stale. Back to the last verdict before the time in which a waiver has to be used. Empty, without a look, for a job that has no
 * waivers.
 */
export async function waiverHistory(
  journal: Journal,
  repository: string,
  { gates }: PlanJob,
  { jobs, waivers }: Pick<Plan, 'jobs' | 'waivers'>,
  nowMs: number,
): Promise<WaiverHistory> {
  const own = gates.map(({ name }) => name).filter((name) => waivers.some((one) => one.condition === name));
  if (own.length === 0) return {};
  const judging = jobs.filter((job) => job.gates.some(({ name }) => own.includes(name)));
  const past = await Promise.all(
    judging.map(({ id }) => verdictsSince(journal, gateStream(repository, id), nowMs - WAIVER_STALE_MS)),
  );
  return foldWaivers(past.flat().sort((a, b) => a.at - b.at));
}

async function verdictsSince(
  journal: Journal,
  stream: string,
  sinceMs: number,
): Promise<readonly StoredEvent<GateEvent>[]> {
  const past: StoredEvent<GateEvent>[] = [];
  for (let end = await journal.head(stream); end > 0 && past.length < EVENTS_MAX; ) {
    const start = Math.max(0, end - PAGE_EVENTS);
    past.unshift(...((await journal.read(stream, start, end - start)) as readonly StoredEvent<GateEvent>[]));
    end = start;
    if (past[0] !== undefined && past[0].at < sinceMs) break;
  }
  return past;
}
