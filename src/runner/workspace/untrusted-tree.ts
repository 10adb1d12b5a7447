import { lstatSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { counted, visible } from '../../base/text.ts';
import type { RunSource, SourceBase } from '../../journal/run-event.ts';
import { git } from './git.ts';

/** Paths handed to git at once; a command line takes about 2 MiB. */
const PATHS_AT_ONCE = 500;
const NAMED_MAX = 5;

/**
 * Checks the commit of an untrusted run out below `target`, an existing folder, with the protected paths of the base. `scratch`:
 * a folder for index files. Returns a sentence for what of the commit was left out, or null.
 *
 * The two are checked out one after the other, each under its own attributes: those of the commit must not say how a
 * protected file is read. No filter runs: what it would fetch, and from where, is said by files of the commit.
 */
export async function checkOutUntrusted(
  source: RunSource,
  base: SourceBase,
  target: string,
  scratch: string,
): Promise<string | null> {
  // git asks the files of the work tree for attributes before those of the index, and what lies there is anybody's.
  const nothing = join(scratch, 'no-work-tree');
  mkdirSync(nothing, { recursive: true });
  const options = [`--work-tree=${nothing}`, ...(await withoutFilters(source.path))];
  const [own, other] = [join(scratch, 'index'), join(scratch, 'base-index')];
  await git(source.path, ['read-tree', '--end-of-options', source.commit ?? 'HEAD'], own);
  await git(source.path, ['read-tree', '--end-of-options', base.commit], other);
  mkdirSync(target, { recursive: true });
  const checkOut = ['checkout-index', '--force', `--prefix=${target}/`];
  await git(source.path, [...checkOut, '--all'], own, options);
  const isProtected = protection(base.protectedPaths);
  for (const path of base.protectedPaths) removeWithLinks(target, path);
  const [ours, theirs] = [await entriesOf(source, own), await entriesOf(source, other)];
  const protectedNames = [...theirs.keys()].filter(isProtected);
  for (let from = 0; from < protectedNames.length; from += PATHS_AT_ONCE) {
    const names = protectedNames.slice(from, from + PATHS_AT_ONCE);
    await git(source.path, [...checkOut, '--', ...names], other, options);
  }
  const names = new Set([...ours.keys(), ...theirs.keys()]);
  return leftOutSentence(
    [...names].filter((path) => isProtected(path) && ours.get(path) !== theirs.get(path)),
  );
}

/** Settings that switch off every filter that some configuration of git defines. */
async function withoutFilters(repository: string): Promise<string[]> {
  const output = await git(repository, ['config', '--null', '--name-only', '--list']);
  const names = new Set(
    output
      .toString()
      .split('\0')
      .map((name) => /^filter\.(.+)\.\w+$/s.exec(name)?.[1])
      .filter((name) => name !== undefined),
  );
  return [...names].flatMap((name) => [
    ...['-c', `filter.${name}.smudge=`],
    ...['-c', `filter.${name}.process=`],
    ...['-c', `filter.${name}.required=false`],
  ]);
}

/** Path to mode and object. */
async function entriesOf(source: RunSource, index: string): Promise<ReadonlyMap<string, string>> {
  const output = await git(source.path, ['ls-files', '--stage', '-z'], index);
  const entries = output.toString().split('\0').filter(Boolean);
  return new Map(entries.map((entry) => [entry.slice(entry.indexOf('\t') + 1), entry.split('\t')[0]!]));
}

function protection(paths: readonly string[]): (path: string) => boolean {
  const all = paths.map(normal);
  return (path) => all.some((one) => one === '' || path === one || path.startsWith(`${one}/`));
}

function normal(path: string): string {
  return path
    .split('/')
    .filter((part) => part !== '' && part !== '.')
    .join('/');
}

/** Removes what lies there, and every link or file on the way: through a link the commit could say what lies there all the same. */
function removeWithLinks(target: string, path: string): void {
  let place = target;
  for (const part of normal(path).split('/').slice(0, -1)) {
    place = join(place, part);
    const found = lstatSync(place, { throwIfNoEntry: false });
    if (found?.isDirectory()) continue;
    if (found) rmSync(place);
    return;
  }
  rmSync(join(target, path), { recursive: true, force: true });
  // The whole tree may be protected.
  mkdirSync(target, { recursive: true });
}

function leftOutSentence(changed: readonly string[]): string | null {
  if (changed.length === 0) return null;
  const named = changed.slice(0, NAMED_MAX).map(visible).join(', ');
  const more = changed.length > NAMED_MAX ? ` and ${counted(changed.length - NAMED_MAX, 'other')}` : '';
  return `the run is untrusted, so these are as in its base, and what its commit says of them was left out: ${named}${more}`;
}
