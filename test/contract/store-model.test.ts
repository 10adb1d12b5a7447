import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ConflictError, type Fence, FencedError, type Store } from '../../src/store/contract.ts';
import { openMemoryStore } from '../../src/store/memory.ts';
import { openSqliteStore } from '../../src/store/sqlite/sqlite-store.ts';
import { TestClock } from './store.contract.ts';
import { anEvent, messages } from './store-event.ts';

/** The journal as plain arrays, and a lease as a token with an end. */
interface Model {
  readonly streams: Map<string, string[]>;
  readonly leases: Map<string, { token: number; owner: string; held: boolean; endsAtMs: number }>;
  count: number;
}

interface Bench {
  readonly clock: TestClock;
  readonly model: Model;
  store: Store;
  readonly reopen: (() => Promise<Store>) | null;
}

const stream = fc.constantFrom('run/a', 'run/b');
const owner = fc.constantFrom('one', 'two');
/** How far a token or sequence is from the right one; mostly not at all. */
const off = fc.oneof(
  { weight: 4, arbitrary: fc.constant(0) },
  { weight: 1, arbitrary: fc.integer({ min: -1, max: 1 }) },
);

const isHeld = (lease: { held: boolean; endsAtMs: number } | undefined, clock: TestClock) =>
  lease?.held === true && clock.monotonic() < lease.endsAtMs;

/** Each command acts on the store and on the model, and compares what both say. */
class Append implements fc.AsyncCommand<Model, Bench> {
  readonly streamName: string;
  readonly size: number;
  readonly sequenceOff: number;
  readonly tokenOff: number | null;

  constructor(streamName: string, size: number, sequenceOff: number, tokenOff: number | null) {
    this.streamName = streamName;
    this.size = size;
    this.sequenceOff = sequenceOff;
    this.tokenOff = tokenOff;
  }

  check = () => true;
  toString = () =>
    `append(${this.streamName}, head${this.sequenceOff}, ${this.size}, token ${this.tokenOff})`;

  async run(model: Model, bench: Bench): Promise<void> {
    const texts = Array.from({ length: this.size }, (_, i) => `${model.count + i}`);
    model.count += this.size;
    const present = model.streams.get(this.streamName) ?? [];
    const lease = model.leases.get(this.streamName);
    const fence: Fence | undefined =
      this.tokenOff === null
        ? undefined
        : { lease: this.streamName, token: (lease?.token ?? 1) + this.tokenOff };
    const appended = bench.store.journal.append(
      this.streamName,
      present.length + this.sequenceOff,
      texts.map(anEvent),
      fence,
    );
    if (fence !== undefined && (!lease?.held || lease.token !== fence.token)) {
      await expect(appended).rejects.toThrow(FencedError);
    } else if (this.sequenceOff !== 0) {
      await expect(appended).rejects.toThrow(ConflictError);
    } else {
      await expect(appended).resolves.toEqual({ sequence: present.length + this.size });
      if (this.size > 0) model.streams.set(this.streamName, [...present, ...texts]);
    }
  }
}

/** A command out of a function, which tells what it does by its name. */
const command = (
  name: string,
  run: (model: Model, bench: Bench) => Promise<void>,
): fc.AsyncCommand<Model, Bench> => ({
  check: () => true,
  run,
  toString: () => name,
});

const commands = [
  fc
    .tuple(stream, fc.integer({ min: 0, max: 4 }), off, fc.option(off))
    .map(([name, size, sequenceOff, tokenOff]) => new Append(name, size, sequenceOff, tokenOff)),
  fc.tuple(stream, fc.nat(12), fc.nat(5)).map(([name, after, limit]) =>
    command(`read(${name}, ${after}, ${limit})`, async (model, { store }) => {
      const present = model.streams.get(name) ?? [];
      expect(await store.journal.head(name)).toBe(present.length);
      expect(messages(await store.journal.read(name))).toEqual(present);
      expect(messages(await store.journal.read(name, after, limit))).toEqual(
        present.slice(after, after + limit),
      );
      expect(await store.journal.streams('run/')).toEqual([...model.streams.keys()].toSorted().toReversed());
    }),
  ),
  fc.tuple(stream, owner, fc.integer({ min: 1, max: 50 })).map(([name, who, ttlMs]) =>
    command(`acquire(${name}, ${who}, ${ttlMs})`, async (model, { store, clock }) => {
      const lease = model.leases.get(name);
      const taken = isHeld(lease, clock) && lease!.owner !== who;
      const token = (lease?.token ?? 0) + 1;
      const got = await store.leases.acquire(name, who, ttlMs);
      expect(got).toEqual(taken ? null : { lease: name, token, expiresAtMs: clock.now() + ttlMs });
      if (!taken)
        model.leases.set(name, { token, owner: who, held: true, endsAtMs: clock.monotonic() + ttlMs });
    }),
  ),
  fc.tuple(stream, off, fc.integer({ min: 1, max: 50 })).map(([name, tokenOff, ttlMs]) =>
    command(`renew(${name}, token${tokenOff}, ${ttlMs})`, async (model, { store, clock }) => {
      const lease = model.leases.get(name);
      const good = lease?.held === true && tokenOff === 0;
      expect(await store.leases.renew({ lease: name, token: (lease?.token ?? 1) + tokenOff }, ttlMs)).toBe(
        good,
      );
      if (good) lease.endsAtMs = clock.monotonic() + ttlMs;
    }),
  ),
  fc.tuple(stream, off, fc.boolean()).map(([name, tokenOff, broken]) =>
    command(`${broken ? 'break' : 'release'}(${name}, token${tokenOff})`, async (model, { store }) => {
      const lease = model.leases.get(name);
      const token = (lease?.token ?? 1) + tokenOff;
      await (broken ? store.leases.break(name, token) : store.leases.release({ lease: name, token }));
      if (lease !== undefined && tokenOff === 0) lease.held = false;
    }),
  ),
  stream.map((name) =>
    command(`peek(${name})`, async (model, { store, clock }) => {
      const lease = model.leases.get(name);
      const seen = await store.leases.peek(name);
      expect(seen && [seen.owner, seen.token]).toEqual(
        isHeld(lease, clock) ? [lease!.owner, lease!.token] : null,
      );
    }),
  ),
  fc.tuple(fc.nat(30), fc.constantFrom(0, 86_400_000, -86_400_000)).map(([ms, jumpMs]) =>
    command(`pass(${ms}, jump ${jumpMs})`, async (_, { clock }) => {
      clock.pass(ms);
      clock.wallMs += jumpMs;
    }),
  ),
  fc.constant(command('checkpoint', (_, { store }) => store.journal.checkpoint())),
  fc.constant(
    command('verify', async (_, { store, reopen }) => {
      // SQLite's takes a thread each time; there it is done at the end only.
      if (reopen === null) expect(await store.journal.verify()).toEqual([]);
    }),
  ),
  fc.constant(
    command('reopen', async (_, bench) => {
      if (bench.reopen !== null) bench.store = await bench.reopen();
    }),
  ),
];

/** Runs random commands on a store that `open` makes, and lets it verify itself at the end. */
async function behavesAsModel(
  open: (clock: TestClock) => Promise<Pick<Bench, 'store' | 'reopen'>>,
  runs: number,
) {
  await fc.assert(
    fc.asyncProperty(fc.commands(commands, { maxCommands: 40 }), async (cmds) => {
      const clock = new TestClock();
      const model: Model = { streams: new Map(), leases: new Map(), count: 0 };
      const bench: Bench = { clock, model, ...(await open(clock)) };
      try {
        await fc.asyncModelRun(() => ({ model, real: bench }), cmds);
        expect(await bench.store.journal.verify()).toEqual([]);
      } finally {
        await bench.store.close();
      }
    }),
    { numRuns: runs },
  );
}

describe('a store behaves as arrays of events and a table of leases', () => {
  const soak = process.env.SLUICE_SOAK === '1' ? 20 : 1;
  let folder: string;
  let count = 0;

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'sluice-model-'));
  });

  afterAll(() => {
    rmSync(folder, { recursive: true });
  });

  it('in memory', { timeout: 60_000 * soak }, () =>
    behavesAsModel(async (clock) => ({ store: openMemoryStore(clock), reopen: null }), 300 * soak),
  );

  it('in SQLite, also when it is closed and opened between', { timeout: 60_000 * soak }, () =>
    behavesAsModel(async (clock) => {
      count += 1;
      const file = join(folder, `${count}.db`);
      const machine = { boot: 'test', nowMs: () => clock.monotonic() };
      let store = await openSqliteStore(file, { clock, machine });
      const reopen = async () => {
        await store.close();
        store = await openSqliteStore(file, { clock, machine });
        return store;
      };
      return { store, reopen };
    }, 60 * soak),
  );
});
