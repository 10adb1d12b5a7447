import type { Digest } from '../../base/digest.ts';
import { BlobDamageError, type BlobStore, type TreeEntry } from '../contract.ts';

type FileEntry = TreeEntry & { readonly kind: 'file' };

/** A part of a file in a pack. All in bytes. */
export interface WantedPart {
  readonly file: FileEntry;
  /** Where it begins in the file. */
  readonly at: number;
  /** Where it begins in the pack. */
  readonly offset: number;
  readonly size: number;
}

/**
 * Reads the packs that hold contents of `files`, each once, the next one while `use` works on one. A pack is given only when it
 * is whole and proven. Rejects with a `BlobDamageError` that names the pack and a file whose content is in it.
 */
export async function eachPack(
  files: readonly FileEntry[],
  packs: readonly Digest[],
  blobs: BlobStore,
  use: (bytes: Uint8Array, parts: readonly WantedPart[]) => Promise<void>,
): Promise<void> {
  const wanted = [...wantedParts(files)];
  let next = wanted.length > 0 ? readPack(packs[wanted[0]![0]]!, wanted[0]![1], blobs) : null;
  for (const [index, [, parts]] of wanted.entries()) {
    const bytes = await next!;
    const following = wanted[index + 1];
    next = following ? readPack(packs[following[0]]!, following[1], blobs) : null;
    // When `use` fails nobody waits for the next one any more; its own failure is then no news.
    next?.catch(() => {});
    await use(bytes, parts);
  }
}

function wantedParts(files: readonly FileEntry[]): Map<number, WantedPart[]> {
  const wanted = new Map<number, WantedPart[]>();
  for (const file of files) {
    let at = 0;
    for (const [, pack, offset, size] of file.pieces) {
      const parts = wanted.get(pack);
      if (parts) parts.push({ file, at, offset, size });
      else wanted.set(pack, [{ file, at, offset, size }]);
      at += size;
    }
  }
  return wanted;
}

async function readPack(digest: Digest, parts: readonly WantedPart[], blobs: BlobStore): Promise<Uint8Array> {
  const bytes = await blobs.read(digest).catch((error: unknown) => {
    throw error instanceof BlobDamageError ? damage('is damaged', digest, parts, error) : error;
  });
  if (bytes === null) throw damage('is missing', digest, parts);
  if (parts.some(({ offset, size }) => offset + size > bytes.length))
    throw damage('is shorter than its manifest says', digest, parts);
  return bytes;
}

function damage(what: string, digest: Digest, parts: readonly WantedPart[], cause?: Error): BlobDamageError {
  const others = new Set(parts.map(({ file }) => file.path)).size - 1;
  const more = others === 0 ? '' : ` and of ${others} more`;
  const error = new BlobDamageError(
    `the content of "${parts[0]!.file.path}"${more} ${what} (blob ${digest})`,
    digest,
  );
  error.cause = cause;
  return error;
}
