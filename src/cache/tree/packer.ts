import { type Digest, digestOf } from '../../base/digest.ts';
import type { BlobContent, BlobStore, PutBlob, TreeManifest } from '../contract.ts';

/** A place in a pack. The pack's digest is known when it is stored. */
export interface Location {
  readonly pack: { digest: Digest | null };
  readonly offset: number;
  readonly size: number;
}

/** Fits into memory a few times over, and 1,000 of them are a large tree. */
const PACK_BYTES = 4 * 1024 * 1024;
const IN_FLIGHT_MAX = 3;
/** What a small tree needs. Room for a whole pack would make a thousand small saves a thousand garbage collections. */
const FIRST_BYTES = 64 * 1024;

/** Packs with less than this share in use are not used again, so that what nobody needs goes away with them. */
const LIVE_SHARE_MIN = 0.5;
/** A change of one file makes one small pack; when there are this many, they are joined. */
const SMALL_PACKS_MAX = 16;
const SMALL_PACK_BYTES = 256 * 1024;

/** Puts parts of contents into packs, each content once, and the packs into the store. */
export class Packer {
  addedBytes = 0;
  readonly #blobs: BlobStore;
  readonly #readKnown: () => Map<Digest, Location>;
  #knownParts: Map<Digest, Location> | null = null;
  #buffer = Buffer.allocUnsafe(0);
  #filled = 0;
  #capacity = FIRST_BYTES;
  #pack: { digest: Digest | null } = { digest: null };
  readonly #flying = new Set<Promise<void>>();
  #failure: { readonly error: unknown } | null = null;

  /** `readKnown` gives the parts that are stored already; asked for when the first part is, which in most saves is late. */
  constructor(blobs: BlobStore, readKnown: () => Map<Digest, Location>) {
    this.#blobs = blobs;
    this.#readKnown = readKnown;
  }

  get #known(): Map<Digest, Location> {
    this.#knownParts ??= this.#readKnown();
    return this.#knownParts;
  }

  find(digest: Digest): Location | undefined {
    return this.#known.get(digest);
  }

  /** Copies the bytes; await the result before the next call when it is not null. */
  add(digest: Digest, bytes: Uint8Array): { location: Location; full: Promise<void> | null } {
    const found = this.#known.get(digest);
    if (found !== undefined) return { location: found, full: null };
    const full = this.#filled > 0 && this.#filled + bytes.length > PACK_BYTES ? this.#ship() : null;
    this.#makeRoom(bytes.length);
    const location = { pack: this.#pack, offset: this.#filled, size: bytes.length };
    this.#buffer.set(bytes, this.#filled);
    this.#filled += bytes.length;
    this.#known.set(digest, location);
    return { location, full };
  }

  #makeRoom(bytes: number): void {
    const needed = this.#filled + bytes;
    if (needed <= this.#buffer.length) return;
    if (needed > FIRST_BYTES) this.#capacity = PACK_BYTES;
    const larger = Buffer.allocUnsafe(this.#capacity);
    this.#buffer.copy(larger, 0, 0, this.#filled);
    this.#buffer = larger;
  }

  /** Resolves when nothing is on its way any more. What no pack was filled with is let go. */
  async abandon(): Promise<void> {
    await Promise.all(this.#flying);
  }

  /**
   * Stores the last pack and, behind it, what names all of them; `naming` is asked for it when the digests are known. Both wait
   * for the disk together. Resolves to the latter when all is stored.
   */
  async finish(naming: () => Uint8Array): Promise<PutBlob> {
    await Promise.all(this.#flying);
    if (this.#failure !== null) throw this.#failure.error;
    const contents: BlobContent[] = [];
    if (this.#filled > 0) {
      const bytes = this.#buffer.subarray(0, this.#filled);
      this.#pack.digest = digestOf(bytes);
      contents.push({ kind: 'bytes', bytes });
    }
    const stored = await this.#blobs.putMany([...contents, { kind: 'bytes', bytes: naming() }]);
    for (const { addedBytes } of stored) this.addedBytes += addedBytes;
    return stored.at(-1)!;
  }

  /** Sends the pack on its way; resolves when there is room for the next. */
  async #ship(): Promise<void> {
    const pack = this.#pack;
    const bytes = this.#buffer.subarray(0, this.#filled);
    this.#pack = { digest: null };
    this.#buffer = Buffer.allocUnsafe(0);
    this.#filled = 0;
    const flight: Promise<void> = this.#blobs
      .put({ kind: 'bytes', bytes })
      .then(
        (put) => {
          pack.digest = put.digest;
          this.addedBytes += put.addedBytes;
        },
        (error: unknown) => {
          this.#failure ??= { error };
        },
      )
      .finally(() => this.#flying.delete(flight));
    this.#flying.add(flight);
    while (this.#flying.size >= IN_FLIGHT_MAX) await Promise.race(this.#flying);
    if (this.#failure !== null) throw this.#failure.error;
  }
}

/** A pack of an earlier tree. */
export interface StoredPack {
  readonly digest: Digest;
}

/**
 * The packs of a manifest in its order; null for one that is not there any more, or is not worth keeping: little of it is in
 * use, or it is one of many small ones. (A content that the tree has twice counts twice, which keeps a pack for longer.)
 */
export async function usablePacks(
  { packs, entries }: TreeManifest,
  blobs: BlobStore,
): Promise<(StoredPack | null)[]> {
  const live = new Float64Array(packs.length);
  const end = new Float64Array(packs.length);
  for (const entry of entries) {
    if (entry.kind !== 'file') continue;
    for (const [, pack, offset, size] of entry.pieces) {
      live[pack]! += size;
      end[pack] = Math.max(end[pack]!, offset + size);
    }
  }
  const areSmallJoined = end.filter((bytes) => bytes < SMALL_PACK_BYTES).length > SMALL_PACKS_MAX;
  const stored = await blobs.has(packs);
  return packs.map((digest, number) => {
    const isWorthIt =
      live[number]! >= end[number]! * LIVE_SHARE_MIN && !(areSmallJoined && end[number]! < SMALL_PACK_BYTES);
    return isWorthIt && stored.has(digest) ? { digest } : null;
  });
}

/** Where the parts of a manifest lie, those in usable packs. */
export function partsIn(
  { entries }: TreeManifest,
  packs: readonly (StoredPack | null)[],
): Map<Digest, Location> {
  const known = new Map<Digest, Location>();
  for (const entry of entries) {
    if (entry.kind !== 'file') continue;
    for (const [digest, number, offset, size] of entry.pieces) {
      const pack = packs[number];
      if (pack) known.set(digest, { pack, offset, size });
    }
  }
  return known;
}
