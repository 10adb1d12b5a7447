import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { NewEvent } from '../src/journal/event.ts';
import { machineClock } from '../src/machine/clock.ts';
import { eventText } from '../src/store/chain.ts';
import type { Store } from '../src/store/contract.ts';
import { openSqliteStore } from '../src/store/sqlite/sqlite-store.ts';

/*
 * How quick the journal is, beside what node:sqlite does with the same rows and no chain on the same disk in the same
 * run. Prints ratios; the seconds belong to this machine. `node bench/store.ts [rounds]`
 */

const rounds = Number(process.argv[2] ?? 5);
const folder = mkdtempSync(join(tmpdir(), 'sluice-bench-store-'));
let files = 0;

/** A step's end with its outputs: 300 bytes as stored. */
function anEvent(at: number): NewEvent {
  return {
    schemaVersion: 1,
    at,
    actor: { kind: 'controller', id: 'host-4711' },
    cause: 'run/0k3s8a2z4m7xqb#17',
    body: {
      type: 'cell.finished',
      cell: `test[node=24,shard=${at % 50}]`,
      job: 'test',
      attempt: 1,
      outcome: 'succeeded',
      cause: null,
      step: null,
      durationMs: 1234,
      outputs: {},
      tail: [],
      retry: null,
    },
  };
}

/** Events a second when `count` events are written by `write`. */
async function perSecond(count: number, write: () => void | Promise<void>): Promise<number> {
  const startedAt = performance.now();
  await write();
  return (count / (performance.now() - startedAt)) * 1000;
}

async function floor(count: number, perTransaction: number): Promise<number> {
  files += 1;
  const database = new DatabaseSync(join(folder, `floor-${files}.db`));
  database.exec('pragma journal_mode = wal; pragma synchronous = full');
  database.exec(
    'create table event (stream integer, sequence integer, hash text, body text, unique (stream, sequence))',
  );
  const insert = database.prepare('insert into event values (?, ?, ?, ?)');
  const hash = 'a'.repeat(64);
  const text = eventText(anEvent(1_795_000_000_000));
  const rate = await perSecond(count, () => {
    for (let i = 0; i < count; i += perTransaction) {
      database.exec('begin immediate');
      for (let j = i; j < i + perTransaction; j++) insert.run(j % 50, Math.floor(j / 50), hash, text);
      database.exec('commit');
    }
  });
  database.close();
  return rate;
}

/** `writers` streams grow at once, each waiting for its append before the next one. */
async function journal(count: number, writers: number, perAppend: number, stalls: Stall[]): Promise<number> {
  files += 1;
  const store = await openSqliteStore(join(folder, `store-${files}.db`), { clock: machineClock });
  const watch = watchLoop();
  const rate = await perSecond(count, async () => {
    const each = count / writers;
    await Promise.all(
      Array.from({ length: writers }, (_, writer) => grow(store, `run/${writer}`, each, perAppend)),
    );
  });
  stalls.push(watch());
  await store.close();
  return rate;
}

async function grow(store: Store, stream: string, count: number, perAppend: number): Promise<void> {
  let sequence = 0;
  while (sequence < count) {
    const events = Array.from({ length: perAppend }, (_, i) => anEvent(1_795_000_000_000 + sequence + i));
    ({ sequence } = await store.journal.append(stream, sequence, events));
  }
}

/** The longest turn of the loop: by the clock, and by the processor time of this thread, which other work cannot lengthen. */
interface Stall {
  readonly wallMs: number;
  readonly cpuMs: number;
}

/** Measures the longest turn of the loop until the returned function is called. */
function watchLoop(): () => Stall {
  let wallMs = 0;
  let cpuMs = 0;
  let lastMs = performance.now();
  let lastCpu = process.threadCpuUsage();
  let going = true;
  const turn = () => {
    const nowMs = performance.now();
    const cpu = process.threadCpuUsage();
    wallMs = Math.max(wallMs, nowMs - lastMs);
    cpuMs = Math.max(cpuMs, (cpu.user + cpu.system - lastCpu.user - lastCpu.system) / 1000);
    lastMs = nowMs;
    lastCpu = cpu;
    if (going) setImmediate(turn);
  };
  setImmediate(turn);
  return () => {
    going = false;
    return { wallMs, cpuMs };
  };
}

/** The longest stall of a loop that only computes 6 ms a turn, which is what the machine's other work makes of it. */
async function noise(): Promise<Stall> {
  const watch = watchLoop();
  for (const endsAt = performance.now() + 1000; performance.now() < endsAt; ) {
    const sliceEndsAt = performance.now() + 6;
    while (performance.now() < sliceEndsAt);
    await new Promise(setImmediate);
  }
  return watch();
}

async function openings(): Promise<{ readonly fresh: number; readonly existing: number }> {
  files += 1;
  const file = join(folder, `open-${files}.db`);
  const timed = async () => {
    const startedAt = performance.now();
    const store = await openSqliteStore(file, { clock: machineClock });
    const tookMs = performance.now() - startedAt;
    await store.journal.append('run/x', await store.journal.head('run/x'), [anEvent(1)]);
    await store.close();
    return tookMs;
  };
  return { fresh: await timed(), existing: await timed() };
}

const middle = (values: readonly number[]) => values.toSorted((a, b) => a - b)[values.length >> 1]!;
const measured: Record<string, number[]> = {};
const stalls: Stall[] = [];
const noises: Stall[] = [];
const note = (name: string, value: number) => {
  measured[name] ??= [];
  measured[name].push(value);
};

try {
  for (let round = 0; round < rounds; round++) {
    note('floor, 1,000 rows a transaction', await floor(100_000, 1000));
    note('floor, 1 row a transaction', await floor(2_000, 1));
    note('journal, 1,000 streams x 1 event', await journal(100_000, 1000, 1, stalls));
    note('journal, 100 streams x 10 events', await journal(100_000, 100, 10, stalls));
    note('journal, 1 stream x 1,000 events', await journal(100_000, 1, 1000, stalls));
    note('journal, 1 stream x 1 event', await journal(2_000, 1, 1, stalls));
    noises.push(await noise());
    const { fresh, existing } = await openings();
    note('open a new store (ms)', fresh);
    note('open an existing store (ms)', existing);
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}

const groupFloor = middle(measured['floor, 1,000 rows a transaction']!);
const singleFloor = middle(measured['floor, 1 row a transaction']!);
console.log(`${eventText(anEvent(1_795_000_000_000)).length} bytes an event, median of ${rounds}`);
for (const [name, values] of Object.entries(measured)) {
  const value = middle(values);
  if (name.includes('(ms)')) {
    console.log(`${name.padEnd(36)} ${value.toFixed(1)}`);
    continue;
  }
  const single = name.endsWith('x 1 event') && name.startsWith('journal, 1 stream');
  const ratio = name.startsWith('floor')
    ? ''
    : `  ${(value / (single ? singleFloor : groupFloor)).toFixed(2)} of its floor`;
  console.log(`${name.padEnd(36)} ${Math.round(value).toLocaleString('en').padStart(9)}/s${ratio}`);
}
const worst = (all: readonly Stall[], of: keyof Stall) => {
  const values = all.map((stall) => stall[of]);
  return `${Math.max(...values).toFixed(1)} ms, median ${middle(values).toFixed(1)} ms`;
};
console.log(`longest turn of the loop, by CPU     ${worst(stalls, 'cpuMs')} (goal < 20)`);
console.log(`longest turn of the loop, by clock   ${worst(stalls, 'wallMs')}`);
console.log(`of a loop that computes 6 ms a turn  ${worst(noises, 'wallMs')}`);
