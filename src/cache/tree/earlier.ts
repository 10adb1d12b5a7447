import type { Digest } from '../../base/digest.ts';
import type { BlobStore, TreeEntry, TreeManifest, TreePiece } from '../contract.ts';
import { type Location, partsIn, type StoredPack, usablePacks } from './packer.ts';

type FileEntry = TreeEntry & { readonly kind: 'file' };

/** What is known from the tree that was recorded of the same place before. */
export interface Earlier {
  /** Its packs in its order; null for one that must not be used again. */
  readonly packs: readonly (StoredPack | null)[];
  /** The entry of a path. Ask in ascending order of path. */
  at(path: string): TreeEntry | null;
  isStored(entry: FileEntry): boolean;
  /** The parts of a content. */
  piecesOf(digest: Digest): readonly TreePiece[] | null;
  parts(): Map<Digest, Location>;
  /** Whether these are all its entries, themselves, and its manifest is there. */
  isAllOf(entries: readonly object[]): boolean;
}

/** Asks the store for what is left of the earlier tree; null: there is none. */
export async function readEarlier(
  since: { readonly digest: Digest; readonly manifest: TreeManifest } | null,
  blobs: BlobStore,
): Promise<Earlier> {
  const manifest: TreeManifest = since?.manifest ?? EMPTY;
  const packs = await usablePacks(manifest, blobs);
  const isManifestStored = since !== null && (await blobs.has([since.digest])).size > 0;
  const { entries } = manifest;
  const areAllStored = packs.every((pack) => pack !== null);
  let contents: Map<Digest, readonly TreePiece[]> | null = null;
  let next = 0;
  return {
    packs,
    at(path) {
      while (next < entries.length && entries[next]!.path < path) next += 1;
      const entry = entries[next];
      return entry?.path === path ? entry : null;
    },
    isStored: ({ pieces }) => areAllStored || pieces.every(([, pack]) => packs[pack] !== null),
    piecesOf(digest) {
      contents ??= new Map(
        entries.flatMap((entry) => (entry.kind === 'file' ? [[entry.digest, entry.pieces]] : [])),
      );
      return contents.get(digest) ?? null;
    },
    parts: () => partsIn(manifest, packs),
    isAllOf: (others) =>
      isManifestStored &&
      others.length === entries.length &&
      others.every((other, index) => other === entries[index]),
  };
}

const EMPTY: TreeManifest = { schemaVersion: 1, content: '' as Digest, packs: [], entries: [] };
