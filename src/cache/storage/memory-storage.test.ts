import { describe } from 'vitest';
import { storageContract } from '../../../test/contract/blob.contract.ts';
import { type MemoryContents, openMemoryStorage } from './memory-storage.ts';

describe('memory storage', () => {
  storageContract(async (clock) => {
    const contents: MemoryContents = { blobs: new Map(), references: new Map() };
    return {
      storage: openMemoryStorage(clock, contents),
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
