import type { Digest } from '../../base/digest.ts';
import type { BlobStore, TreeManifest } from '../contract.ts';

/** A place in a pack. The pack's digest is known when it is stored. */
export interface Location {
  readonly pack: { digest: Digest | null };
  readonly offset: number;
  readonly size: number;
}

/** Fits into memory a few times over, and 1,000 of them are a large tree. */
const PACK_BYTES = 4 * 1024 * 1024;
const IN_FLIGHT_MAX = 3;

/** Packs with less than this share in use are not used again, so that what nobody needs goes away with them. */
const LIVE_SHARE_MIN = 0.5;
/** A change of one file makes one small pack; when there are this many, they are joined. */
const SMALL_PACKS_MAX = 16;
const SMALL_PACK_BYTES = 256 * 1024;

/** Puts parts of contents into packs, each content once, and the packs into the store. */
export class Packer {
  addedBytes = 0;
  readonly #blobs: BlobStore;
  readonly #known: Map<Digest, Location>;
  #buffer = Buffer.allocUnsafe(0);
  #filled = 0;
  #pack: { digest: Digest | null } = { digest: null };
  readonly #flying = new Set<Promise<void>>();
  #failure: { readonly error: unknown } | null = null;

  /** `known` are parts that are stored already; those of this packer join them. */
  constructor(blobs: BlobStore, known: Map<Digest, Location>) {
    this.#blobs = blobs;
    this.#known = known;
  }

  find(digest: Digest): Location | undefined {
    return this.#known.get(digest);
  }

  /** Copies the bytes; await the result before the next call when it is not null. */
  add(digest: Digest, bytes: Uint8Array): { location: Location; full: Promise<void> | null } {
    const found = this.#known.get(digest);
    if (found !== undefined) return { location: found, full: null };
    const full = this.#filled > 0 && this.#filled + bytes.length > PACK_BYTES ? this.#ship() : null;
    if (this.#buffer.length === 0) this.#buffer = Buffer.allocUnsafe(PACK_BYTES);
    const location = { pack: this.#pack, offset: this.#filled, size: bytes.length };
    this.#buffer.set(bytes, this.#filled);
    this.#filled += bytes.length;
    this.#known.set(digest, location);
    return { location, full };
  }

  /** Resolves when all is stored. */
  async finish(): Promise<void> {
    if (this.#filled > 0) void this.#ship();
    await Promise.all(this.#flying);
    if (this.#failure !== null) throw this.#failure.error;
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

/** The parts that a manifest knows, in packs that are there and worth keeping. */
export async function knownParts(
  manifest: TreeManifest | null,
  blobs: BlobStore,
): Promise<Map<Digest, Location>> {
  const known = new Map<Digest, Location>();
  if (manifest === null) return known;
  const uses = manifest.packs.map((digest) => ({ digest, live: 0, end: 0 }));
  const seen = new Set<Digest>();
  const pieces = manifest.entries.flatMap((entry) => (entry.kind === 'file' ? entry.pieces : []));
  for (const [digest, pack, offset, size] of pieces) {
    const use = uses[pack]!;
    use.end = Math.max(use.end, offset + size);
    if (!seen.has(digest)) use.live += size;
    seen.add(digest);
  }
  const areSmallJoined = uses.filter(({ end }) => end < SMALL_PACK_BYTES).length > SMALL_PACKS_MAX;
  const stored = await blobs.has(manifest.packs);
  const packs = uses.map(({ digest, live, end }) =>
    stored.has(digest) && live >= end * LIVE_SHARE_MIN && !(areSmallJoined && end < SMALL_PACK_BYTES)
      ? { digest }
      : null,
  );
  for (const [digest, number, offset, size] of pieces) {
    const pack = packs[number];
    if (pack) known.set(digest, { pack, offset, size });
  }
  return known;
}
