import type { TreeEntry } from '../contract.ts';

/** The paths at which two trees differ, in ascending order; both lists are in that order. A new time alone is no difference. */
export function changedPaths(before: readonly TreeEntry[], after: readonly TreeEntry[]): readonly string[] {
  const changed: string[] = [];
  let old = 0;
  for (const entry of after) {
    for (; old < before.length && before[old]!.path < entry.path; old++) changed.push(before[old]!.path);
    const other = before[old]?.path === entry.path ? before[old++] : undefined;
    if (other === undefined || !isEqual(other, entry)) changed.push(entry.path);
  }
  for (; old < before.length; old++) changed.push(before[old]!.path);
  return changed;
}

function isEqual(a: TreeEntry, b: TreeEntry): boolean {
  if (a.kind === 'link') return b.kind === 'link' && a.target === b.target;
  if (a.kind === 'folder') return b.kind === 'folder' && a.mode === b.mode;
  return b.kind === 'file' && a.mode === b.mode && a.digest === b.digest;
}
