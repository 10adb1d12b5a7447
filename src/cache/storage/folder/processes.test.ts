import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, utimesSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Digest } from '../../../base/digest.ts';
import { machineClock } from '../../../machine/clock.ts';
import { machineOwners } from '../../../machine/owners.ts';
import { openFolderCollector } from './collector.ts';
import { openFolderStorage } from './folder-storage.ts';
import { Layout } from './layout.ts';

const SCRIPT = join(import.meta.dirname, '../../../../test/contract/blob-process.ts');
const TRIALS = process.env.SLUICE_SOAK === '1' ? 150 : 5;
const SEED = Number(process.env.SLUICE_SEED ?? Math.floor(Math.random() * 1e9));
/** As in the script. */
const KEPT = 50;

describe('a folder storage and other processes', () => {
  let directory: string;
  let layout: Layout;

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'sluice-processes-'));
    layout = new Layout(directory);
  });

  afterEach(() => {
    rmSync(directory, { recursive: true });
  });

  const ports = () => ({ directory, clock: machineClock, owners: machineOwners() });
  const start = (what: string, name: string, count: number) =>
    spawn(process.execPath, [SCRIPT, what, directory, name, String(count)], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });

  /** What the process said; it must have ended well or been killed. */
  async function linesOf(child: ChildProcess): Promise<string[]> {
    const [output, errors] = await Promise.all([
      text(child.stdout!),
      text(child.stderr!),
      once(child, 'exit'),
    ]);
    expect(errors).toBe('');
    return output.split('\n').filter((line) => line !== '');
  }

  /** Makes all blobs so old that only use or a record saves them. */
  async function age(): Promise<void> {
    const storage = openFolderStorage(ports());
    for await (const { digest } of storage.blobs.list()) utimesSync(layout.blob(digest), 1e9, 1e9);
    await storage.close();
  }

  /** Every record is whole and every blob right; `last` is what each writer said last. */
  async function check(last: ReadonlyMap<string, number>): Promise<void> {
    const storage = openFolderStorage(ports());
    for await (const { digest } of storage.blobs.list())
      expect(await storage.blobs.read(digest)).not.toBeNull();
    for (const reference of await storage.references.list('artifact', 10_000)) {
      const { keeps } = (await storage.references.read(reference))!;
      const tree = await storage.blobs.read((keeps as Digest[])[0]!);
      expect(tree, `the tree of ${reference}`).not.toBeNull();
      const packs = JSON.parse(Buffer.from(tree!).toString()).packs as Digest[];
      expect((await storage.blobs.has(packs)).size, `packs of ${reference}`).toBe(new Set(packs).size);
    }
    for (const [name, said] of last) {
      const names = await storage.references.list(`artifact/${name}`);
      // The one that is KEPT back may be gone already.
      for (let i = said; i > Math.max(-1, said - KEPT); i -= 10) {
        expect(names, `what ${name} acknowledged`).toContain(`artifact/${name}/${i}`);
      }
    }
    await storage.close();
  }

  it('serve writers, readers and collectors at once: nothing kept is lost, nothing read is wrong', async () => {
    // First the contents that all writers share, then without their records.
    await linesOf(start('put', 'first', 60));
    for (let i = 0; i < 60; i += 10) rmSync(layout.reference(`artifact/first/${i}`), { force: true });
    await age();
    const writers = ['a', 'b'].map((name) => start('put', name, 100));
    const others = [start('read', '', 2), start('collect', '', 8), start('collect', '', 8)];
    const lines = await Promise.all([...writers, ...others].map(linesOf));
    expect(lines[2], 'what the reader found').toEqual([]);
    const collected = [...lines[3]!, ...lines[4]!].map((line) => Number(line.split(' ')[1]));
    expect(Math.max(...collected)).toBeGreaterThan(0);
    await check(
      new Map([
        ['a', 90],
        ['b', 90],
      ]),
    );
  });

  it(`lose nothing when they are killed (seed ${SEED}, ${TRIALS} trials)`, {
    timeout: 20_000 + TRIALS * 10_000,
  }, async () => {
    const random = chances(SEED);
    for (let trial = 0; trial < TRIALS; trial++) {
      const names = [`w${trial}a`, `w${trial}b`];
      const writers = names.map((name) => start('put', name, 100_000));
      const others = [start('read', '', 100_000), start('collect', '', 100_000)];
      const all = [...writers, ...others];
      const said = all.map(linesOf);
      // From when both have done something, a chance instant; the order of the kills is chance too.
      await Promise.all(writers.map((child) => once(child.stdout!, 'data')));
      await sleep(random() * 700);
      for (const child of all.toSorted(() => random() - 0.5)) {
        child.kill('SIGKILL');
        await sleep(random() * 30);
      }
      const lines = await Promise.all(said);
      expect(lines[2], 'what the reader found').toEqual([]);
      await check(new Map(names.map((name, i) => [name, Number(lines[i]!.at(-1))])));
      await age();
      const collector = openFolderCollector(ports());
      await collector.collect(
        { cacheBytesMax: 1e9, cacheAgeMaxMs: 1e12, graceMs: 60_000 },
        machineClock.now(),
      );
      collector.close();
      await check(new Map(names.map((name, i) => [name, Number(lines[i]!.at(-1))])));
      await age();
    }
  });
});

/** Numbers from 0 to 1 that a seed repeats (mulberry32). */
function chances(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}
