import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import {
  appendFileSync,
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  unlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readTree, writeTree } from '../../../test/support/tree-files.ts';
import { type Digest, digestOf } from '../../base/digest.ts';
import { machineClock } from '../../machine/clock.ts';
import { machineRandom } from '../../machine/random.ts';
import { BlobDamageError, TreeError, type TreeStore } from '../contract.ts';
import { type MemoryContents, openMemoryStorage } from '../storage/memory-storage.ts';
import { treeStore } from './tree-store.ts';

let folder: string;
let root: string;
let target: string;
let contents: MemoryContents;
let trees: TreeStore;

function openTrees(): TreeStore {
  const { blobs } = openMemoryStorage(machineClock, contents);
  return treeStore({ blobs, directory: join(folder, 'data'), clock: machineClock, random: machineRandom });
}

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sluice-tree-'));
  root = join(folder, 'root');
  target = join(folder, 'target');
  contents = { blobs: new Map(), references: new Map() };
  trees = openTrees();
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

const all = ['.'];
const save = (select: readonly string[] = all, since?: Digest) => trees.save({ root, select, since });

async function pathsOf(digest: Digest): Promise<string[]> {
  return (await trees.manifest(digest))!.entries.map(({ path }) => path);
}

describe('TreeStore.save and restore', () => {
  it('brings back contents, modes, links, empty files, empty folders and times', async () => {
    writeTree(root, {
      'a.txt': 'hello',
      'b/run.sh': { text: '#!/bin/sh\n', mode: 0o755 },
      'b/secret': { text: 'x', mode: 0o400 },
      'b/c/empty': '',
      'b/all': { text: 'y', mode: 0o666 },
      hollow: null,
      'b/back': { link: '../a.txt' },
      'b/nowhere': { link: 'missing/file' },
      'large.bin': randomBytes(3_000_000),
      'ünï code': 'z',
    });
    chmodSync(join(root, 'hollow'), 0o500);
    utimesSync(join(root, 'a.txt'), 1_600_000_000, 1_600_000_000.25);
    const saved = await save();
    expect(saved.files).toBe(7);
    expect(saved.bytes).toBe(3_000_000 + 5 + 10 + 1 + 1 + 1);
    expect(saved.storedBytes).toBeGreaterThan(3_000_000);
    expect(await trees.restore(saved.digest, target)).toEqual({ files: 7, bytes: saved.bytes });
    expect(readTree(target)).toEqual(readTree(root));
    expect(statSync(join(target, 'a.txt')).mtimeMs).toBe(1_600_000_000_250);
  });

  it('gives equal trees equal contents, wherever and whenever they are saved', async () => {
    writeTree(root, { 'a/b': 'one', c: 'two' });
    const first = await save();
    writeFileSync(join(root, 'c'), 'three');
    const second = await save(all, first.digest);
    writeFileSync(join(root, 'c'), 'two');
    const third = await save(all, second.digest);
    expect(second.content).not.toBe(first.content);
    expect(third.content).toBe(first.content);
  });

  it('has the same digest when nothing changed and stores nothing', async () => {
    writeTree(root, { 'a/b': 'one', c: 'two', 'd/e': { link: '../c' } });
    const first = await save();
    const second = await save(all, first.digest);
    expect(second).toEqual({ ...first, storedBytes: 0 });
  });

  it('takes off setuid, setgid and sticky', async () => {
    writeTree(root, { tool: 'x', place: null });
    chmodSync(join(root, 'tool'), 0o6755);
    chmodSync(join(root, 'place'), 0o3777);
    await trees.restore((await save()).digest, target);
    expect(readTree(target)).toEqual({ tool: 'file 755 x', place: 'folder 777' });
  });

  it('selects by path, folder, glob and what is left out', async () => {
    writeTree(root, {
      'src/a.ts': '',
      'src/a.test.ts': '',
      'src/deep/b.ts': '',
      'app/[id]/page.ts': '',
      'node_modules/x/index.js': '',
      '.env': '',
      'dist/out.js': '',
    });
    const cases: [string[], string[]][] = [
      [['src'], ['src', 'src/a.test.ts', 'src/a.ts', 'src/deep', 'src/deep/b.ts']],
      [['./src/'], ['src', 'src/a.test.ts', 'src/a.ts', 'src/deep', 'src/deep/b.ts']],
      [
        ['src/**/*.ts', '!**/*.test.ts'],
        ['src/a.ts', 'src/deep/b.ts'],
      ],
      [['**/*.ts', '!src'], ['app/[id]/page.ts']],
      [['app/[id]/page.ts'], ['app/[id]/page.ts']],
      [['{dist,src/deep}/*'], ['dist/out.js', 'src/deep/b.ts']],
      [['.*'], ['.env']],
      [['missing', '*.md'], []],
      [['.', '!node_modules', '!src', '!app', '!dist'], ['.env']],
    ];
    for (const [select, paths] of cases) expect(await pathsOf((await save(select)).digest)).toEqual(paths);
  });

  it.each([['../x'], ['/etc/passwd'], ['a/../../b'], [''], ['!../x']])(
    'refuses the selection %j',
    async (pattern) => {
      mkdirSync(root);
      await expect(save([pattern])).rejects.toThrow(TreeError);
    },
  );

  it('keeps any link where whoever saves also restores, and refuses to restore it elsewhere', async () => {
    writeTree(root, { '.venv/bin/python': { link: '/usr/bin/python3' }, up: { link: '../../x' } });
    const saved = await trees.save({ root, select: ['.'], links: 'any' });
    await expect(trees.restore(saved.digest, target)).rejects.toMatchObject({ path: '.venv/bin/python' });
    expect(existsSync(target)).toBe(false);
    await trees.restore(saved.digest, target, { links: 'any' });
    expect(readlinkSync(join(target, '.venv/bin/python'))).toBe('/usr/bin/python3');
    expect(readlinkSync(join(target, 'up'))).toBe('../../x');
  });

  it('does not follow links to folders', async () => {
    writeTree(root, { 'real/file': 'x', alias: { link: 'real' } });
    expect(await pathsOf((await save(['alias/*', 'alias/file'])).digest)).toEqual([]);
    expect(await pathsOf((await save(['alias'])).digest)).toEqual(['alias']);
  });

  it.each([
    ['/etc/passwd', 'which is outside of the folder; make it relative'],
    ['../../x', 'which is outside of the folder'],
    ['..', null],
    ['../b/../c', 'which goes down and up again'],
    ['../../root/a', 'which is outside of the folder'],
  ])('judges a link in a folder to %s', async (to, problem) => {
    writeTree(root, { 'a/link': { link: to } });
    if (problem === null) await save();
    else {
      const error = await save().catch((caught) => caught);
      expect(error).toBeInstanceOf(TreeError);
      expect(error.path).toBe('a/link');
      expect(error.message).toContain(problem);
    }
  });

  it('refuses a FIFO and a socket by name, unless they are left out', async () => {
    mkdirSync(join(root, 'a'), { recursive: true });
    execFileSync('mkfifo', [join(root, 'a/pipe')]);
    await expect(save()).rejects.toMatchObject({ name: 'TreeError', path: 'a/pipe' });
    expect(await pathsOf((await save(['.', '!a/pipe'])).digest)).toEqual(['a']);
    unlinkSync(join(root, 'a/pipe'));
    const server = createServer().listen(join(root, 'a/socket'));
    await new Promise((resolve) => server.once('listening', resolve));
    await expect(save()).rejects.toMatchObject({ name: 'TreeError', path: 'a/socket' });
    await new Promise((resolve) => server.close(resolve));
  });

  it('refuses a name that is not UTF-8', async () => {
    mkdirSync(root);
    writeFileSync(Buffer.concat([Buffer.from(`${root}/bad-`), Buffer.from([0xff])]), 'x');
    await expect(save()).rejects.toThrow('not valid UTF-8');
  });

  it('names a root that is not there', async () => {
    await expect(save()).rejects.toThrow('there is no such file or folder');
  });

  it('says clearly when a path is too long', async () => {
    mkdirSync(root);
    execFileSync(
      'sh',
      [
        '-c',
        'i=0; while [ $i -lt 25 ]; do d=$(printf "%0200d" 0); mkdir $d && cd -P $d || exit 1; i=$((i+1)); done',
      ],
      { cwd: root },
    );
    await expect(save()).rejects.toThrow('longer than the system allows');
    execFileSync('rm', ['-rf', root]);
  });

  it('keeps paths as deep as the system allows', async () => {
    const path = Array.from({ length: 900 }, () => 'd').join('/');
    writeTree(root, { [`${path}/file`]: 'deep' });
    const { digest } = await save();
    await trees.restore(digest, target);
    expect(readFileSync(join(target, path, 'file'), 'utf8')).toBe('deep');
    expect((await trees.manifest(digest))!.entries).toHaveLength(901);
  });
});

describe('TreeStore.save since', () => {
  it('does not read what did not change', async () => {
    writeTree(root, { a: randomBytes(3_000_000), 'b/c': randomBytes(500_000), d: 'small' });
    await settle();
    const first = await save();
    writeFileSync(join(root, 'd'), 'other');
    const before = bytesRead();
    const second = await save(all, first.digest);
    expect(bytesRead() - before).toBeLessThan(100_000);
    expect(second.content).not.toBe(first.content);
  });

  it('stores only what is new, and large files by their changed chunks', async () => {
    const large = randomBytes(8_000_000);
    writeTree(root, { large, small: randomBytes(900_000), 'other/small': randomBytes(1000) });
    const first = await save();
    writeFileSync(
      join(root, 'large'),
      Buffer.concat([large.subarray(0, 4_000_000), Buffer.from('insert'), large.subarray(4_000_000)]),
    );
    writeFileSync(join(root, 'other/small'), randomBytes(1000));
    const second = await save(all, first.digest);
    expect(second.storedBytes).toBeLessThan(700_000);
    await trees.restore(second.digest, target);
    expect(readTree(target)).toEqual(readTree(root));
  });

  it('stores the same content once', async () => {
    const bytes = randomBytes(500_000);
    writeTree(root, { a: bytes, b: bytes, 'c/d': bytes });
    expect((await save()).storedBytes).toBeLessThan(502_000);
  });

  it('stores anew what the earlier tree lost', async () => {
    writeTree(root, { a: 'one', b: 'two' });
    const first = await save();
    const [pack] = (await trees.manifest(first.digest))!.packs;
    contents.blobs.delete(pack!);
    expect(await trees.isWhole(first.digest)).toBe(false);
    const second = await save(all, first.digest);
    expect(await trees.isWhole(second.digest)).toBe(true);
    await trees.restore(second.digest, target);
    expect(readTree(target)).toEqual(readTree(root));
  });

  it('lets go of packs of which little is in use', async () => {
    writeTree(root, { big: randomBytes(1_000_000), keep: randomBytes(100_000) });
    const first = await save();
    unlinkSync(join(root, 'big'));
    const second = await save(all, first.digest);
    const third = await save(all, second.digest);
    expect(third.storedBytes).toBeGreaterThan(100_000);
    expect((await trees.manifest(third.digest))!.packs).toHaveLength(1);
    expect((await trees.manifest(third.digest))!.packs).not.toEqual(
      (await trees.manifest(first.digest))!.packs,
    );
    expect((await save(all, third.digest)).storedBytes).toBe(0);
  });

  it('joins small packs when there are many', async () => {
    writeTree(root, {});
    let digest: Digest | undefined;
    for (let number = 0; number < 40; number++) {
      writeFileSync(join(root, `file-${number}`), `content ${number}`);
      ({ digest } = await save(all, digest));
      expect((await trees.manifest(digest))!.packs.length).toBeLessThan(20);
    }
    await trees.restore(digest!, target);
    expect(readTree(target)).toEqual(readTree(root));
  });

  it('works from an earlier tree that is missing or damaged', async () => {
    writeTree(root, { a: 'one' });
    const first = await save();
    expect((await save(all, 'f'.repeat(64) as Digest)).digest).toBe(first.digest);
  });
});

describe('TreeStore.restore', () => {
  it('replaces what stands in the way and never writes through a link', async () => {
    writeTree(root, { 'a/file': 'new', 'b/file': 'new', c: 'new', 'd/x': 'new', e: { link: 'c' } });
    const { digest } = await save();
    const outside = join(folder, 'outside');
    writeTree(outside, { file: 'mine', x: 'mine' });
    writeTree(target, {
      'b/file': { link: join(outside, 'file') },
      c: { link: join(outside, 'x') },
      'e/full': 'x',
      d: 'a file',
    });
    symlinkSync(outside, join(target, 'a'));
    await trees.restore(digest, target);
    expect(readTree(target)).toEqual(readTree(root));
    expect(readTree(outside)).toEqual({
      file: expect.stringContaining('mine'),
      x: expect.stringContaining('mine'),
    });
  });

  it('keeps what else is in the target, unless it must be exact', async () => {
    writeTree(root, { 'a/b': '1', 'a/c': '2' });
    const { digest } = await save();
    writeTree(target, { 'a/other': 'x', more: 'y', 'folder/z': 'z' });
    await trees.restore(digest, target);
    expect(Object.keys(readTree(target))).toEqual([
      'a',
      'a/b',
      'a/c',
      'a/other',
      'folder',
      'folder/z',
      'more',
    ]);
    await trees.restore(digest, target, { exact: true });
    expect(readTree(target)).toEqual(readTree(root));
  });

  it('brings back only what is asked for', async () => {
    writeTree(root, { 'a/b/c': '1', 'a/b/d': '2', 'a/e': '3', ab: '4' });
    const { digest } = await save();
    await trees.restore(digest, target, { only: ['a/b'] });
    expect(Object.keys(readTree(target))).toEqual(['a', 'a/b', 'a/b/c', 'a/b/d']);
    writeTree(target, { 'a/b/old': 'x', 'a/other': 'x' });
    await trees.restore(digest, target, { only: ['a/b', 'ab'], exact: true });
    expect(Object.keys(readTree(target))).toEqual(['a', 'a/b', 'a/b/c', 'a/b/d', 'a/other', 'ab']);
    await expect(trees.restore(digest, target, { only: ['a/x'] })).rejects.toMatchObject({ path: 'a/x' });
  });

  it('names a damaged and a missing content and leaves the target as it was', async () => {
    writeTree(root, { 'a/one': 'one', 'a/two': 'two' });
    const { digest } = await save();
    writeTree(target, { 'a/one': 'before' });
    const before = readTree(target);
    const [pack] = (await trees.manifest(digest))!.packs;
    const blob = contents.blobs.get(pack!)!;
    blob.stored[blob.stored.length - 1]! ^= 1;
    const error = await trees.restore(digest, target).catch((caught) => caught);
    expect(error).toBeInstanceOf(BlobDamageError);
    expect(error.message).toContain('"a/one" and of 1 more is damaged');
    expect(error.digest).toBe(pack);
    await expect(trees.restore(digest, target)).rejects.toThrow('is missing');
    expect(readTree(target)).toEqual(before);
    await expect(trees.restore('0'.repeat(64) as Digest, target)).rejects.toThrow(
      'the list of files is missing',
    );
  });

  it('removes the staging folder of a process that died, and no other', async () => {
    writeTree(root, { a: 'x' });
    const { digest } = await save();
    const { pid } = await new Promise<{ pid: number }>((resolve) => {
      const child = execFileSync('sh', ['-c', 'echo $$'], { encoding: 'utf8' });
      resolve({ pid: Number(child) });
    });
    writeTree(target, {
      [`.sluice-restore-${pid}-00/new/half`]: 'h',
      [`.sluice-restore-${process.pid}-00/new/x`]: 'x',
    });
    await trees.restore(digest, target);
    expect(Object.keys(readTree(target)).filter((path) => !path.includes('/'))).toEqual([
      `.sluice-restore-${process.pid}-00`,
      'a',
    ]);
    expect(await pathsOf((await trees.save({ root: target, select: all })).digest)).toEqual(['a']);
  });

  it.each([
    ['a link that leads out', { kind: 'link', path: 'a', target: '../x' }],
    ['an absolute path', { kind: 'folder', path: '/a', mode: 0o755 }],
    ['a path with ..', { kind: 'folder', path: 'a/../..', mode: 0o755 }],
    ['a path with .', { kind: 'folder', path: './a', mode: 0o755 }],
    ['a NUL', { kind: 'folder', path: 'a\0b', mode: 0o755 }],
    ['an empty path', { kind: 'folder', path: '', mode: 0o755 }],
    ['setuid', { kind: 'folder', path: 'a', mode: 0o4755 }],
    ['a device', { kind: 'device', path: 'a', mode: 0o644 }],
    [
      'no content',
      { kind: 'file', path: 'a', mode: 0o644, mtimeMs: 0, size: 3, digest: 'a'.repeat(64), pieces: [] },
    ],
    [
      'an unknown pack',
      {
        kind: 'file',
        path: 'a',
        mode: 0o644,
        mtimeMs: 0,
        size: 3,
        digest: 'a'.repeat(64),
        pieces: [['a'.repeat(64), 0, 0, 3]],
      },
    ],
  ])('refuses a whole manifest with %s', async (_, entry) => {
    await refused([{ kind: 'folder', path: '!first', mode: 0o755 }, entry]);
  });

  it('refuses a manifest with a path twice, out of order, or below a link', async () => {
    const folderAt = (path: string) => ({ kind: 'folder', path, mode: 0o755 });
    await refused([folderAt('a'), folderAt('a')]);
    await refused([folderAt('b'), folderAt('a')]);
    await refused([{ kind: 'link', path: 'a', target: 'b' }, folderAt('a/c')]);
    await refused([{ kind: 'link', path: 'a', target: 'b' }, folderAt('a/c/d')]);
  });

  async function refused(entries: unknown[]): Promise<void> {
    const { blobs } = openMemoryStorage(machineClock, contents);
    const text = JSON.stringify({ content: '0'.repeat(64), entries, packs: [], schemaVersion: 1 });
    const { digest } = await blobs.put({ kind: 'bytes', bytes: Buffer.from(text) });
    await expect(trees.restore(digest, target)).rejects.toThrow(TreeError);
    expect(lstatSync(target, { throwIfNoEntry: false })).toBeUndefined();
  }

  it('says which name is too long', async () => {
    const { blobs } = openMemoryStorage(machineClock, contents);
    const entries = [{ kind: 'folder', path: 'n'.repeat(300), mode: 0o755 }];
    const text = JSON.stringify({ content: '0'.repeat(64), entries, packs: [], schemaVersion: 1 });
    const { digest } = await blobs.put({ kind: 'bytes', bytes: Buffer.from(text) });
    await expect(trees.restore(digest, target)).rejects.toThrow('longer than the system allows');
    expect(readTree(target)).toEqual({});
  });
});

describe('a restored tree', () => {
  it('stays what it was when a restored file is appended to, truncated, written or opened up', async () => {
    writeTree(root, { a: 'one', b: 'two', c: { text: 'three', mode: 0o755 }, d: 'four' });
    const { digest } = await trees.snapshot(root, null);
    await trees.restore(digest, target);
    const blobs = [...contents.blobs].map(([name, { stored }]) => [
      name,
      Buffer.from(stored).toString('hex'),
    ]);
    appendFileSync(join(target, 'a'), 'more');
    truncateSync(join(target, 'b'), 1);
    chmodSync(join(target, 'c'), 0o777);
    writeFileSync(join(target, 'd'), 'FOUR');
    expect(
      [...contents.blobs].map(([name, { stored }]) => [name, Buffer.from(stored).toString('hex')]),
    ).toEqual(blobs);
    trees = openTrees();
    const again = join(folder, 'again');
    await trees.restore(digest, again);
    expect(readTree(again)).toEqual(readTree(root));
  });
});

describe('TreeStore.snapshot', () => {
  it('tells what was added, changed and removed', async () => {
    writeTree(root, { a: '1', b: '2', 'c/d': '3', e: '4', f: { link: 'a' } });
    const first = await trees.snapshot(root, null);
    expect(first.changed).toEqual(['a', 'b', 'c', 'c/d', 'e', 'f']);
    writeFileSync(join(root, 'a'), 'changed');
    unlinkSync(join(root, 'b'));
    chmodSync(join(root, 'e'), 0o755);
    writeTree(root, { 'c/new': 'n' });
    unlinkSync(join(root, 'f'));
    symlinkSync('e', join(root, 'f'));
    const second = await trees.snapshot(root, first.digest);
    expect(second.changed).toEqual(['a', 'b', 'c/new', 'e', 'f']);
    const third = await trees.snapshot(root, second.digest);
    expect(third).toEqual({ digest: second.digest, changed: [], leftOut: [] });
    await trees.restore(first.digest, root, { exact: true });
    expect((await trees.snapshot(root, first.digest)).changed).toEqual([]);
  });
});

describe('TreeStore.digestFiles', () => {
  it('gives the digests of contents, and of where links point', async () => {
    writeTree(root, {
      'a/b': 'hello',
      link: { link: 'a/b' },
      'a/empty': '',
      large: Buffer.alloc(5_000_000, 'x'),
    });
    const digests = await trees.digestFiles(root, all);
    expect([...digests.keys()]).toEqual(['a/b', 'a/empty', 'large', 'link']);
    expect(digests.get('a/b')).toBe('2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824');
    expect(digests.get('large')).toBe(digestOf(Buffer.alloc(5_000_000, 'x')));
    unlinkSync(join(root, 'link'));
    symlinkSync('large', join(root, 'link'));
    expect((await trees.digestFiles(root, all)).get('link')).not.toBe(digests.get('link'));
  });

  it('sees every change, also one in the same instant, of the same size and with the time put back', async () => {
    writeTree(root, { file: '0000' });
    let before = (await trees.digestFiles(root, all)).get('file');
    for (let round = 1; round < 200; round++) {
      const { atime, mtime } = statSync(join(root, 'file'));
      writeFileSync(join(root, 'file'), String(round).padStart(4, '0'));
      if (round % 2 === 0) utimesSync(join(root, 'file'), atime, mtime);
      const after = (await trees.digestFiles(root, all)).get('file');
      expect(after).not.toBe(before);
      before = after;
    }
  });

  it('reads again when the index is damaged, and when a file was swapped for another', async () => {
    writeTree(root, { a: 'one', b: 'two' });
    await settle();
    const digests = await trees.digestFiles(root, all);
    for (const damage of ['', 'SLUICE-FILES-1\n', 'x'.repeat(5000)]) {
      execFileSync('sh', [
        '-c',
        `for file in "$1"/*; do printf %s "$2" >"$file"; done`,
        'sh',
        join(folder, 'data/index'),
        damage,
      ]);
      trees = openTrees();
      expect(await trees.digestFiles(root, all)).toEqual(digests);
    }
    renameSync(join(root, 'a'), join(root, 'c'));
    renameSync(join(root, 'b'), join(root, 'a'));
    renameSync(join(root, 'c'), join(root, 'b'));
    const swapped = await trees.digestFiles(root, all);
    expect(swapped.get('a')).toBe(digests.get('b'));
    expect(swapped.get('b')).toBe(digests.get('a'));
  });
});

/** Until the file system's clock ticks: files written before are then older than what comes. */
async function settle(): Promise<void> {
  const probe = join(folder, 'tick');
  const now = () => {
    writeFileSync(probe, 'x');
    return statSync(probe, { bigint: true }).mtimeNs;
  };
  const startNs = now();
  while (now() === startNs) await new Promise(setImmediate);
}

/** By this thread, in file calls. */
function bytesRead(): number {
  return Number(/rchar: (\d+)/.exec(readFileSync('/proc/thread-self/io', 'utf8'))![1]);
}
