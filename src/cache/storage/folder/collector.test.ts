import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { bytesContent, sha256 } from '../../../../test/contract/blob.contract.ts';
import { TestClock } from '../../../../test/contract/store.contract.ts';
import type { Digest } from '../../../base/digest.ts';
import type { Clock } from '../../../base/port.ts';
import type { Storage } from '../../contract.ts';
import { type FolderCollector, openFolderCollector } from './collector.ts';
import { FileLock } from './file-lock.ts';
import { openFolderStorage } from './folder-storage.ts';
import { type FolderHolds, openFolderHolds } from './holds.ts';
import { Layout } from './layout.ts';

const HOUR = 3_600_000;
const limits = { cacheBytesMax: 1e9, cacheAgeMaxMs: 30 * 24 * HOUR, graceMs: HOUR };

describe('collector', () => {
  let directory: string;
  let layout: Layout;
  let clock: TestClock;
  let storage: Storage;
  let collector: FolderCollector;
  let holds: FolderHolds;
  const dead = new Set<string>();
  const owners = { self: 'machine:boot:1:1', alive: (owner: string) => !dead.has(owner) };

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'sluice-collect-'));
    layout = new Layout(directory);
    clock = new TestClock();
    dead.clear();
    storage = openFolderStorage({ directory, clock, owners });
    collector = openFolderCollector({ directory, clock, owners });
    holds = openFolderHolds({ directory, clock, owners });
  });

  afterEach(async () => {
    await storage.close();
    collector.close();
    holds.close();
    rmSync(directory, { recursive: true });
  });

  const put = async (...texts: string[]): Promise<Digest[]> =>
    (await storage.blobs.putMany(texts.map(bytesContent))).map(({ digest }) => digest);
  const there = async (): Promise<Set<string>> => {
    const digests = new Set<string>();
    for await (const blob of storage.blobs.list()) digests.add(blob.digest);
    return digests;
  };
  const manifest = (packs: readonly Digest[], noise = '') =>
    JSON.stringify({
      content: sha256('tree'),
      entries: [{ kind: 'link', path: `"packs":["${sha256('trap')}"]${noise}`, target: 'x' }],
      packs,
      schemaVersion: 1,
    });
  const collect = (change = {}) => collector.collect({ ...limits, ...change }, clock.now());

  it('removes what no reference keeps, and tells what it took', async () => {
    const [kept, gone] = await put('kept', 'gone');
    await storage.references.write('artifact/a', { keeps: [kept!] });
    clock.pass(2 * HOUR);
    expect(await collect()).toEqual({ references: 0, blobs: 1, bytes: 24 + 4 });
    expect(await there()).toEqual(new Set([kept]));
    expect(await storage.blobs.read(gone!)).toBeNull();
  });

  it('keeps what a tree manifest names, in one chunk and in many', async () => {
    const packs = await put('pack 1', 'pack 2');
    const noise = Array.from({ length: 500_000 }, (_, i) => i).join();
    const [small, large] = await put(manifest([packs[0]!]), manifest([packs[1]!], noise));
    await put('gone');
    await storage.references.write('artifact/a', { keeps: [small!, large!] });
    clock.pass(2 * HOUR);
    expect((await collect()).blobs).toBe(1);
    expect(await there()).toEqual(new Set([...packs, small, large]));
  });

  it('keeps what is younger than the grace period, also by use', async () => {
    const [used, asked, again] = await put('used', 'asked', 'again', 'gone');
    clock.pass(2 * HOUR);
    await storage.blobs.read(used!);
    await storage.blobs.has([asked!]);
    await put('again', 'new');
    expect((await collect()).blobs).toBe(1);
    expect(await there()).toEqual(new Set([used, asked, again, sha256('new')]));
  });

  it('keeps what a living process holds, with what a manifest names, until the release', async () => {
    const [pack] = await put('pack');
    const [held] = await put(manifest([pack!]));
    const release = await holds.hold([held!]);
    clock.pass(2 * HOUR);
    expect((await collect()).blobs).toBe(0);
    await release();
    await release();
    expect((await collect()).blobs).toBe(2);
  });

  it('does not heed the holds and half-written files of dead processes', async () => {
    const [held] = await put('held');
    const other = openFolderHolds({ directory, clock, owners: { ...owners, self: 'machine:boot:2:2' } });
    await other.hold([held!]);
    mkdirSync(`${layout.partial}/machine%3Aboot%3A2%3A2`, { recursive: true });
    writeFileSync(`${layout.partial}/machine%3Aboot%3A2%3A2/1`, 'half');
    clock.pass(2 * HOUR);
    expect((await collect()).blobs).toBe(0);
    dead.add('machine:boot:2:2');
    expect((await collect()).blobs).toBe(1);
    expect(execFileSync('find', [layout.partial, layout.holds, '-type', 'f'], { encoding: 'utf8' })).toBe('');
    other.close();
  });

  it('brings back what a killed collector had put aside, and meanwhile it can be read', async () => {
    const [kept] = await put('kept');
    await storage.references.write('artifact/a', { keeps: [kept!] });
    renameSync(layout.blob(kept!), layout.asideBlob(kept!));
    expect(await storage.blobs.read(kept!)).toEqual(Buffer.from('kept'));
    clock.pass(2 * HOUR);
    expect((await collect()).blobs).toBe(0);
    expect(await there()).toEqual(new Set([kept]));
  });

  it('keeps what a damaged record seems to keep', async () => {
    const [kept] = await put('kept');
    await storage.references.write('artifact/a', { keeps: [kept!], x: 1 });
    const path = layout.reference('artifact/a');
    writeFileSync(path, readFileSync(path, 'utf8').replace('"x":1', '"x":2'));
    clock.pass(2 * HOUR);
    await collect();
    expect(await there()).toEqual(new Set([kept]));
  });

  it('removes cache records over the age limit, by last use, and nothing else by age', async () => {
    const [a, b, c] = await put('a', 'b', 'c');
    await storage.references.write('cache/a', { keeps: [a!] });
    await storage.references.write('cache/deep/er/b', { keeps: [b!] });
    await storage.references.write('artifact/c', { keeps: [c!] });
    clock.pass(20 * 24 * HOUR);
    await storage.references.read('cache/a');
    clock.pass(20 * 24 * HOUR);
    expect(await collect()).toMatchObject({ references: 1, blobs: 1 });
    expect(await storage.references.list('')).toEqual(['cache/a', 'artifact/c']);
    expect(await there()).toEqual(new Set([a, c]));
  });

  it('removes the longest unused cache records until the others fit, shared blobs counted once', async () => {
    const [a, b, c, shared] = await put(
      'a'.repeat(1000),
      'b'.repeat(1000),
      'c'.repeat(1000),
      's'.repeat(1000),
    );
    const keep = { a: [a!, shared!], b: [b!, shared!], c: [c!, shared!] };
    for (const [name, keeps] of Object.entries(keep)) {
      await storage.references.write(`cache/${name}`, { keeps });
      clock.pass(HOUR);
    }
    await storage.references.read('cache/a');
    clock.pass(2 * HOUR);
    expect(await collect({ cacheBytesMax: 3100 })).toMatchObject({ references: 1, blobs: 1 });
    expect(await storage.references.list('')).toEqual(['cache/c', 'cache/a']);
    expect(await there()).toEqual(new Set([a, c, shared]));
  });

  it('keeps a blob that is used after it was found old', async () => {
    const [used] = await put('used', 'gone');
    clock.pass(2 * HOUR);
    const lock = new FileLock(layout.lock, clock);
    const waiting = Promise.withResolvers<void>();
    const patient: Clock = {
      now: () => clock.now(),
      monotonic: () => clock.monotonic(),
      after(_, callback) {
        waiting.resolve();
        setImmediate(callback);
        return () => {};
      },
    };
    const other = openFolderCollector({ directory, clock: patient, owners });
    // It has listed what is old when it waits for the lock.
    const collecting = await lock.during(async () => {
      const collected = other.collect(limits, clock.now());
      await waiting.promise;
      expect(await storage.blobs.has([used!])).toEqual(new Set([used]));
      return { collected };
    });
    expect((await collecting.collected).blobs).toBe(1);
    expect(await there()).toEqual(new Set([used]));
    lock.close();
    other.close();
  });

  it('is one at a time', async () => {
    await put('gone');
    clock.pass(2 * HOUR);
    const other = openFolderCollector({ directory, clock, owners });
    const both = await Promise.all([collect(), collect(), other.collect(limits, clock.now())]);
    expect(both.map(({ blobs }) => blobs).sort()).toEqual([0, 0, 1]);
    other.close();
  });

  it('removes damaged blobs that nobody looked at for a week', async () => {
    const [digest] = await put('content');
    writeFileSync(layout.blob(digest!), 'rubbish');
    await expect(storage.blobs.read(digest!)).rejects.toThrow('put aside');
    const damaged = execFileSync('find', [layout.damaged, '-type', 'f'], { encoding: 'utf8' }).trim();
    utimesSync(damaged, clock.now() / 1000, clock.now() / 1000);
    await collect();
    expect(readFileSync(damaged, 'utf8')).toBe('rubbish');
    clock.pass(8 * 24 * HOUR);
    await collect();
    expect(() => readFileSync(damaged)).toThrow('ENOENT');
  });

  it('collects nothing in a folder that is not there', async () => {
    const none = join(directory, 'none');
    const other = openFolderCollector({ directory: none, clock, owners });
    expect(await other.collect(limits, clock.now())).toEqual({ references: 0, blobs: 0, bytes: 0 });
    other.close();
  });
});
