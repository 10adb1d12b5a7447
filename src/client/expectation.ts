import type { StoredEvent } from '../journal/event.ts';
import { RUN_STREAM_PREFIX } from '../journal/stream.ts';
import type { Journal } from '../store/contract.ts';

/** Runs looked at, and runs of the pipeline that make up an expectation. */
const LOOKED_AT_MAX = 30;
const TAKEN_MAX = 9;

/** The last event of each of the newest runs of all repositories, newest run first. */
export async function newestEnds(journal: Journal): Promise<readonly StoredEvent[]> {
  const ends: StoredEvent[] = [];
  for (const stream of await journal.streams(RUN_STREAM_PREFIX, LOOKED_AT_MAX)) {
    const [last] = await journal.read(stream, (await journal.head(stream)) - 1, 1);
    if (last) ends.push(last);
  }
  return ends;
}

/** Median duration of a succeeded cell of each job over the pipeline's last runs, in milliseconds. */
export function expectationsOf(
  ends: readonly StoredEvent[],
  repository: string,
  pipeline: string,
): Readonly<Record<string, number>> {
  const durations = new Map<string, number[]>();
  let taken = 0;
  for (const { body, subject } of ends) {
    if (taken >= TAKEN_MAX) break;
    if (body.type !== 'run.finished' || subject?.repository !== repository || body.pipeline !== pipeline)
      continue;
    // How long a stranger's code takes must not decide who goes first.
    if (subject.trust === 'untrusted') continue;
    taken += 1;
    for (const [job, ms] of Object.entries(body.cellMs)) {
      const list = durations.get(job) ?? [];
      list.push(ms);
      durations.set(job, list);
    }
  }
  return Object.fromEntries([...durations].map(([job, list]) => [job, median(list)]));
}

function median(values: number[]): number {
  values.sort((a, b) => a - b);
  return values[Math.floor(values.length / 2)]!;
}
