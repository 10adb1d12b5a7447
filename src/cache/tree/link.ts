import { type TreeEntry, TreeError } from '../contract.ts';

/** Throws a `TreeError` for the first link among the entries that may not be kept. */
export function checkLinks(entries: readonly { readonly kind: string; readonly path: string }[]): void {
  for (const entry of entries) {
    if (entry.kind !== 'link') continue;
    const problem = linkProblem(entry.path, (entry as TreeEntry & { readonly kind: 'link' }).target);
    if (problem !== null) throw new TreeError(entry.path, problem);
  }
}

/**
 * Why a symbolic link at `path` may not be kept, or null. It must stay inside the root wherever the root is, so its target is
 * relative, and goes up only at its beginning: after a name, `..` would leave the root where that name is itself a link.
 */
function linkProblem(path: string, target: string): string | null {
  const shown = `the link points to "${target}"`;
  if (target === '' || target.includes('\0')) return 'the link points to nothing';
  if (target.startsWith('/')) return `${shown}, which is outside of the folder; make it relative`;
  const parts = target.split('/').filter((part) => part !== '' && part !== '.');
  const ups = parts.findIndex((part) => part !== '..');
  const upCount = ups < 0 ? parts.length : ups;
  if (upCount > path.split('/').length - 1) return `${shown}, which is outside of the folder`;
  if (parts.lastIndexOf('..') >= upCount)
    return `${shown}, which goes down and up again, so that it may lead out of the folder`;
  return null;
}
