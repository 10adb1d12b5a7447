import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { machineClock } from '../../src/machine/clock.ts';
import { DamageError, type Store } from '../../src/store/contract.ts';
import { openSqliteStore } from '../../src/store/sqlite/sqlite-store.ts';
import { anEvent } from './store-event.ts';

const STREAMS = ['run/a', 'run/b', 'run/c'];
const FILES = ['journal.db', 'journal.db-wal', 'journal.db.mark'];
/** Flips and cuts of each kind. */
const RUNS = process.env.SLUICE_SOAK === '1' ? 1500 : 60;
/** The same for all openings, so that leases live on. */
const machine = { boot: 'test', nowMs: () => 1000 };

type Found = 'open' | 'read' | 'verify' | null;

/** Everything a reader can see of a store; a reading that is refused as damage is the word `refused`. */
async function sight(store: Store): Promise<Record<string, unknown>> {
  const seen: Record<string, unknown> = {};
  const look = async (name: string, reading: Promise<unknown>) => {
    try {
      seen[name] = await reading;
    } catch (error) {
      if (!(error instanceof DamageError)) throw error;
      seen[name] = 'refused';
    }
  };
  for (const stream of STREAMS) {
    await look(`head of ${stream}`, store.journal.head(stream));
    await look(`events of ${stream}`, store.journal.read(stream));
    await look(`middle of ${stream}`, store.journal.read(stream, 11, 7));
  }
  await look('head of run/none', store.journal.head('run/none'));
  await look('streams', store.journal.streams(''));
  await look('timers', store.timers.due(1e15));
  await look(
    'lease',
    store.leases.peek('run/a').then((lease) => lease && [lease.owner, lease.token]),
  );
  await look('waiting', store.tasks.waiting());
  return seen;
}

/** Changes the database past the store. */
function edit(file: string, sql: string): void {
  const database = new DatabaseSync(file, { enableForeignKeyConstraints: false });
  database.exec(sql);
  database.close();
}

/** These may miss a row whose index was damaged; then `verify` must say so. */
const LISTS = ['streams', 'timers', 'waiting', 'lease'];

describe('damage of a sqlite store', () => {
  let folder: string;
  let truth: Record<string, unknown>;
  let count = 0;

  const open = (file: string) => openSqliteStore(file, { clock: machineClock, machine });

  /** Makes the store whose copies are damaged: `closed` as a clean end leaves it, `killed` with a write-ahead file. */
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'sluice-damage-'));
    const home = join(folder, 'home');
    const store = await open(join(home, 'journal.db'));
    // What a reader may still want is not carried over to the database, so that some is in the write-ahead file at the end.
    const reader = new DatabaseSync(join(home, 'journal.db'));
    reader.exec('begin; select count(*) from event');
    for (let i = 0; i < 10; i++) {
      for (const stream of STREAMS) {
        const events = Array.from({ length: 4 }, (_, k) =>
          anEvent(`${stream} ${i} ${k} ${'x'.repeat(i * 20)}`),
        );
        await store.journal.append(stream, i * 4, events);
      }
      if (i % 3 === 1) await store.journal.checkpoint();
      if (i === 4) save('old');
      await store.timers.set({ id: `timer-${i}`, dueAtMs: i, payload: `payload ${i}` });
      await store.tasks.enqueue({ id: `task-${i}`, payload: `payload ${i}`, labels: ['linux'], priority: i });
    }
    await store.leases.acquire('run/a', 'me', 1e9);
    truth = await sight(store);
    save('killed');
    reader.close();
    await store.close();
    save('closed');
  });

  afterAll(() => {
    rmSync(folder, { recursive: true });
  });

  function save(name: string): void {
    mkdirSync(join(folder, name));
    copy('home', name);
  }

  function copy(from: string, to: string): void {
    for (const file of FILES) {
      if (existsSync(join(folder, from, file)))
        copyFileSync(join(folder, from, file), join(folder, to, file));
    }
  }

  /**
   * Damages a copy and says where it was noticed. Fails when something that is not the truth was read, or when a list
   * misses something and `verify` does not say so.
   */
  async function noticed(from: string, harm: (file: (name: string) => string) => void): Promise<Found> {
    count += 1;
    const name = `copy-${count}`;
    mkdirSync(join(folder, name));
    copy(from, name);
    try {
      harm((file) => join(folder, name, file));
      return await judge(join(folder, name, 'journal.db'));
    } finally {
      rmSync(join(folder, name), { recursive: true });
    }
  }

  async function judge(file: string): Promise<Found> {
    let store: Store;
    try {
      store = await open(file);
    } catch (error) {
      expect((error as Error).message).toContain(file);
      return 'open';
    }
    try {
      const seen = await sight(store);
      const damage = await store.journal.verify();
      for (const { sentence } of damage) expect(sentence).toContain(file);
      let refused = false;
      for (const [name, value] of Object.entries(seen)) {
        if (value === 'refused') refused = true;
        else if (damage.length === 0 || !LISTS.includes(name))
          expect([name, value]).toEqual([name, truth[name]]);
      }
      if (refused) expect(damage).not.toEqual([]);
      return refused ? 'read' : damage.length > 0 ? 'verify' : null;
    } finally {
      await store.close();
    }
  }

  it('is not reported where there is none', async () => {
    expect(await noticed('closed', () => {})).toBeNull();
    expect(await noticed('killed', () => {})).toBeNull();
  });

  const flip = (path: string, where: number, bit: number) => {
    const bytes = readFileSync(path);
    bytes[where % bytes.length]! ^= 1 << bit;
    writeFileSync(path, bytes);
  };

  it.each([
    ['closed', 'journal.db'],
    ['killed', 'journal.db-wal'],
    ['killed', 'journal.db.mark'],
  ])(
    'by a flipped bit in a %s store’s %s is noticed or changes nothing',
    { timeout: RUNS * 2000 },
    async (from, name) => {
      await fc.assert(
        fc.asyncProperty(fc.nat(), fc.nat(7), async (where, bit) => {
          await noticed(from, (file) => flip(file(name), where, bit));
        }),
        { numRuns: RUNS },
      );
    },
  );

  it.each([
    ['closed', 'journal.db'],
    ['killed', 'journal.db-wal'],
  ])('by a cut of a %s store’s %s is noticed', { timeout: RUNS * 2000 }, async (from, name) => {
    await fc.assert(
      fc.asyncProperty(fc.nat(), async (where) => {
        const found = await noticed(from, (file) =>
          truncateSync(file(name), where % readFileSync(file(name)).length),
        );
        expect(found).not.toBeNull();
      }),
      { numRuns: RUNS / 3 },
    );
  });

  it('by a zeroed page is noticed', { timeout: 60_000 }, async () => {
    const pages = readFileSync(join(folder, 'closed', 'journal.db')).length / 4096;
    for (let page = 0; page < pages; page++) {
      const found = await noticed('closed', (file) => {
        const bytes = readFileSync(file('journal.db'));
        writeFileSync(file('journal.db'), bytes.fill(0, page * 4096, (page + 1) * 4096));
      });
      expect([page, found]).not.toEqual([page, null]);
    }
  });

  it('by a deleted write-ahead file is noticed at open, with what was lost', async () => {
    await expect(noticed('killed', (file) => rmSync(file('journal.db-wal')))).resolves.toBe('open');
    const name = join(folder, 'home', 'journal.db');
    copy('killed', 'home');
    rmSync(`${name}-wal`);
    await expect(open(name)).rejects.toThrow(
      /is missing or cut; restore the store from a backup|lost events after/,
    );
  });

  it.each<[string, string, (file: (name: string) => string, folder: string) => void]>([
    ['a deleted database', 'closed', (file) => rmSync(file('journal.db'))],
    ['an emptied database', 'closed', (file) => writeFileSync(file('journal.db'), '')],
    ['a deleted mark', 'closed', (file) => rmSync(file('journal.db.mark'))],
    ['a mark full of rubbish', 'closed', (file) => writeFileSync(file('journal.db.mark'), 'rubbish')],
    [
      'an older database',
      'closed',
      (file, home) => copyFileSync(join(home, 'old', 'journal.db'), file('journal.db')),
    ],
  ])('by %s is noticed at open', async (_, from, harm) => {
    expect(await noticed(from, (file) => harm(file, folder))).toBe('open');
  });

  it('by another store in its place is noticed at open', async () => {
    const other = join(folder, 'other.db');
    const store = await open(other);
    for (let i = 0; i < 60; i++) await store.journal.append('run/a', i * 3, ['1', '2', '3'].map(anEvent));
    await store.close();
    expect(await noticed('closed', (file) => copyFileSync(other, file('journal.db')))).toBe('open');
  });

  it('can be accepted by emptying the mark', async () => {
    const found = await noticed('killed', (file) => {
      rmSync(file('journal.db-wal'));
      copyFileSync(join(folder, 'closed', 'journal.db'), file('journal.db'));
      writeFileSync(file('journal.db.mark'), '');
    });
    expect(found).toBeNull();
  });

  const ID = (stream: string) => `(select id from stream where name = '${stream}')`;
  const EVENT = (sequence: number) => `stream = ${ID('run/b')} and sequence = ${sequence}`;

  it.each([
    [
      'an edited event',
      `update event set body = replace(body, 'controller', 'contro11er') where ${EVENT(20)}`,
    ],
    [
      'an edited first event',
      `update event set body = replace(body, 'xx', 'xy') where ${EVENT(1)} or ${EVENT(40)}`,
    ],
    ['an edited hash', `update event set hash = replace(hash, 'a', 'b') where ${EVENT(20)}`],
    ['a removed event', `delete from event where ${EVENT(20)}`],
    ['a removed first event', `delete from event where ${EVENT(1)}`],
    ['a removed last event', `delete from event where ${EVENT(40)}`],
    ['removed events at the end', `delete from event where stream = ${ID('run/b')} and sequence > 30`],
    ['a removed head', "delete from stream where name = 'run/b'"],
    [
      'two events that changed places',
      `update event set sequence = 99 where ${EVENT(20)}; update event set sequence = 20 where ${EVENT(21)};
       update event set sequence = 21 where ${EVENT(99)}`,
    ],
    [
      'an event moved to another stream',
      `update event set stream = ${ID('run/c')}, sequence = 41 where ${EVENT(40)};
       update stream set sequence = 41 where name = 'run/c'`,
    ],
    ['an event too many', `insert into event select stream, 41, hash, body from event where ${EVENT(40)}`],
    ['a renumbered event', `update event set sequence = 77 where ${EVENT(40)}`],
    ['a head set back', "update stream set sequence = 39 where name = 'run/b'"],
    [
      'a head with another hash',
      "update stream set hash = (select hash from stream where name = 'run/a') where name = 'run/b'",
    ],
    ['a renamed stream', "update stream set name = 'run/x' where name = 'run/b'"],
    [
      'an edited checkpoint',
      "update checkpoint set heads = replace(heads, 'run/a', 'run/x') where number = 2",
    ],
    ['a removed checkpoint', 'delete from checkpoint where number = 2'],
    ['a removed last checkpoint', 'delete from checkpoint where number = 3'],
    [
      'checkpoints that changed places',
      'update checkpoint set number = 9 where number = 1; update checkpoint set number = 1 where number = 2; update checkpoint set number = 2 where number = 9',
    ],
    ['an edited lease', "update lease set token = 7 where name = 'run/a'"],
    ['an edited timer', "update timer set due_at_ms = 5000 where id = 'timer-3'"],
    ['an edited task', "update task set priority = 5000 where id = 'task-3'"],
    ['an edited state', 'update state set events = events - 1'],
    ['a removed state', 'delete from state'],
    ['a dropped table', 'drop table checkpoint'],
    ['a dropped index', 'drop index timer_due'],
  ])('by %s is noticed', async (_, sql) => {
    expect(await noticed('closed', (file) => edit(file('journal.db'), sql))).not.toBeNull();
  });

  // Rows and heads agree in these, so that only the counts over the whole store tell.
  it.each([
    [
      'a removed stream',
      `delete from event where stream = ${ID('run/b')}; delete from stream where name = 'run/b'`,
    ],
    [
      'an end that was taken back with its head',
      `delete from event where ${EVENT(40)};
       update stream set sequence = 39, hash = (select hash from event where ${EVENT(39)}) where name = 'run/b'`,
    ],
  ])('by %s is found by verify', async (_, sql) => {
    const file = join(folder, 'forged', 'journal.db');
    mkdirSync(join(folder, 'forged'));
    copy('closed', 'forged');
    edit(file, sql);
    const store = await open(file);
    const sentences = (await store.journal.verify()).map(({ sentence }) => sentence);
    expect(sentences).toContainEqual(
      expect.stringMatching(/120 events were written to .*, only \d+ are there/),
    );
    await store.close();
    rmSync(join(folder, 'forged'), { recursive: true });
  });

  it('at the end of a stream keeps anybody from appending to it', async () => {
    const file = join(folder, 'append.db');
    let store = await open(file);
    await store.journal.append('run/a', 0, [anEvent('1'), anEvent('2')]);
    await store.close();
    edit(file, "update event set body = replace(body, 'controller', 'person') where sequence = 2");
    store = await open(file);
    const [damaged, other] = await Promise.allSettled([
      store.journal.append('run/a', 2, [anEvent('3')]),
      store.journal.append('run/b', 0, [anEvent('1')]),
    ]);
    expect(damaged).toMatchObject({
      status: 'rejected',
      reason: { damage: [{ stream: 'run/a', sequence: 2 }] },
    });
    expect(other!.status).toBe('fulfilled');
    await store.close();
  });
});
