import { type Digest, digestOf } from '../../base/digest.ts';
import type { FileIndex } from './file-index.ts';
import { ContentReader } from './read-content.ts';
import { readSelection } from './selection.ts';
import type { Slices } from './slices.ts';
import { walkTree } from './walk.ts';

/**
 * The digests of what `select` names below `root`, by path in ascending order; only files that changed since the index was
 * written are read. A link counts by where it points, so that pointing it elsewhere is a change. Folders are not told.
 */
export async function digestFiles(
  root: string,
  select: readonly string[],
  index: FileIndex,
  slices: Slices,
): Promise<ReadonlyMap<string, Digest>> {
  const digests = new Map<string, Digest>();
  const pass = index.begin();
  let reader: ContentReader | null = null;
  for (const entry of await walkTree(root, select, slices)) {
    if (entry.kind === 'link') digests.set(entry.path, digestOf(`link\0${entry.target}`));
    if (entry.kind !== 'file') continue;
    const known = pass.find(entry.path, entry.stats);
    if (known !== null) {
      digests.set(entry.path, known);
      continue;
    }
    reader ??= new ContentReader();
    const content = await reader.read(`${root}/${entry.path}`, entry.path, slices, null);
    if (slices.isOver()) await slices.next();
    if (content === null) continue;
    pass.remember(entry.path, entry.stats, content.digest);
    digests.set(entry.path, content.digest);
  }
  pass.save(readSelection(select).covers);
  return digests;
}
