import {
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { BAD_ARCHIVES, entry, noise, pax, tarOf } from '../../../test/support/archive-corpus.ts';
import type { ArchiveEntry } from '../contract.ts';
import { ArtifactError } from '../contract.ts';
import { archives } from './archives.ts';

let folder = '';
let root = '';
let file = '';
const random = { bytes: (count: number) => new Uint8Array(count).fill(7) };
const { unpack, pack } = archives({ random });
const small = archives({ random, limits: { entriesMax: 5000, bytesMax: 1.5 * 2 ** 20, ratioMax: 200 } });

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'archives-'));
  root = join(folder, 'place', 'root');
  mkdirSync(root, { recursive: true });
  file = join(folder, 'a.tar');
});

afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

/** All paths below the test's folder. */
function everything(): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' }).sort();
}

describe('unpack', () => {
  it.each(BAD_ARCHIVES.map((bad) => [bad.title, bad] as const))(
    'refuses %s and leaves nothing',
    async (_, bad) => {
      writeFileSync(file, bad.bytes());
      const isAboutLimits = /more than|multiply|million/.test(bad.title);
      const error = await (isAboutLimits ? small : archives({ random }))
        .unpack(file, root)
        .catch((reason: unknown) => reason);
      expect(error).toBeInstanceOf(ArtifactError);
      expect((error as ArtifactError).code).toBe('unsafe');
      expect((error as ArtifactError).message).toMatch(bad.names);
      expect((error as ArtifactError).message).toMatch(/nothing of it was taken$/);
      expect(everything()).toEqual(['a.tar', 'place', 'place/root']);
    },
  );

  it('refuses a folder in place of an archive', async () => {
    mkdirSync(file);
    await expect(unpack(file, root)).rejects.toThrow('is no file');
  });

  it.each([
    ['plain', (bytes: Buffer) => bytes],
    ['gzip', (bytes: Buffer) => gzipSync(bytes)],
    ['zstd', (bytes: Buffer) => zstdCompressSync(bytes)],
  ] as const)('takes files, folders and links of a good one (%s)', async (_, packed) => {
    const content = noise(200_000);
    const bytes = tarOf(
      pax({ comment: 'of a whole tree, as git writes it' }, 'g'),
      { name: './', type: '5' },
      { name: 'bin/', type: '5', mode: 0o755 },
      { name: 'bin/tool', content, mode: 0o755 },
      { name: 'bin/same', type: '1', target: 'bin/tool' },
      { name: 'tool', type: '2', target: 'bin/tool' },
      { name: 'up/here', type: '2', target: '../bin/../tool' },
      pax({ path: `${'deep/'.repeat(50)}é` }),
      { content: 'deep' },
      { name: 'inner.tar', content: tarOf({ name: '../../outside' }) },
    );
    writeFileSync(file, packed(bytes));
    expect(await unpack(file, root)).toEqual({ files: 4, bytes: 400_000 + 4 + 1536 });
    expect(readFileSync(join(root, 'bin/tool')).equals(content)).toBe(true);
    expect(readFileSync(join(root, 'tool')).equals(content)).toBe(true);
    expect(readlinkSync(join(root, 'up/here'))).toBe('../bin/../tool');
    expect(readFileSync(join(root, `${'deep/'.repeat(50)}é`), 'utf8')).toBe('deep');
    // A hard link becomes a file of its own.
    expect(lstatSync(join(root, 'bin/same')).nlink).toBe(1);
    // What is inside of an archive is content, and is not looked into.
    expect(existsSync(join(root, 'inner.tar'))).toBe(true);
  });

  it('takes no more of modes than permissions, and leaves all readable for the owner', async () => {
    writeFileSync(
      file,
      tarOf(
        { name: 'su', mode: 0o6755 },
        { name: 'closed/', type: '5', mode: 0 },
        { name: 'closed/in', mode: 0 },
        { name: 'sticky/', type: '5', mode: 0o1777 },
      ),
    );
    await unpack(file, root);
    expect(lstatSync(join(root, 'su')).mode & 0o7777).toBe(0o755);
    expect(lstatSync(join(root, 'closed')).mode & 0o7777).toBe(0o700);
    expect(lstatSync(join(root, 'closed/in')).mode & 0o7777).toBe(0o600);
    expect(lstatSync(join(root, 'sticky')).mode & 0o7777).toBe(0o777);
  });

  it('takes an archive that was packed in several frames', async () => {
    const bytes = tarOf({ name: 'a', content: noise(70_000) });
    const [first, second] = [bytes.subarray(0, 30_000), bytes.subarray(30_000)];
    for (const pack of [gzipSync, zstdCompressSync]) {
      writeFileSync(file, Buffer.concat([pack(first), pack(second)]));
      rmSync(join(root, 'a'), { force: true });
      expect(await unpack(file, root)).toEqual({ files: 1, bytes: 70_000 });
    }
  });

  it('reads an archive that arrives in pieces of one block', async () => {
    writeFileSync(
      file,
      gzipSync(Buffer.concat([entry({ name: 'a', content: noise(70_000) }), tarOf({ name: 'b' })]), {
        chunkSize: 512,
      }),
    );
    expect(await unpack(file, root)).toEqual({ files: 2, bytes: 70_000 });
  });
});

describe('pack', () => {
  const content = noise(100_000);
  const entries = async function* (wrong = 0): AsyncGenerator<ArchiveEntry> {
    const shared = { mtimeMs: 1_700_000_000_000, target: '', mode: 0o644, size: 0, content: null };
    const bytes = async function* () {
      yield content;
    };
    yield { ...shared, path: 'd', kind: 'folder', mode: 0o755 };
    yield {
      ...shared,
      path: 'd/tool',
      kind: 'file',
      mode: 0o755,
      size: content.length + wrong,
      content: bytes(),
    };
    yield { ...shared, path: `d/${'long/'.repeat(60)}é`, kind: 'file' };
    yield { ...shared, path: 'd/link', kind: 'link', target: 'tool' };
  };

  it.each(['a.tar', 'a.tar.gz', 'a.tgz', 'a.tar.zst'])(
    'writes %s, which comes back as it was',
    async (name) => {
      const packed = join(folder, name);
      await pack(packed, entries());
      expect(await unpack(packed, root)).toEqual({ files: 2, bytes: 100_000 });
      expect(readFileSync(join(root, 'd/tool')).equals(content)).toBe(true);
      expect(lstatSync(join(root, 'd/tool')).mode & 0o777).toBe(0o755);
      expect(lstatSync(join(root, 'd/tool')).mtimeMs).toBe(1_700_000_000_000);
      expect(existsSync(join(root, `d/${'long/'.repeat(60)}é`))).toBe(true);
      expect(readlinkSync(join(root, 'd/link'))).toBe('tool');
    },
  );

  it('gives equal bytes for equal entries', async () => {
    await pack(join(folder, 'a.tar.gz'), entries());
    await pack(join(folder, 'b.tar.gz'), entries());
    expect(readFileSync(join(folder, 'a.tar.gz')).equals(readFileSync(join(folder, 'b.tar.gz')))).toBe(true);
  });

  it('asks for a name that says how to pack', async () => {
    await expect(pack(join(folder, 'a.zip'), entries())).rejects.toThrow(
      'ends in .tar, .tar.gz, .tgz or .tar.zst',
    );
  });

  it('leaves no half archive behind when a content breaks', async () => {
    await expect(pack(join(folder, 'a.tar.gz'), entries(1))).rejects.toThrow('100000 bytes');
    expect(everything()).toEqual(['place', 'place/root']);
  });

  it('does not write through a link that lies in the way', async () => {
    const victim = join(folder, 'victim');
    writeFileSync(victim, 'mine');
    symlinkSync(victim, file);
    await pack(file, entries());
    expect(readFileSync(victim, 'utf8')).toBe('mine');
    expect(lstatSync(file).isFile()).toBe(true);
  });
});
