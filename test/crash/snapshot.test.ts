import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import type { Digest } from '../../src/base/digest.ts';
import type { StoredEvent } from '../../src/journal/event.ts';
import { openKeeping } from '../../src/main/rooms.ts';
import { Seeded } from '../sim/random.ts';
import { killProcessesOf } from '../support/processes.ts';
import { homeOf, startProduct } from '../support/product.ts';
import { makeRepository } from '../support/repository.ts';
import { readJournal } from './trial.ts';

const REPOSITORY = fileURLToPath(new URL('snapshot-repository', import.meta.url));
const TRIALS = process.env.SLUICE_SOAK === '1' ? 60 : 4;
const SEED = Number(process.env.SLUICE_SEED ?? Date.now() % 1_000_000);
/** Longer than a run takes between two of its events, shorter than a run. */
const DELAY_MAX_MS = 250;
const EVENTS_OF_A_RUN = 12;
const KILLS = 2;

const root = mkdtempSync(join(tmpdir(), 'sluice-snapshot-'));

afterAll(() => rmSync(root, { recursive: true, force: true, maxRetries: 3 }));

interface Place {
  readonly folder: string;
  readonly repository: string;
  readonly variables: readonly string[];
}

describe('workspaces that are kept', () => {
  it(`are whole and go back as they were, whenever the program is killed (SLUICE_SEED=${SEED})`, {
    timeout: 600_000,
  }, async () => {
    for (let number = 0; number < TRIALS; number++) {
      const random = new Seeded(SEED * 1000 + number);
      const said = `SLUICE_SEED=${SEED}, trial ${number}`;
      const place = makePlace(number);
      const first = await driveKilled(place, ['run', ...place.variables], random);
      expect(receipts(first), said).toEqual(['first succeeded', 'second succeeded', 'third failed']);
      await expectWhole(place.folder, first, said);
      writeFileSync(join(place.folder, 'fixed'), '');
      const again = await driveKilled(place, ['rerun', '--from', 'third'], random);
      expect(receipts(again), said).toEqual(['first succeeded', 'second succeeded', 'third succeeded']);
      const read = (name: string) => readFileSync(join(place.folder, name), 'utf8').trimEnd().split('\n');
      expect(read('ledger'), said).toEqual(['first', 'second', 'third', 'third']);
      expect(new Set(read('sums')).size, said).toBe(1);
      killProcessesOf(place.folder);
      rmSync(place.folder, { recursive: true, force: true, maxRetries: 3 });
    }
  });
});

function makePlace(number: number): Place {
  const folder = join(root, `trial-${number}`);
  const repository = join(folder, 'repository');
  mkdirSync(folder);
  cpSync(REPOSITORY, repository, { recursive: true });
  makeRepository(repository);
  const variables = ['LEDGER', 'SUMS', 'FIXED'].flatMap((name) => [
    '--var',
    `${name}=${join(folder, name.toLowerCase())}`,
  ]);
  return { folder, repository, variables };
}

/** Drives a run to its end with a few kills at random. Returns its events. */
async function driveKilled(
  { folder, repository }: Place,
  args: readonly string[],
  random: Seeded,
): Promise<readonly StoredEvent[]> {
  const before = (await readJournal(folder)).events[0]?.stream;
  let next = args;
  for (let kills = 0; ; kills++) {
    const product = startProduct([...next, '--events'], { folder, cwd: repository });
    if (kills < KILLS) {
      const after = random.below(EVENTS_OF_A_RUN);
      await product.until((output) => output.split('\n').length > after, 'events').catch(() => {});
      await delay(random.below(DELAY_MAX_MS));
      product.kill('SIGKILL');
    }
    await product.ended;
    const { events, damage } = await readJournal(folder);
    expect(damage).toEqual([]);
    const isBegun = events.length > 0 && events[0]!.stream !== before;
    if (isBegun && events.at(-1)?.body.type === 'run.finished') return events;
    next = isBegun ? ['resume'] : args;
  }
}

function receipts(events: readonly StoredEvent[]): readonly string[] {
  return events.flatMap(({ body }) =>
    body.type === 'step.finished' ? [`${body.step} ${body.outcome}`] : [],
  );
}

async function expectWhole(folder: string, events: readonly StoredEvent[], said: string): Promise<void> {
  const keeping = await openKeeping(homeOf(folder), {}, () => {});
  const digests = events.flatMap(({ body }): Digest[] =>
    body.type === 'step.finished' && body.snapshot ? [body.snapshot] : [],
  );
  expect(digests, said).toHaveLength(3);
  for (const [index, digest] of digests.entries()) {
    expect(await keeping.snapshots.isWhole(digest), said).toBe(true);
    const target = join(folder, `back-${index}`);
    await keeping.snapshots.restore(digest, target);
    expect(existsSync(join(target, 'tree', 'file-60')), said).toBe(index !== 1);
  }
  await keeping.close();
}
