import { readdir, stat } from 'node:fs/promises';
import type { StoredBlob } from '../../contract.ts';
import { isDigest } from '../names.ts';
import { codeOf } from './failure.ts';
import type { Layout } from './layout.ts';

/** As `BlobStore.list`. */
export async function* listStored(layout: Layout): AsyncIterable<StoredBlob> {
  for (const folder of await namesIn(layout.blobs)) {
    for (const digest of await namesIn(`${layout.blobs}/${folder}`)) {
      if (!isDigest(digest)) continue;
      const found = await statOf(layout.blob(digest));
      if (found !== null) yield { digest, storedBytes: found.size, usedAtMs: found.mtimeMs };
    }
  }
}

/** Names in a folder; none when there is no such folder. */
export async function namesIn(folder: string): Promise<readonly string[]> {
  try {
    return await readdir(folder);
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return [];
    throw error;
  }
}

async function statOf(path: string): Promise<{ readonly size: number; readonly mtimeMs: number } | null> {
  try {
    return await stat(path);
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return null;
    throw error;
  }
}
