import type { Digest } from '../../base/digest.ts';
import { BlobDamageError } from '../contract.ts';
import { gather } from './gather.ts';
import { isDigest } from './names.ts';

/** How every manifest of a tree begins. */
const MANIFEST_START = /^\{"content":"[0-9a-f]{64}","entries":\[/;

/**
 * The packs that a tree manifest names; none when the blob is no manifest, is not there, or is damaged, since then nobody can
 * bring that tree back either. Other failures reject: what cannot be read now may be read later.
 */
export async function namedBlobs(
  open: (digest: Digest) => Promise<AsyncIterable<Uint8Array> | null>,
  digest: Digest,
): Promise<readonly Digest[]> {
  try {
    const chunks = await open(digest);
    if (chunks === null) return [];
    return packsOf(await wholeIfManifest(chunks));
  } catch (error) {
    if (error instanceof BlobDamageError) return [];
    throw error;
  }
}

/** The content when it begins like a manifest. A log of any size is left after its first chunk. */
async function wholeIfManifest(chunks: AsyncIterable<Uint8Array>): Promise<Uint8Array | null> {
  const source = chunks[Symbol.asyncIterator]();
  const first = await source.next();
  if (first.done || !MANIFEST_START.test(Buffer.from(first.value.subarray(0, 100)).toString('latin1'))) {
    await source.return?.();
    return null;
  }
  const rest = await gather({ [Symbol.asyncIterator]: () => source });
  return Buffer.concat([first.value, rest]);
}

/** `packs` stands behind the entries, whose quotes are escaped: the last one is the manifest's own. Parsing 30,000 entries for it would keep the loop. */
function packsOf(manifest: Uint8Array | null): readonly Digest[] {
  if (manifest === null) return [];
  const text = Buffer.from(manifest.buffer, manifest.byteOffset, manifest.length);
  const from = text.lastIndexOf('"packs":[');
  const to = text.indexOf(']', from);
  if (from < 0 || to < 0) return [];
  const list: unknown = JSON.parse(text.toString('latin1', from + '"packs":'.length, to + 1));
  return Array.isArray(list) ? list.filter(isDigest) : [];
}
