import type { Digest } from '../../base/digest.ts';
import type { TreeEntry, TreeManifest, TreePiece } from '../contract.ts';
import type { Earlier } from './earlier.ts';
import { contentDigest } from './manifest.ts';
import type { Location } from './packer.ts';

type FileEntry = TreeEntry & { readonly kind: 'file' };

/** A file whose parts lie in packs that have no number yet. */
export type FileParts = Omit<FileEntry, 'pieces'> & {
  readonly parts: readonly (readonly [Digest, Location])[];
};

/**
 * The manifest of recorded entries. The packs of the earlier tree keep their numbers, so that its entries can stay as they
 * are; when one of them is used no more, all are numbered anew.
 */
export function numbered(recorded: readonly (FileParts | TreeEntry)[], earlier: Earlier): TreeManifest {
  const packs: Digest[] = earlier.packs.map((pack) => pack?.digest ?? ('' as Digest));
  const numbers = new Map(packs.map((digest, number) => [digest, number]));
  const numberOf = (digest: Digest) => {
    const number = numbers.get(digest) ?? packs.push(digest) - 1;
    numbers.set(digest, number);
    return number;
  };
  const entries = recorded.map((entry): TreeEntry => {
    if (!('parts' in entry)) return entry;
    const { parts, ...file } = entry;
    const pieces = parts.map(
      ([digest, { pack, offset, size }]): TreePiece => [digest, numberOf(pack.digest!), offset, size],
    );
    return { ...file, pieces };
  });
  const used = new Uint8Array(packs.length);
  for (const entry of entries) if (entry.kind === 'file') for (const [, pack] of entry.pieces) used[pack] = 1;
  const content = contentDigest(entries);
  if (!used.includes(0)) return { schemaVersion: 1, content, packs, entries };
  const left = packs.filter((_, number) => used[number] === 1);
  const places = new Map(left.map((digest, number) => [digest, number]));
  return {
    schemaVersion: 1,
    content,
    packs: left,
    entries: entries.map((entry) => {
      if (entry.kind !== 'file') return entry;
      const pieces = entry.pieces.map(
        ([digest, pack, offset, size]): TreePiece => [digest, places.get(packs[pack]!)!, offset, size],
      );
      return { ...entry, pieces };
    }),
  };
}
