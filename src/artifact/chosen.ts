import picomatch from 'picomatch';
import { visible } from '../base/text.ts';
import type { TreeEntry } from '../cache/contract.ts';
import { ArtifactError } from './contract.ts';

const NAMED_MAX = 3;

/**
 * Paths of the entries that paths and globs name; of a folder that is named itself, all in it. Throws an `ArtifactError` for one
 * that names nothing.
 */
export function chosenPaths(
  artifact: string,
  entries: readonly TreeEntry[],
  only: readonly string[],
): string[] {
  const paths = entries.map(({ path }) => path);
  return [...new Set(only.flatMap((text) => named(artifact, paths, text)))];
}

function named(artifact: string, paths: readonly string[], text: string): readonly string[] {
  const wanted = text.replace(/^(\.\/)+|\/+$/g, '');
  if (wanted === '' || wanted === '.') return paths;
  // A path with letters that mean something in a glob stands for itself first.
  if (paths.some((path) => path === wanted || path.startsWith(`${wanted}/`))) return [wanted];
  const isMatch = picomatch(wanted, { dot: true, nonegate: true });
  const found = paths.filter((path) => isMatch(path));
  if (found.length > 0) return found;
  const some = paths.slice(0, NAMED_MAX).map(visible).join(', ');
  throw new ArtifactError(
    'no-match',
    `artifact ${artifact} has nothing that "${visible(text)}" names; it has ${some}${paths.length > NAMED_MAX ? ' and more' : ''}`,
  );
}
