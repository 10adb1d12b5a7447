import { lstatSync } from 'node:fs';
import { isAbsolute, join, relative, resolve, sep } from 'node:path';
import { KeepProblem } from '../../problem.ts';

/**
 * The absolute path of a place in the workspace. Throws a `KeepProblem` for one outside of it, or behind a link: the files of the
 * source may hold one, and what is written would come where it leads.
 */
export function insideWorkspace(workspace: string, path: string): string {
  const target = resolve(workspace, path);
  const inside = relative(workspace, target);
  if (inside === '..' || inside.startsWith('../') || isAbsolute(inside) || path.includes('\0'))
    throw new KeepProblem(`the path "${path}" lies outside of the workspace`);
  let place = workspace;
  for (const part of inside.split(sep)) {
    place = join(place, part);
    if (lstatSync(place, { throwIfNoEntry: false })?.isSymbolicLink())
      throw new KeepProblem(`the path "${path}" leads through the link ${relative(workspace, place)}`);
  }
  return target;
}
