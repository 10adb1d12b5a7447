import { createHash } from 'node:crypto';
import { openAsBlob, rmSync } from 'node:fs';
import { type Digest, digestOf } from '../../../base/digest.ts';
import type { Clock } from '../../../base/port.ts';
import {
  type BlobContent,
  BlobDamageError,
  type BlobStore,
  type PutBlob,
  type ReferenceStore,
  type Storage,
} from '../../contract.ts';
import { encodeBlob } from '../blob-format.ts';
import { decodeStream } from '../blob-stream.ts';
import { contentSource } from '../content.ts';
import { Layout, type ProcessOwners } from '../folder/layout.ts';
import { PartialFiles } from '../folder/partial-files.ts';
import { writeStream } from '../folder/write-stream.ts';
import { gather } from '../gather.ts';
import {
  checkDigest,
  checkReferenceName,
  descending,
  isDigest,
  isReferenceName,
  prefixText,
} from '../names.ts';
import { referenceRecord, referenceText } from '../reference-text.ts';
import type { ObjectBody, ObjectService } from './object-service.ts';

/** Calls under way at a time. */
const AT_ONCE = 16;
/** A record is small; what is larger is none. */
const REFERENCE_BYTES_MAX = 64 * 2 ** 20;

export interface RemoteOptions {
  readonly clock: Clock;
  readonly owners: ProcessOwners;
  /** Where large contents lie while they are sent. */
  readonly scratch: string;
}

/**
 * Blobs and references as objects of a server, in the same stored form as in a folder. What comes back is verified as if
 * anybody could have changed it.
 */
export function openRemoteStorage(service: ObjectService, options: RemoteOptions): Storage {
  const partials = new PartialFiles(new Layout(options.scratch), options.owners, options.clock);
  return {
    name: service.name,
    blobs: remoteBlobs(service, partials),
    references: remoteReferences(service),
    async close() {
      partials.close();
    },
  };
}

function remoteBlobs(service: ObjectService, partials: PartialFiles): BlobStore {
  /**
   * Found damaged by this process: as if not there, and stored anew by the next put. Not removed, since it may have been
   * damaged on its way here.
   */
  const damaged = new Set<Digest>();
  const keyOf = (digest: Digest) => `blobs/${digest}`;
  const isThere = async (digest: Digest) =>
    !damaged.has(digest) && (await service.head(keyOf(digest))) !== null;

  const store = async (digest: Digest, size: number, body: () => Promise<ObjectBody>): Promise<PutBlob> => {
    if (await isThere(digest)) return { digest, size, addedBytes: 0 };
    const sent = await body();
    await service.put(keyOf(digest), sent);
    damaged.delete(digest);
    return { digest, size, addedBytes: sent.bytes };
  };

  const put = async (content: BlobContent): Promise<PutBlob> => {
    const source = contentSource(content);
    if ('bytes' in source) {
      const { bytes } = source;
      return store(digestOf(bytes), bytes.length, async () => bodyOf(Buffer.concat(encodeBlob(bytes))));
    }
    const written = await writeStream(partials, source.chunks);
    try {
      return await store(written.digest, written.contentBytes, () =>
        fileBody(written.path, written.storedBytes),
      );
    } finally {
      rmSync(written.path, { force: true });
    }
  };

  const open = async (digest: Digest): Promise<AsyncIterable<Uint8Array> | null> => {
    checkDigest(digest);
    const stored = damaged.has(digest) ? null : await service.get(keyOf(digest));
    if (stored === null) return null;
    return decodeStream(stored.chunks, stored.bytes, digest, async () => {
      damaged.add(digest);
      return new BlobDamageError(
        `The blob ${digest} from ${service.name} is damaged: its bytes are not what was stored.`,
        digest,
      );
    });
  };

  return {
    put,
    putMany: (contents) => eachOf(contents, put),
    open,
    async read(digest) {
      const chunks = await open(digest);
      return chunks === null ? null : gather(chunks);
    },
    async has(digests) {
      for (const digest of digests) checkDigest(digest);
      const present = await eachOf(new Set(digests), async (digest) =>
        (await isThere(digest)) ? digest : null,
      );
      return new Set(present.filter((digest) => digest !== null));
    },
    async *list() {
      for await (const { key, bytes, changedAtMs } of service.list('blobs/')) {
        const digest = key.slice('blobs/'.length);
        if (isDigest(digest)) yield { digest, storedBytes: bytes, usedAtMs: changedAtMs };
      }
    },
    async remove(digest) {
      checkDigest(digest);
      await service.remove(keyOf(digest));
      damaged.delete(digest);
    },
  };
}

function remoteReferences(service: ObjectService): ReferenceStore {
  const keyOf = (name: string) => `references/${name}`;
  return {
    async write(name, record) {
      checkReferenceName(name);
      await service.put(keyOf(name), bodyOf(Buffer.from(referenceText(name, record))));
    },
    async read(name) {
      checkReferenceName(name);
      const stored = await service.get(keyOf(name));
      if (stored === null) return null;
      if (stored.bytes > REFERENCE_BYTES_MAX) {
        throw new BlobDamageError(`The record "${name}" from ${service.name} is too large to be one.`, null);
      }
      return referenceRecord(name, Buffer.from(await gather(stored.chunks)).toString(), service.name);
    },
    async list(prefix, limit = 1000) {
      const names: string[] = [];
      for await (const { key } of service.list(keyOf(prefixText(prefix)))) {
        const name = key.slice('references/'.length);
        if (isReferenceName(name)) names.push(name);
      }
      return descending(names, limit);
    },
    async remove(name) {
      checkReferenceName(name);
      await service.remove(keyOf(name));
    },
  };
}

function bodyOf(content: Buffer<ArrayBuffer>): ObjectBody {
  return { content, bytes: content.length, sha256: digestOf(content) };
}

async function fileBody(path: string, bytes: number): Promise<ObjectBody> {
  const content = await openAsBlob(path);
  const hash = createHash('sha256');
  for await (const piece of content.stream()) hash.update(piece);
  return { content, bytes, sha256: hash.digest('hex') };
}

/** Does it for each, some at a time, and gives the results in the order of the items. The first failure ends it. */
async function eachOf<Item, Result>(
  items: Iterable<Item>,
  action: (item: Item) => Promise<Result>,
): Promise<Result[]> {
  const results: Result[] = [];
  const waiting = Iterator.from(items);
  let count = 0;
  let failed = false;
  const work = async () => {
    while (!failed) {
      const { done, value } = waiting.next();
      if (done) return;
      const place = count;
      count += 1;
      try {
        results[place] = await action(value);
      } catch (error) {
        failed = true;
        throw error;
      }
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  return results;
}
