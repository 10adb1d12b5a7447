import { cpSync, existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { StoredEvent } from '../../src/journal/event.ts';
import { machineClock } from '../../src/machine/clock.ts';
import type { Damage } from '../../src/store/contract.ts';
import { openSqliteStore } from '../../src/store/sqlite/sqlite-store.ts';
import type { Seeded } from '../sim/random.ts';
import { isHelper, killProcess, processesOf } from '../support/processes.ts';
import { homeOf, type Product, type ProductEnd, runProduct, startProduct } from '../support/product.ts';
import { makeRepository } from '../support/repository.ts';

const REPOSITORY = fileURLToPath(new URL('repository', import.meta.url));
/** The events of a whole run without a crash, roughly: a kill comes after one of so many. */
const EVENTS_OF_A_RUN = 105;
/** How long after that event. */
const DELAY_MAX_MS = 30;

/** What was killed, and when. */
export type Kill = {
  readonly who: 'program' | 'both' | 'helper';
  readonly afterEvents: number;
  readonly delayMs: number;
};

export interface Trial {
  readonly folder: string;
  readonly runId: string;
  readonly kills: readonly Kill[];
  /** The events as they were after each kill, and at the end. */
  readonly journals: readonly (readonly StoredEvent[])[];
  readonly damage: readonly Damage[];
  readonly ledger: readonly string[];
  readonly end: ProductEnd;
}

/**
 * Runs the pipeline with the real program, kills it as the seed says, and goes on with `resume` until the run is over.
 * `kills` is how often the program may be killed.
 */
export async function playTrial(folder: string, random: Seeded, kills: number): Promise<Trial> {
  const repository = join(folder, 'repository');
  const ledger = join(folder, 'ledger');
  mkdirSync(folder);
  cpSync(REPOSITORY, repository, { recursive: true });
  makeRepository(repository);
  const done: Kill[] = [];
  const journals: (readonly StoredEvent[])[] = [];
  let args = ['run', '--var', `LEDGER=${ledger}`];
  for (;;) {
    const product = startProduct([...args, '--workers', '2', '--events'], { folder, cwd: repository });
    if (done.length < kills) {
      const kill = await killAtRandom(product, folder, random);
      if (kill) done.push(kill);
    }
    const end = await product.ended;
    const { events, damage } = await readJournal(folder);
    journals.push(events);
    if (end.signal === null || events.at(-1)?.body.type === 'run.finished') {
      // Killed when the run was over and only tidying was left: the next run does that.
      if (end.signal !== null) await runProduct(['run', '--job', 'first'], { folder, cwd: repository });
      const lines = existsSync(ledger) ? readFileSync(ledger, 'utf8').split('\n').filter(Boolean) : [];
      return { folder, runId: runIdOf(events), kills: done, journals, damage, ledger: lines, end };
    }
    if (events.length > 0) args = ['resume'];
  }
}

function runIdOf(events: readonly StoredEvent[]): string {
  const first = events[0]?.body;
  return first?.type === 'run.requested' ? first.runId : '';
}

/** Kills after a number of events that the program told, and some milliseconds. null: the program was over before. */
async function killAtRandom(product: Product, folder: string, random: Seeded): Promise<Kill | null> {
  const kill: Kill = {
    who: random.chance(0.7) ? 'program' : random.chance(0.7) ? 'both' : 'helper',
    afterEvents: random.below(EVENTS_OF_A_RUN),
    delayMs: random.below(DELAY_MAX_MS),
  };
  const told = (output: string): boolean => output.split('\n').length > kill.afterEvents;
  const isThere = await product.until(told, 'events').then(
    () => true,
    () => false,
  );
  await delay(kill.delayMs);
  if (!isThere) return null;
  let hit = kill.who !== 'helper' && product.kill('SIGKILL');
  if (kill.who !== 'program') {
    for (const { pid } of processesOf(folder).filter(isHelper)) hit = killProcess(pid) || hit;
  }
  return hit ? kill : null;
}

/** All events of the newest run, and whether the journal is sound. */
export async function readJournal(
  folder: string,
): Promise<{ events: readonly StoredEvent[]; damage: readonly Damage[] }> {
  const file = join(homeOf(folder), 'store', 'journal.db');
  if (!existsSync(file)) return { events: [], damage: [] };
  const store = await openSqliteStore(file, { clock: machineClock });
  try {
    const stream = (await store.journal.streams('run/'))[0];
    const events = stream === undefined ? [] : await store.journal.read(stream);
    return { events, damage: await store.journal.verify() };
  } finally {
    await store.close();
  }
}
