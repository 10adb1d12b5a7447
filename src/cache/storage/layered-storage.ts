import type { Digest } from '../../base/digest.ts';
import type { Clock } from '../../base/port.ts';
import {
  type BlobContent,
  BlobDamageError,
  type BlobStore,
  type PutBlob,
  type ReferenceStore,
  type Storage,
} from '../contract.ts';
import { descending } from './names.ts';

/** How long a remote storage that failed is left alone: a job must not wait for each of its blobs. */
const PAUSE_MS = 60_000;

export interface LayeredOptions {
  readonly local: Storage;
  readonly remote: Storage;
  readonly clock: Clock;
  /** Told once for each time the remote storage fails, with what it said. It is left alone for a minute then. */
  readonly warn: (message: string) => void;
}

/**
 * A local storage in front of a remote one: reading fills the local one, writing goes to both. What the remote one fails at
 * is as if it were not there; it never fails a job, and what comes from it is verified before it is kept.
 */
export function layeredStorage({ local, remote, clock, warn }: LayeredOptions): Storage {
  let pausedUntilMs = Number.NEGATIVE_INFINITY;
  const fromRemote = async <T>(action: () => Promise<T>, otherwise: T): Promise<T> => {
    if (clock.monotonic() < pausedUntilMs) return otherwise;
    try {
      return await action();
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      if (error instanceof BlobDamageError) {
        warn(message);
      } else {
        // Many calls may fail together; one of them tells.
        if (clock.monotonic() >= pausedUntilMs) warn(`${message} Going on without it.`);
        pausedUntilMs = clock.monotonic() + PAUSE_MS;
      }
      return otherwise;
    }
  };
  return {
    name: `${local.name}, in front of ${remote.name}`,
    blobs: layeredBlobs(local.blobs, remote.blobs, fromRemote),
    references: layeredReferences(local.references, remote.references, fromRemote),
    async close() {
      await local.close();
      await remote.close();
    },
  };
}

type FromRemote = <T>(action: () => Promise<T>, otherwise: T) => Promise<T>;

function layeredBlobs(local: BlobStore, remote: BlobStore, fromRemote: FromRemote): BlobStore {
  /** Sent from the local copy: a stream can be read only once. */
  const send = async (blobs: readonly PutBlob[]): Promise<void> => {
    const digests = new Set(blobs.map(({ digest }) => digest));
    await fromRemote(async () => {
      const present = await remote.has([...digests]);
      await remote.putMany(
        localContents(
          local,
          [...digests].filter((digest) => !present.has(digest)),
        ),
      );
    }, undefined);
  };
  /** Whether the blob is in the local storage now, right in all its bytes. */
  const fill = (digest: Digest): Promise<boolean> =>
    fromRemote(async () => {
      const chunks = await remote.open(digest);
      if (chunks === null) return false;
      // Whoever wrote the remote one may lie in its digests; what is kept here has the digest of what it is.
      return (await local.put({ kind: 'stream', chunks })).digest === digest;
    }, false);
  /** From the local storage, else filled from the remote one. A damaged local blob is replaced by the remote one. */
  const through = async <T>(digest: Digest, look: () => Promise<T | null>): Promise<T | null> => {
    let damage: BlobDamageError | null = null;
    try {
      const found = await look();
      if (found !== null) return found;
    } catch (error) {
      if (!(error instanceof BlobDamageError)) throw error;
      damage = error;
    }
    if (await fill(digest)) return look();
    if (damage !== null) throw damage;
    return null;
  };

  return {
    async put(content: BlobContent) {
      const blob = await local.put(content);
      await send([blob]);
      return blob;
    },
    async putMany(contents) {
      const blobs = await local.putMany(contents);
      await send(blobs);
      return blobs;
    },
    open: (digest) => through(digest, () => local.open(digest)),
    read: (digest) => through(digest, () => local.read(digest)),
    async has(digests) {
      const present = await local.has(digests);
      const missing = digests.filter((digest) => !present.has(digest));
      if (missing.length === 0) return present;
      const none: ReadonlySet<Digest> = new Set();
      return new Set([...present, ...(await fromRemote(() => remote.has(missing), none))]);
    },
    async *list() {
      const seen = new Set<Digest>();
      for await (const blob of local.list()) {
        seen.add(blob.digest);
        yield blob;
      }
      for (const blob of await fromRemote(() => all(remote.list()), [])) {
        if (!seen.has(blob.digest)) yield blob;
      }
    },
    async remove(digest) {
      await local.remove(digest);
      await fromRemote(() => remote.remove(digest), undefined);
    },
  };
}

/** Each opened when its turn has come. */
function* localContents(local: BlobStore, digests: readonly Digest[]): Iterable<BlobContent> {
  for (const digest of digests) {
    const chunks = (async function* () {
      const opened = await local.open(digest);
      if (opened === null)
        throw new BlobDamageError(`The blob ${digest} was removed while it was sent.`, digest);
      yield* opened;
    })();
    yield { kind: 'stream', chunks };
  }
}

function layeredReferences(
  local: ReferenceStore,
  remote: ReferenceStore,
  fromRemote: FromRemote,
): ReferenceStore {
  return {
    async write(name, record) {
      await local.write(name, record);
      await fromRemote(() => remote.write(name, record), undefined);
    },
    async read(name) {
      const found = await local.read(name);
      if (found !== null) return found;
      const record = await fromRemote(() => remote.read(name), null);
      if (record !== null) await local.write(name, record);
      return record;
    },
    async list(prefix, limit = 1000) {
      const names = await local.list(prefix, limit);
      const others = await fromRemote(() => remote.list(prefix, limit), []);
      return descending(new Set([...names, ...others]), limit);
    },
    async remove(name) {
      await local.remove(name);
      await fromRemote(() => remote.remove(name), undefined);
    },
  };
}

async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const list: T[] = [];
  for await (const item of items) list.push(item);
  return list;
}
