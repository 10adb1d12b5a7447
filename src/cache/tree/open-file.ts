import type { Digest } from '../../base/digest.ts';
import { BlobDamageError, type BlobStore, type TreeEntry, type TreeManifest } from '../contract.ts';

/** The content of a file of the tree, pack by pack; null when there is no regular file of that path. */
export function openFile(
  { entries, packs }: TreeManifest,
  path: string,
  blobs: BlobStore,
): AsyncIterable<Uint8Array> | null {
  const entry = entries.find((one) => one.path === path);
  return entry?.kind === 'file' ? contentOf(entry, packs, blobs) : null;
}

async function* contentOf(
  file: TreeEntry & { readonly kind: 'file' },
  packs: readonly Digest[],
  blobs: BlobStore,
): AsyncIterable<Uint8Array> {
  let bytes: Uint8Array | null = null;
  let inHand = -1;
  for (const [, pack, offset, size] of file.pieces) {
    if (pack !== inHand) bytes = await blobs.read(packs[pack]!);
    inHand = pack;
    if (bytes === null || offset + size > bytes.length)
      throw new BlobDamageError(
        `the content of "${file.path}" is missing (blob ${packs[pack]})`,
        packs[pack]!,
      );
    yield bytes.subarray(offset, offset + size);
  }
}
