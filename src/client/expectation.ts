import { RUN_STREAM_PREFIX } from '../journal/stream.ts';
import type { Journal } from '../store/contract.ts';

/** Runs looked at, and runs of the pipeline that make up an expectation. */
const LOOKED_AT_MAX = 50;
const TAKEN_MAX = 9;

/** Median duration of a succeeded cell of each job over the pipeline's last runs, in milliseconds. */
export async function expectationsOf(
  journal: Journal,
  repository: string,
  pipeline: string,
): Promise<Readonly<Record<string, number>>> {
  const durations = new Map<string, number[]>();
  let taken = 0;
  for (const stream of await journal.streams(RUN_STREAM_PREFIX, LOOKED_AT_MAX)) {
    if (taken >= TAKEN_MAX) break;
    const [last] = await journal.read(stream, (await journal.head(stream)) - 1, 1);
    if (last?.body.type !== 'run.finished') continue;
    if (last.subject?.repository !== repository || last.body.pipeline !== pipeline) continue;
    taken += 1;
    for (const [job, ms] of Object.entries(last.body.cellMs)) {
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
