import type { Clock } from '../base/port.ts';
import type { CacheUse, RunEvent } from '../journal/run-event.ts';
import { RUN_STREAM_PREFIX } from '../journal/stream.ts';
import type { Journal } from '../store/contract.ts';
import type { Caches, CacheView } from './contract.ts';
import { forPeople, type KeptRooms } from './kept.ts';

/** Runs whose journals are read to tell how often a key helped. */
const RUNS_MAX = 200;
/** Younger contents may belong to a run that is still on its way to name them. */
const GRACE_MS = 3_600_000;

/** Directory caches for faces: what is kept, and what the journal tells of its use. */
export function clientCaches({
  open,
  journal,
  clock,
}: {
  readonly open: () => Promise<KeptRooms>;
  readonly journal: Journal;
  readonly clock: Clock;
}): Caches {
  return {
    list: (repository) =>
      forPeople(async () => {
        const views = new Map<string, Mutable<CacheView>>();
        const view = (key: string): Mutable<CacheView> => {
          const known = views.get(key) ?? { key, kept: [], hits: 0, misses: 0, savedMs: 0 };
          views.set(key, known);
          return known;
        };
        for (const { key, ...kept } of await (await open()).caches.entries(repository)) {
          const known = view(key);
          known.kept = [...known.kept, kept];
        }
        for await (const { key, action, savedMs } of cacheUses(journal, repository)) {
          if (action === 'restored') {
            view(key).hits += 1;
            view(key).savedMs += savedMs;
          } else if (action === 'missed') view(key).misses += 1;
        }
        return [...views.values()];
      }),
    remove: (repository, key) => forPeople(async () => (await open()).caches.remove(repository, key)),
    prune: ({ bytesMax, ageMaxMs }) =>
      forPeople(async () => {
        const { artifacts, collectors } = await open();
        const nowMs = clock.now();
        const pruned = {
          artifacts: (await artifacts.expire(nowMs)).length,
          cacheEntries: 0,
          contents: 0,
          bytes: 0,
        };
        const limits = { cacheBytesMax: bytesMax, cacheAgeMaxMs: ageMaxMs, graceMs: GRACE_MS };
        for (const collector of collectors) {
          const { references, blobs, bytes } = await collector.collect(limits, nowMs);
          pruned.cacheEntries += references;
          pruned.contents += blobs;
          pruned.bytes += bytes;
        }
        return pruned;
      }),
  };
}

type Mutable<T> = { -readonly [Key in keyof T]: T[Key] };

/** What the newest runs of the repository did with caches. */
async function* cacheUses(journal: Journal, repository: string): AsyncGenerator<CacheUse> {
  for (const stream of await journal.streams(RUN_STREAM_PREFIX, RUNS_MAX)) {
    const [first] = await journal.read(stream, 0, 1);
    if (first?.subject?.repository !== repository) continue;
    for (const { body } of await journal.read(stream, 1)) yield* usesOf(body as RunEvent);
  }
}

function usesOf(event: RunEvent): readonly CacheUse[] {
  return (event.type === 'cell.finished' && event.extras?.caches) || [];
}
