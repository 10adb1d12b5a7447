import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { realClock, realRandom } from '../../test/support/job-rig.ts';
import type { CacheScope, DirectoryCaches } from './contract.ts';
import { directoryCaches } from './directory-caches.ts';
import { type MemoryContents, openMemoryStorage } from './storage/memory-storage.ts';
import { treeStore } from './tree/tree-store.ts';

describe('directory caches', () => {
  let folder: string;
  let nowMs: number;
  let contents: MemoryContents;
  let caches: DirectoryCaches;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'sluice-caches-'));
    nowMs = 1_700_000_000_000;
    contents = { blobs: new Map(), references: new Map() };
    const clock = { ...realClock, now: () => nowMs };
    const { blobs, references } = openMemoryStorage(clock, contents);
    const trees = treeStore({ blobs, directory: join(folder, 'trees'), clock, random: realRandom });
    caches = directoryCaches({ references, trees, clock, random: realRandom });
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  const main: CacheScope = { repository: 'example', trust: 'trusted', ref: 'main', readableRefs: ['main'] };
  const branch: CacheScope = { ...main, ref: 'feature' };
  const fork: CacheScope = { ...branch, ref: 'fork', trust: 'untrusted' };

  async function save(scope: CacheScope, key: string, text: string, paths = ['deps']) {
    nowMs += 1000;
    const root = mkdtempSync(join(folder, 'work-'));
    for (const path of paths) {
      mkdirSync(dirname(join(root, path, 'file')), { recursive: true });
      writeFileSync(join(root, path, 'file'), text);
    }
    return caches.save({ scope, key, paths, root, madeInMs: 5000 });
  }
  async function restore(scope: CacheScope, key: string, restoreKeys: string[] = [], paths = ['deps']) {
    const root = mkdtempSync(join(folder, 'work-'));
    const hit = await caches.restore({ scope, key, restoreKeys, paths, root });
    return (
      hit && { key: hit.key, exact: hit.exact, text: readFileSync(join(root, paths[0]!, 'file'), 'utf8') }
    );
  }

  it('bring back the newest version under exactly the key', async () => {
    expect(await restore(main, 'npm-1')).toBeNull();
    await save(main, 'npm-1', 'first');
    await save(main, 'npm-1', 'second');
    await save(main, 'npm-12', 'other');
    expect(await restore(main, 'npm-1')).toEqual({ key: 'npm-1', exact: true, text: 'second' });
    expect((await caches.entries('example')).map(({ key, versions }) => [key, versions])).toEqual([
      ['npm-12', 1],
      ['npm-1', 2],
    ]);
  });

  it('that a fork wrote under 200 guessed keys are no entry for main, also of a branch called main', async () => {
    const keys = Array.from({ length: 200 }, (_, index) => `deps-${'x'.repeat(index % 7)}${index}`);
    for (const scope of [fork, { ...main, trust: 'untrusted' as const }])
      for (const key of keys.slice(0, 100)) await save(scope, key, 'poison');
    for (const key of keys.slice(100)) await save({ ...fork, ref: 'pull/7' }, key, 'poison');
    for (const key of keys) expect(await restore(main, key, ['deps-', 'd', ''])).toBeNull();
  });

  it('bring back the newest entry that begins with a restore key, in the order of those', async () => {
    await save(main, 'npm-linux-1', 'one');
    await save(main, 'npm-linux-2', 'two');
    await save(main, 'npm-mac-3', 'three');
    expect(await restore(main, 'npm-linux-9', ['npm-linux-', 'npm-'])).toEqual({
      key: 'npm-linux-2',
      exact: false,
      text: 'two',
    });
    expect(await restore(main, 'npm-win-9', ['npm-win-', 'npm-'])).toMatchObject({ key: 'npm-mac-3' });
    expect(await restore(main, 'npm-win-9', ['pip-'])).toBeNull();
  });

  it('do not keep the same content twice under a key', async () => {
    expect(await save(main, 'npm-1', 'same')).toMatchObject({ saved: true });
    expect(await save(main, 'npm-1', 'same')).toEqual({ saved: false, storedBytes: 0 });
  });

  it('of other paths do not match', async () => {
    await save(main, 'npm-1', 'x', ['deps', 'more']);
    expect(await restore(main, 'npm-1')).toBeNull();
    expect(await restore(main, 'npm-1', [], ['more', 'deps'])).toMatchObject({ exact: true });
  });

  it('are seen from other branches only where these may read, own ones first', async () => {
    await save(main, 'npm-1', 'of main');
    await save(branch, 'pip-1', 'of branch');
    expect(await restore(branch, 'npm-1')).toMatchObject({ text: 'of main' });
    expect(await restore(main, 'pip-1')).toBeNull();
    expect(await restore({ ...main, repository: 'other' }, 'npm-1')).toBeNull();
    await save(branch, 'npm-0', 'of branch');
    expect(await restore(branch, 'npm-1', ['npm-'])).toMatchObject({ text: 'of branch' });
  });

  it('that an untrusted run wrote are never read by a trusted one, whatever key it guessed', async () => {
    await save(main, 'npm-1', 'good');
    for (let guess = 0; guess < 200; guess++)
      await save({ ...fork, ref: guess % 2 ? 'main' : 'fork' }, `npm-${guess}`, `bad ${guess}`);
    for (let key = 0; key < 200; key += 7) {
      const found = await restore(main, `npm-${key}`, ['npm-']);
      expect(found?.text).toBe('good');
    }
    expect(await restore(fork, 'npm-4')).toMatchObject({ text: 'bad 4' });
    expect(await restore({ ...fork, ref: 'second-fork' }, 'npm-1')).toMatchObject({ text: 'good' });
  });

  it.each(['a/b c:{"ü"}', 'k'.repeat(512), '../../x', '~', '.'])('take the key %j', async (key) => {
    await save(main, key, 'x');
    expect(await restore(main, key)).toMatchObject({ key, exact: true });
    expect(await restore(main, `${key.slice(0, -1)}?`, [key.slice(0, -1) || key])).toMatchObject({ key });
  });

  it.each(['', 'k'.repeat(513), 'a\nb', 'a\0'])('refuse the key %j', async (key) => {
    await expect(save(main, key, 'x')).rejects.toThrow('the cache key must have 1 to 512 characters');
  });

  it('with nothing to keep are refused by name', async () => {
    const root = mkdtempSync(join(folder, 'work-'));
    await expect(
      caches.save({ scope: main, key: 'npm', paths: ['deps', '.npm'], root, madeInMs: 0 }),
    ).rejects.toThrow('nothing of deps, .npm is there');
  });

  it('that are damaged are told once and then are no entry any more', async () => {
    await save(main, 'npm-1', 'x');
    for (const blob of contents.blobs.values()) blob.stored = Buffer.from(blob.stored).fill(1, 30);
    const again = treeStoreOver(contents, folder);
    caches = again;
    await expect(restore(main, 'npm-1')).rejects.toMatchObject({ name: 'BlobDamageError' });
    expect(await restore(main, 'npm-1')).toBeNull();
  });

  it('are removed by key or all at once', async () => {
    await save(main, 'npm-1', 'a');
    await save(main, 'npm-1', 'b');
    await save(branch, 'pip', 'c');
    expect(await caches.remove('example', 'npm-1')).toBe(2);
    expect(await caches.remove('example', null)).toBe(1);
    expect(contents.references.size).toBe(0);
  });
});

/** What another process sees, which remembers no manifest. */
function treeStoreOver(contents: MemoryContents, folder: string): DirectoryCaches {
  const { blobs, references } = openMemoryStorage(realClock, contents);
  const directory = mkdtempSync(join(folder, 'trees-'));
  const trees = treeStore({ blobs, directory, clock: realClock, random: realRandom });
  return directoryCaches({ references, trees, clock: realClock, random: realRandom });
}
