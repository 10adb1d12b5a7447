import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { openKeeping } from '../../src/main/rooms.ts';
import { Seeded } from '../sim/random.ts';
import { killProcessesOf } from '../support/processes.ts';
import { homeOf, runProduct, startProduct } from '../support/product.ts';
import { makeRepository } from '../support/repository.ts';
import { needs } from '../support/require.ts';
import { clearHome, fillHome, mountHome, unmountHome } from './small-disk.ts';
import { readJournal } from './trial.ts';

const REPOSITORY = fileURLToPath(new URL('full-repository', import.meta.url));
const LEVELS = process.env.SLUICE_SOAK === '1' ? 100 : 4;
const SEED = Number(process.env.SLUICE_SEED ?? Date.now() % 1_000_000);
const LEFT_MAX_BYTES = 4_000_000;
/** Later, little is left to be written. */
const EVENTS_MAX = 10;
/** The disk is as full as each test makes it, so the floor must not refuse the run. */
const NO_FLOOR = { SLUICE_DISK_FLOOR: '0' };

const root = mkdtempSync(join(tmpdir(), 'sluice-disk-full-'));
const repository = join(root, 'repository');

beforeAll(() => {
  cpSync(REPOSITORY, repository, { recursive: true });
  makeRepository(repository);
});

afterAll(() => rmSync(root, { recursive: true, force: true, maxRetries: 3 }));

describe('a disk that gets full', () => {
  beforeEach((context) => {
    const probe = join(root, 'probe');
    const isAllowed = mountHome(probe);
    if (isAllowed) unmountHome(probe);
    needs(context, 'the right to mount a file system', isAllowed, 'run the tests as root');
  });

  it(`loses nothing that was acknowledged, and a later run succeeds (SLUICE_SEED=${SEED})`, {
    timeout: 600_000,
  }, async () => {
    for (let level = 0; level < LEVELS; level++) {
      const random = new Seeded(SEED * 1000 + level);
      const said = `SLUICE_SEED=${SEED}, level ${level}`;
      const folder = join(root, `level-${level}`);
      expect(mountHome(folder)).toBe(true);
      try {
        await oneLevel(folder, random, said);
      } finally {
        killProcessesOf(folder);
        unmountHome(folder);
        rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
      }
    }
  });

  it('refuses a new run before, and says what to do', async () => {
    const folder = join(root, 'floor');
    expect(mountHome(folder)).toBe(true);
    try {
      fillHome(folder, 300_000);
      const end = await runProduct(['run'], { folder, cwd: repository });
      expect(end.code).toBe(3);
      expect(end.stderr.replace(/\s+/g, ' ')).toMatch(
        /the disk of .* has \d+ KiB left, and below 1.3 MiB nothing new begins; .*make room: `sluice cache prune`/,
      );
      expect((await readJournal(folder)).events).toEqual([]);
    } finally {
      unmountHome(folder);
    }
  });
});

async function oneLevel(folder: string, random: Seeded, said: string): Promise<void> {
  const settings = { folder, cwd: repository, environment: NO_FLOOR };
  // After the second run the ballast is there.
  for (let earlier = random.below(3); earlier > 0; earlier--)
    expect((await runProduct(['run'], settings)).code, said).toBe(0);
  const product = startProduct(['run', '--events'], settings);
  const after = random.below(EVENTS_MAX);
  await product.until((output) => output.split('\n').length > after, 'events').catch(() => {});
  // Mostly down to the last blocks, where more goes wrong.
  fillHome(folder, Math.floor(LEFT_MAX_BYTES * random.next() ** 4));
  const end = await product.ended;
  expect(end.stderr, said).not.toMatch(/^\s+at .*:\d+:\d+/m);
  if (end.code !== 0) expect(end.stdout + end.stderr, said).toMatch(/disk|space|ENOSPC/);

  clearHome(folder);
  const { events, damage } = await readJournal(folder);
  expect(damage, said).toEqual([]);
  for (const line of end.stdout.split('\n').filter((text) => text.startsWith('{"schemaVersion"'))) {
    const told = JSON.parse(line) as { sequence: number; stream: string; body: unknown };
    const kept = events.find(({ sequence, stream }) => sequence === told.sequence && stream === told.stream);
    expect(kept?.body, said).toEqual(told.body);
  }
  await expectKept(folder, said);
  if (events.length > 0 && events.at(-1)!.body.type !== 'run.finished') {
    const resumed = await runProduct(['resume'], settings);
    expect(resumed.code, `${said}: ${resumed.stderr}`).not.toBe(3);
  }
  const later = await runProduct(['run'], settings);
  expect(later.code, `${said}: ${later.stdout} ${later.stderr}`).toBe(0);
}

/** Every artifact that is told of is whole. */
async function expectKept(folder: string, said: string): Promise<void> {
  const keeping = await openKeeping(homeOf(folder), {}, () => {});
  for (const record of await keeping.artifacts.find({}))
    expect(await keeping.trees.isWhole(record.tree), said).toBe(true);
  await keeping.close();
}
