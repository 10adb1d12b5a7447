import { beforeEach, describe, expect, it } from 'vitest';
import {
  bytesContent,
  flipped,
  sha256,
  someText,
  storageContract,
} from '../../../test/contract/blob.contract.ts';
import { TestClock } from '../../../test/contract/store.contract.ts';
import { type Storage, StorageError } from '../contract.ts';
import { layeredStorage } from './layered-storage.ts';
import { type MemoryContents, openMemoryStorage } from './memory-storage.ts';

const empty = (): MemoryContents => ({ blobs: new Map(), references: new Map() });

describe('layered storage', () => {
  storageContract(async (clock) => {
    const contents = empty();
    // Nothing answers behind it: all must be as without.
    const remote = broken(openMemoryStorage(clock), () => true);
    return {
      storage: layeredStorage({ local: openMemoryStorage(clock, contents), remote, clock, warn: () => {} }),
      stored: async (digest) => contents.blobs.get(digest)!.stored,
      damage: async (digest, stored) => {
        contents.blobs.get(digest)!.stored = stored;
      },
      damageReference: async (name, change) => {
        contents.references.set(name, change(contents.references.get(name)!));
      },
      close: async () => {},
    };
  });
});

/** The same storage, failing in all it does while `isBroken`. */
function broken(storage: Storage, isBroken: () => boolean): Storage {
  const failing = <T extends object>(part: T): T =>
    new Proxy(part, {
      get: (target, key) => {
        const member = Reflect.get(target, key);
        if (!isBroken() || key === 'list') return member;
        return async () => {
          throw new StorageError('unreachable', 'The storage cannot be reached: nothing listens there.');
        };
      },
    });
  return { ...storage, blobs: failing(storage.blobs), references: failing(storage.references) };
}

describe('a local storage in front of a remote one', () => {
  let clock: TestClock;
  let near: MemoryContents;
  let far: MemoryContents;
  let isBroken: boolean;
  let warnings: string[];
  let storage: Storage;

  beforeEach(() => {
    clock = new TestClock();
    near = empty();
    far = empty();
    isBroken = false;
    warnings = [];
    storage = layeredStorage({
      local: openMemoryStorage(clock, near),
      remote: broken(openMemoryStorage(clock, far), () => isBroken),
      clock,
      warn: (message) => warnings.push(message),
    });
  });

  it('writes to both', async () => {
    const contents = ['a', 'b', 'a'].map(bytesContent);
    await storage.blobs.putMany(contents);
    await storage.blobs.put({ kind: 'stream', chunks: stream('c') });
    await storage.references.write('cache/x', { keeps: [sha256('a')] });
    expect([...far.blobs.keys()].sort()).toEqual(['a', 'b', 'c'].map(sha256).sort());
    expect([...near.blobs.keys()].sort()).toEqual([...far.blobs.keys()].sort());
    expect(far.references).toEqual(near.references);
  });

  it('fills the local one by reading', async () => {
    await storage.blobs.put(bytesContent('content'));
    await storage.references.write('cache/x', { a: 1 });
    near.blobs.clear();
    near.references.clear();
    expect(await storage.blobs.has([sha256('content')])).toEqual(new Set([sha256('content')]));
    expect(await storage.references.list('cache')).toEqual(['cache/x']);
    expect(await storage.blobs.read(sha256('content'))).toEqual(Buffer.from('content'));
    expect(await storage.references.read('cache/x')).toEqual({ a: 1 });
    far.blobs.clear();
    far.references.clear();
    expect(await storage.blobs.read(sha256('content'))).toEqual(Buffer.from('content'));
    expect(await storage.references.read('cache/x')).toEqual({ a: 1 });
  });

  it('brings a damaged local blob back from the remote one', async () => {
    const { digest } = await storage.blobs.put(bytesContent('content'));
    const blob = near.blobs.get(digest)!;
    blob.stored = flipped(blob.stored, 200);
    expect(await storage.blobs.read(digest)).toEqual(Buffer.from('content'));
    expect(warnings).toEqual([]);
  });

  it('takes nothing wrong from the remote one, and goes on as if it were not there', async () => {
    const { digest } = await storage.blobs.put(bytesContent(someText(9000)));
    const other = await storage.blobs.put(bytesContent('other'));
    near.blobs.clear();
    far.blobs.get(digest)!.stored = far.blobs.get(other.digest)!.stored;
    expect(await storage.blobs.open(digest)).toBeNull();
    expect(warnings).toHaveLength(1);
    expect(warnings[0]).toContain('is damaged');
    expect(await storage.blobs.read(other.digest)).toEqual(Buffer.from('other'));
    expect([...near.blobs.keys()]).toEqual([other.digest]);
  });

  it('warns once and does without the remote one for a minute when it fails', async () => {
    isBroken = true;
    await storage.blobs.putMany(['a', 'b'].map(bytesContent));
    await storage.references.write('cache/x', {});
    expect(await storage.blobs.read(sha256('none'))).toBeNull();
    expect(await storage.references.read('none')).toBeNull();
    expect(await storage.references.list('')).toEqual(['cache/x']);
    await storage.blobs.remove(sha256('a'));
    expect(warnings).toEqual(['The storage cannot be reached: nothing listens there. Going on without it.']);
    isBroken = false;
    await storage.blobs.put(bytesContent('c'));
    expect(far.blobs.size).toBe(0);
    clock.pass(61_000);
    await storage.blobs.put(bytesContent('b'));
    expect([...far.blobs.keys()]).toEqual([sha256('b')]);
  });
});

async function* stream(text: string): AsyncIterable<Uint8Array> {
  yield Buffer.from(text);
}
