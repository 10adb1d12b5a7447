import { randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { bytesContent, contentOf, flipped, someText } from '../../../../test/contract/blob.contract.ts';
import { TestClock } from '../../../../test/contract/store.contract.ts';
import { BlobDamageError, type Storage } from '../../contract.ts';
import { openFolderStorage } from './folder-storage.ts';
import { Layout } from './layout.ts';

describe('500 damages', () => {
  let directory: string;
  let storage: Storage;
  let layout: Layout;

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'sluice-damage-'));
    layout = new Layout(directory);
    const owners = { self: 'test:1', alive: () => true };
    storage = openFolderStorage({ directory, clock: new TestClock(), owners });
  });

  afterEach(async () => {
    await storage.close();
    rmSync(directory, { recursive: true });
  });

  it('are all found: flipped bits, cuts, swapped blobs, blobs of another time', {
    timeout: 60_000,
  }, async () => {
    const contents = [
      ...Array.from({ length: 6 }, (_, i) => Buffer.from(`small ${i}`)),
      ...Array.from({ length: 6 }, (_, i) => someText(5_000 * (i + 1))),
      ...Array.from({ length: 6 }, (_, i) => randomBytes(5_000 * (i + 1))),
      someText(30_000_000),
      randomBytes(4_500_000),
    ];
    const blobs = await storage.blobs.putMany(contents.map(bytesContent));
    const good = blobs.map(({ digest }) => readFileSync(layout.blob(digest)));
    // The small ones more often: a damage of a large one takes its time.
    const index = fc.oneof({ weight: 80, arbitrary: fc.nat(17) }, { weight: 1, arbitrary: fc.nat(19) });
    const place = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
    const kind = fc.constantFrom('flip', 'flip', 'header', 'cut', 'swap', 'grow');
    const test = fc.asyncProperty(index, kind, place, fc.nat(19), async (i, how, where, other) => {
      const stored = good[i]!;
      const damaged = {
        flip: () => flipped(stored, Math.floor(where * stored.length * 8)),
        header: () => flipped(stored, Math.floor(where * 24 * 8)),
        cut: () => stored.subarray(0, Math.floor(where * stored.length)),
        swap: () => good[other === i ? (i + 1) % good.length : other]!,
        grow: () => Buffer.concat([stored, stored.subarray(0, 1 + Math.floor(where * 100))]),
      }[how]();
      const { digest } = blobs[i]!;
      writeFileSync(layout.blob(digest), damaged);
      for (const look of [() => contentOf(storage, digest), () => storage.blobs.read(digest)]) {
        await expect(look()).rejects.toThrow(BlobDamageError);
        expect(await storage.blobs.has([digest])).toEqual(new Set());
        writeFileSync(layout.blob(digest), damaged);
      }
      writeFileSync(layout.blob(digest), stored);
      expect(Buffer.from((await storage.blobs.read(digest))!).equals(contents[i]!)).toBe(true);
    });
    await fc.assert(test, { numRuns: 500 });
  });
});
