import { writeSync } from 'node:fs';
import { machineClock } from '../../src/machine/clock.ts';
import { ConflictError, type Store } from '../../src/store/contract.ts';
import { openSqliteStore } from '../../src/store/sqlite/sqlite-store.ts';
import { anEvent } from './store-event.ts';

/*
 * A process of its own on a store, for the tests that need several: `node store-process.ts <what> <file> <name> <count>`.
 * It writes what it has done to its standard output, a line each, after the store has acknowledged it.
 */

const say = (text: string) => writeSync(1, `${text}\n`);

/** Appends `count` events to one stream, trying again when somebody else was quicker. */
async function append(store: Store, name: string, count: number): Promise<void> {
  let sequence = await store.journal.head('run/shared');
  for (let i = 0; i < count; ) {
    try {
      ({ sequence } = await store.journal.append('run/shared', sequence, [anEvent(`${name}-${i}`)]));
      i += 1;
    } catch (error) {
      if (!(error instanceof ConflictError)) throw error;
      sequence = error.actualSequence;
    }
  }
}

/** Takes the lease `count` times; each time writes down, fenced, that it came and went. */
async function fight(store: Store, name: string, count: number): Promise<void> {
  for (let i = 0; i < count; ) {
    const lease = await store.leases.acquire('shared', name, 60_000);
    if (lease === null) continue;
    for (const word of ['came', 'went']) {
      const head = await store.journal.head('run/holders');
      await store.journal.append('run/holders', head, [anEvent(`${word} ${lease.token} ${name}`)], lease);
    }
    await store.leases.release(lease);
    i += 1;
  }
}

/** Works off the queue. */
async function claim(store: Store, name: string): Promise<void> {
  for (;;) {
    const task = await store.tasks.claim([], name, 60_000, machineClock.now());
    if (task === null) return;
    say(task.id);
    await store.tasks.complete(task.id, task.attempt);
  }
}

/** Appends, sets timers and says so, until it is killed. */
async function run(store: Store, name: string): Promise<void> {
  const grow = async (stream: string) => {
    let sequence = await store.journal.head(stream);
    for (;;) {
      const events = [anEvent(`${name}-${sequence + 1}`), anEvent(`${name}-${sequence + 2}`)];
      ({ sequence } = await store.journal.append(stream, sequence, events));
      say(`${stream} ${sequence}`);
    }
  };
  const time = async () => {
    for (let i = 0; ; i++) {
      await store.timers.set({ id: `${name}-${i}`, dueAtMs: i, payload: 'x' });
      say(`timer ${name}-${i}`);
    }
  };
  await Promise.all([grow('run/1'), grow('run/2'), grow('run/3'), time()]);
}

const [what, file, name, count] = process.argv.slice(2) as [string, string, string, string];
const store = await openSqliteStore(file, { clock: machineClock });
const deeds: Record<string, () => Promise<void>> = {
  open: async () => {},
  append: () => append(store, name, Number(count)),
  fight: () => fight(store, name, Number(count)),
  claim: () => claim(store, name),
  run: () => run(store, name),
};
await deeds[what]!();
await store.close();
