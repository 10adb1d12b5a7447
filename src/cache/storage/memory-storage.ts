import { type Digest, digestOf } from '../../base/digest.ts';
import type { JsonObject } from '../../base/json.ts';
import type { Clock } from '../../base/port.ts';
import { type BlobContent, BlobDamageError, type PutBlob, type Storage } from '../contract.ts';
import { decodeBlob, encodeBlob } from './blob-format.ts';
import { contentSource } from './content.ts';
import { gather } from './gather.ts';
import { checkDigest, checkReferenceName, descending, prefixText } from './names.ts';
import { referenceRecord, referenceText } from './reference-text.ts';

/** What a memory storage holds, in its stored form, so that a test can damage it. */
export interface MemoryContents {
  readonly blobs: Map<Digest, { stored: Uint8Array; usedAtMs: number }>;
  readonly references: Map<string, string>;
}

/** A storage that ends with the process. Good enough to run everything on it. */
export function openMemoryStorage(
  clock: Clock,
  contents: MemoryContents = { blobs: new Map(), references: new Map() },
): Storage {
  const { blobs, references } = contents;
  const put = async (content: BlobContent): Promise<PutBlob> => {
    const source = contentSource(content);
    const bytes = 'bytes' in source ? source.bytes : await gather(source.chunks);
    const digest = digestOf(bytes);
    const present = blobs.get(digest);
    if (present !== undefined) {
      present.usedAtMs = clock.now();
      return { digest, size: bytes.length, addedBytes: 0 };
    }
    const stored = Buffer.concat(encodeBlob(bytes));
    blobs.set(digest, { stored, usedAtMs: clock.now() });
    return { digest, size: bytes.length, addedBytes: stored.length };
  };
  const read = async (digest: Digest): Promise<Uint8Array | null> => {
    checkDigest(digest);
    const present = blobs.get(digest);
    if (present === undefined) return null;
    present.usedAtMs = clock.now();
    const content = decodeBlob(present.stored, digest);
    if (content !== null) return content;
    blobs.delete(digest);
    throw new BlobDamageError(
      `The blob ${digest} in memory is damaged: its bytes are not what was stored.`,
      digest,
    );
  };
  return {
    name: 'memory',
    blobs: {
      put,
      async putMany(list) {
        const all: PutBlob[] = [];
        for (const content of list) all.push(await put(content));
        return all;
      },
      read,
      async open(digest) {
        const content = await read(digest);
        if (content === null) return null;
        return (async function* () {
          if (content.length > 0) yield content;
        })();
      },
      async has(digests) {
        for (const digest of digests) checkDigest(digest);
        const present = digests.filter((digest) => blobs.has(digest));
        for (const digest of present) blobs.get(digest)!.usedAtMs = clock.now();
        return new Set(present);
      },
      async *list() {
        for (const [digest, { stored, usedAtMs }] of [...blobs]) {
          yield { digest, storedBytes: stored.length, usedAtMs };
        }
      },
      async remove(digest) {
        checkDigest(digest);
        blobs.delete(digest);
      },
    },
    references: {
      async write(name: string, record: JsonObject) {
        checkReferenceName(name);
        references.set(name, referenceText(name, record));
      },
      async read(name) {
        checkReferenceName(name);
        const text = references.get(name);
        return text === undefined ? null : referenceRecord(name, text, 'memory');
      },
      async list(prefix, limit = 1000) {
        const start = prefixText(prefix);
        return descending(
          [...references.keys()].filter((name) => name.startsWith(start)),
          limit,
        );
      },
      async remove(name) {
        checkReferenceName(name);
        references.delete(name);
      },
    },
    async close() {},
  };
}
