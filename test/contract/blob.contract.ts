import { createHash, randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Digest } from '../../src/base/digest.ts';
import { type BlobContent, BlobDamageError, type Storage } from '../../src/cache/contract.ts';
import { TestClock } from './store.contract.ts';

/** A storage with a way to what lies beneath it. */
export interface StorageRig {
  readonly storage: Storage;
  /** The stored form of a blob, and a way to replace it without the storage's help. */
  stored(digest: Digest): Promise<Uint8Array>;
  damage(digest: Digest, stored: Uint8Array): Promise<void>;
  damageReference(name: string, change: (text: string) => string): Promise<void>;
  /** Ends what `open` began, but for the storage itself. */
  close(): Promise<void>;
}

export const bytesContent = (bytes: Uint8Array | string): BlobContent => ({
  kind: 'bytes',
  bytes: Buffer.from(bytes),
});
export const sha256 = (bytes: Uint8Array | string) =>
  createHash('sha256').update(bytes).digest('hex') as Digest;

export async function contentOf(storage: Storage, digest: Digest): Promise<Buffer | null> {
  const chunks = await storage.blobs.open(digest);
  if (chunks === null) return null;
  const pieces: Uint8Array[] = [];
  for await (const chunk of chunks) pieces.push(chunk);
  return Buffer.concat(pieces);
}

async function digestsOf(storage: Storage): Promise<string[]> {
  const digests: string[] = [];
  for await (const blob of storage.blobs.list()) digests.push(blob.digest);
  return digests.sort();
}

/** Text that compresses well, of about so many bytes. */
export function someText(bytes: number): Buffer {
  const lines: string[] = [];
  for (let length = 0, i = 0; length < bytes; i++) {
    const line = `export const value${i} = compute(${(i * 7919) % 1000}, 'of line ${i}');\n`;
    lines.push(line);
    length += line.length;
  }
  return Buffer.from(lines.join(''));
}

/** Every implementation of `Storage` passes this. `open` makes a new, empty one. */
export function storageContract(open: (clock: TestClock) => Promise<StorageRig>): void {
  let clock: TestClock;
  let rig: StorageRig;
  let storage: Storage;
  let folder: string;

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'sluice-blob-'));
    clock = new TestClock();
    rig = await open(clock);
    storage = rig.storage;
  });

  afterEach(async () => {
    await storage.close();
    await rig.close();
    rmSync(folder, { recursive: true });
  });

  const contents: readonly (readonly [string, () => Buffer])[] = [
    ['nothing', () => Buffer.alloc(0)],
    ['one byte', () => Buffer.from('x')],
    ['a little text', () => someText(300)],
    ['text that compresses', () => someText(200_000)],
    ['bytes that do not', () => randomBytes(200_000)],
    ['much text', () => someText(6_000_000)],
    ['many bytes', () => randomBytes(6_000_000)],
  ];

  describe('blobs', () => {
    for (const [name, make] of contents) {
      it(`gives back ${name}, stored from bytes, a file and a stream`, async () => {
        const content = make();
        const digest = sha256(content);
        const file = join(folder, 'content');
        writeFileSync(file, content);
        const sources: BlobContent[] = [
          bytesContent(content),
          { kind: 'file', path: file },
          { kind: 'stream', chunks: inPieces(content, 70_001) },
        ];
        for (const source of sources) {
          const put = await storage.blobs.put(source);
          expect(put).toMatchObject({ digest, size: content.length });
          expect(put.addedBytes).toBeGreaterThan(0);
          expect((await contentOf(storage, digest))!.equals(content)).toBe(true);
          expect(Buffer.from((await storage.blobs.read(digest))!).equals(content)).toBe(true);
          await storage.blobs.remove(digest);
        }
      });
    }

    it('stores equal contents once and says that nothing was added', async () => {
      const first = await storage.blobs.put(bytesContent('same'));
      expect(first.addedBytes).toBeGreaterThan(0);
      for (const content of [
        bytesContent('same'),
        { kind: 'stream', chunks: inPieces(Buffer.from('same'), 1) },
      ]) {
        expect(await storage.blobs.put(content as BlobContent)).toEqual({ ...first, addedBytes: 0 });
      }
      expect(await digestsOf(storage)).toEqual([first.digest]);
    });

    it('stores many in the order given, equal ones once', async () => {
      const texts = Array.from({ length: 60 }, (_, i) => `content ${i % 40}`);
      const put = await storage.blobs.putMany(texts.map(bytesContent));
      expect(put.map(({ digest }) => digest)).toEqual(texts.map(sha256));
      expect(put.filter(({ addedBytes }) => addedBytes > 0)).toHaveLength(40);
      expect(await digestsOf(storage)).toEqual([...new Set(texts.map(sha256))].sort());
    });

    it('takes equal contents from several writers at once', async () => {
      const content = someText(50_000);
      await Promise.all(Array.from({ length: 8 }, () => storage.blobs.put(bytesContent(content))));
      expect(await digestsOf(storage)).toEqual([sha256(content)]);
      expect(await contentOf(storage, sha256(content))).toEqual(content);
    });

    it('knows nothing of a blob that nobody stored', async () => {
      const digest = sha256('nobody');
      expect(await storage.blobs.open(digest)).toBeNull();
      expect(await storage.blobs.read(digest)).toBeNull();
      expect(await storage.blobs.has([digest])).toEqual(new Set());
      expect(await storage.blobs.has([])).toEqual(new Set());
      await storage.blobs.remove(digest);
      expect(await digestsOf(storage)).toEqual([]);
    });

    it('tells which of many are there', async () => {
      await storage.blobs.putMany(['a', 'b', 'c'].map(bytesContent));
      await storage.blobs.remove(sha256('b'));
      expect(await storage.blobs.has(['a', 'b', 'c', 'd'].map(sha256))).toEqual(
        new Set(['a', 'c'].map(sha256)),
      );
    });

    it('stores less than it was given when that pays, and never much more', async () => {
      const [text, noise] = [someText(100_000), randomBytes(100_000)];
      await storage.blobs.putMany([bytesContent(text), bytesContent(noise)]);
      const sizes = new Map<string, number>();
      for await (const blob of storage.blobs.list()) sizes.set(blob.digest, blob.storedBytes);
      expect(sizes.get(sha256(text))).toBeLessThan(40_000);
      expect(sizes.get(sha256(noise))).toBeLessThan(100_100);
    });

    it('refuses a name that is no digest', async () => {
      const names = [
        '',
        'abc',
        '../../etc/passwd',
        'A'.repeat(64),
        `${'a'.repeat(63)}/`,
        `${'a'.repeat(64)}\n`,
      ];
      for (const name of names) {
        const digest = name as Digest;
        await expect(storage.blobs.open(digest)).rejects.toThrow('no blob');
        await expect(storage.blobs.read(digest)).rejects.toThrow('no blob');
        await expect(storage.blobs.has([digest])).rejects.toThrow('no blob');
        await expect(storage.blobs.remove(digest)).rejects.toThrow('no blob');
      }
    });

    it('refuses links and folders in place of a file, and leaves nothing of them', async () => {
      writeFileSync(join(folder, 'target'), 'secret');
      symlinkSync(join(folder, 'target'), join(folder, 'link'));
      for (const path of [join(folder, 'link'), folder, join(folder, 'none')]) {
        await expect(storage.blobs.put({ kind: 'file', path })).rejects.toThrow(path);
      }
      expect(await digestsOf(storage)).toEqual([]);
    });

    it('stores nothing of a stream that breaks', async () => {
      for (const goodBytes of [10, 500_000]) {
        const chunks = (async function* () {
          yield randomBytes(goodBytes);
          throw new Error('the source broke');
        })();
        await expect(storage.blobs.put({ kind: 'stream', chunks })).rejects.toThrow('the source broke');
      }
      expect(await digestsOf(storage)).toEqual([]);
    });

    it('can be read in part', async () => {
      const content = randomBytes(6_000_000);
      const { digest } = await storage.blobs.put(bytesContent(content));
      for await (const chunk of (await storage.blobs.open(digest))!) {
        expect(content.subarray(0, chunk.length).equals(chunk)).toBe(true);
        break;
      }
      expect((await contentOf(storage, digest))!.equals(content)).toBe(true);
    });
  });

  describe('damage', () => {
    const kinds: Record<string, (stored: Uint8Array) => Uint8Array> = {
      'its first bit flipped': (stored) => flipped(stored, 0),
      'a bit of its sizes flipped': (stored) => flipped(stored, 8 * 9 + 3),
      'a bit in the middle flipped': (stored) => flipped(stored, (stored.length * 8) >> 1),
      'its last bit flipped': (stored) => flipped(stored, stored.length * 8 - 1),
      'its last byte cut off': (stored) => stored.subarray(0, -1),
      'half of it cut off': (stored) => stored.subarray(0, stored.length >> 1),
      'nothing left of it': () => Buffer.alloc(0),
      'a byte more': (stored) => Buffer.concat([stored, Buffer.from('x')]),
      'zeros in its place': (stored) => Buffer.alloc(stored.length),
    };
    for (const [name, change] of Object.entries(kinds)) {
      it(`is found in a blob with ${name}, which can then be stored anew`, async () => {
        for (const content of [someText(200), someText(100_000), randomBytes(5_000_000)]) {
          const { digest } = await storage.blobs.put(bytesContent(content));
          await rig.damage(digest, change(await rig.stored(digest)));
          await expectDamage(storage, digest);
          expect((await storage.blobs.put(bytesContent(content))).addedBytes).toBeGreaterThan(0);
          expect((await contentOf(storage, digest))!.equals(content)).toBe(true);
        }
      });
    }

    it('is found when one blob stands in for another', async () => {
      const [a, b] = await storage.blobs.putMany([bytesContent('content a'), bytesContent('content b')]);
      await rig.damage(a!.digest, await rig.stored(b!.digest));
      await expectDamage(storage, a!.digest);
      expect(await contentOf(storage, b!.digest)).toEqual(Buffer.from('content b'));
    });

    it('is found in a reference, and a new one can be written', async () => {
      await storage.references.write('a/one', { value: 1 });
      await storage.references.write('a/two', { value: 2 });
      let two = '';
      await rig.damageReference('a/two', (text) => {
        two = text;
        return text;
      });
      for (const change of [
        (text: string) => text.replace('1', '3'),
        (text: string) => text.slice(0, -1),
        () => '',
        () => '{}',
        () => two,
      ]) {
        await rig.damageReference('a/one', change);
        await expect(storage.references.read('a/one')).rejects.toThrow(BlobDamageError);
        await storage.references.write('a/one', { value: 1 });
        expect(await storage.references.read('a/one')).toEqual({ value: 1 });
      }
    });
  });

  describe('references', () => {
    it('gives back what was written last', async () => {
      expect(await storage.references.read('x/y')).toBeNull();
      await storage.references.write('x/y', { keeps: [sha256('a')], text: 'ä\u0000\n"' });
      expect(await storage.references.read('x/y')).toEqual({ keeps: [sha256('a')], text: 'ä\u0000\n"' });
      await storage.references.write('x/y', { now: null });
      expect(await storage.references.read('x/y')).toEqual({ now: null });
      await storage.references.remove('x/y');
      await storage.references.remove('x/y');
      expect(await storage.references.read('x/y')).toBeNull();
    });

    it('keeps a name apart from the names below it', async () => {
      for (const name of ['a', 'a/b', 'a/b/c']) await storage.references.write(name, { name });
      await storage.references.remove('a/b');
      expect(await storage.references.read('a')).toEqual({ name: 'a' });
      expect(await storage.references.read('a/b')).toBeNull();
      expect(await storage.references.read('a/b/c')).toEqual({ name: 'a/b/c' });
    });

    it('lists the names below a whole part, greatest first', async () => {
      const names = ['k', 'k/1', 'k/1/x', 'k/10', 'k/2', 'k-1/1', 'k.a/1', 'kk/1', 'k/~', 'k/A', 'k/a'];
      for (const name of names) await storage.references.write(name, {});
      const below = (prefix: string) =>
        names
          .filter((name) => name.startsWith(prefix))
          .sort()
          .reverse();
      expect(await storage.references.list('')).toEqual(below(''));
      expect(await storage.references.list('k')).toEqual(below('k/'));
      expect(await storage.references.list('k/1')).toEqual(['k/1/x']);
      expect(await storage.references.list('k', 3)).toEqual(below('k/').slice(0, 3));
      expect(await storage.references.list('none')).toEqual([]);
    });

    it('lists as the model does, whatever the names', async () => {
      const part = fc
        .stringMatching(/^[a.\-_~/B0]{1,6}$/)
        .filter((text) => !/(^|\/)\.{0,2}(\/|$)/.test(text));
      const test = fc.asyncProperty(fc.uniqueArray(part, { maxLength: 12 }), part, async (names, prefix) => {
        for (const name of names) await storage.references.write(name, { name });
        const model = names.sort().reverse();
        expect(await storage.references.list('')).toEqual(model);
        expect(await storage.references.list(prefix)).toEqual(
          model.filter((name) => name.startsWith(`${prefix}/`)),
        );
        for (const name of names) await storage.references.remove(name);
        expect(await storage.references.list('')).toEqual([]);
      });
      await fc.assert(test, { numRuns: 10 });
    });

    it('refuses a name that could lead elsewhere', async () => {
      const names = [
        '',
        '.',
        '..',
        'a/../b',
        '/a',
        'a/',
        'a//b',
        'a b',
        'a\\b',
        'ä',
        'a\n',
        'a=',
        'x'.repeat(201),
        'a%2fb',
      ];
      for (const name of names) {
        await expect(storage.references.write(name, {})).rejects.toThrow('cannot name a reference');
        await expect(storage.references.read(name)).rejects.toThrow('cannot name a reference');
        await expect(storage.references.remove(name)).rejects.toThrow('cannot name a reference');
        if (name !== '')
          await expect(storage.references.list(name)).rejects.toThrow('cannot name a reference');
      }
    });

    it('leaves one of the records when two are written at once', async () => {
      await Promise.all(Array.from({ length: 10 }, (_, i) => storage.references.write('same', { i })));
      const record = await storage.references.read('same');
      expect(record!.i).toBeGreaterThanOrEqual(0);
      expect(await storage.references.list('')).toEqual(['same']);
    });
  });
}

/** By presence and size it may pass; no reading may give the wrong bytes, or all of them before the damage is told. */
async function expectDamage(storage: Storage, digest: Digest): Promise<void> {
  await expect(contentOf(storage, digest)).rejects.toThrow(BlobDamageError);
  expect(await storage.blobs.has([digest])).toEqual(new Set());
}

export function flipped(bytes: Uint8Array, bit: number): Uint8Array {
  const copy = Uint8Array.from(bytes);
  copy[bit >> 3]! ^= 1 << (bit & 7);
  return copy;
}

async function* inPieces(content: Uint8Array, size: number): AsyncIterable<Uint8Array> {
  for (let at = 0; at < content.length; at += size) yield content.subarray(at, at + size);
}
