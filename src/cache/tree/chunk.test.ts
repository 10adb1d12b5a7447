import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { chance, randomBytes } from '../../../bench/support/tree-files.ts';
import { digestOf } from '../../base/digest.ts';
import { CHUNK_SIZES, type ChunkSizes, chunkEnd } from './chunk.ts';

const SMALL: ChunkSizes = { min: 64, average: 256, max: 1024 };

function chunksOf(bytes: Uint8Array, sizes: ChunkSizes): Uint8Array[] {
  const chunks: Uint8Array[] = [];
  for (let start = 0; start < bytes.length; ) {
    const end = chunkEnd(bytes, start, bytes.length, sizes);
    chunks.push(bytes.subarray(start, end));
    start = end;
  }
  return chunks;
}

describe('chunkEnd', () => {
  it('cuts into chunks that joined are the content, none too long and only the last too short', () => {
    fc.assert(
      fc.property(fc.integer(), fc.nat(20_000), fc.boolean(), (seed, length, isPlain) => {
        const bytes = isPlain ? Buffer.alloc(length, seed) : randomBytes(length, chance(seed || 1));
        const chunks = chunksOf(bytes, SMALL);
        expect(Buffer.concat(chunks).equals(bytes)).toBe(true);
        for (const [index, chunk] of chunks.entries()) {
          expect(chunk.length).toBeLessThanOrEqual(SMALL.max);
          if (index < chunks.length - 1) expect(chunk.length).toBeGreaterThanOrEqual(SMALL.min);
        }
      }),
      { numRuns: 200 },
    );
  });

  it('changes few chunks when something is inserted, removed or changed in one place', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1 }),
        fc.nat(60_000),
        fc.nat(300),
        fc.nat(300),
        (seed, at, remove, insert) => {
          const next = chance(seed);
          const bytes = randomBytes(60_000, next);
          const edited = Buffer.concat([
            bytes.subarray(0, at),
            randomBytes(insert, next),
            bytes.subarray(Math.min(bytes.length, at + remove)),
          ]);
          const known = new Set(chunksOf(bytes, SMALL).map(digestOf));
          const fresh = chunksOf(edited, SMALL).filter((chunk) => !known.has(digestOf(chunk)));
          expect(fresh.length).toBeLessThan(20);
        },
      ),
      { numRuns: 200 },
    );
  });

  it('cuts about as long as it says', () => {
    const chunks = chunksOf(randomBytes(12_000_000, chance(7)), CHUNK_SIZES);
    expect(12_000_000 / chunks.length / CHUNK_SIZES.average).toBeGreaterThan(0.7);
    expect(12_000_000 / chunks.length / CHUNK_SIZES.average).toBeLessThan(1.5);
  });
});
