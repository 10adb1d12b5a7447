import { lstatSync, readFileSync, rmSync, type Stats, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { InputNames } from '../../cache/work/input-names.ts';
import type { WorkUse } from '../../journal/run-event.ts';
import { listFolder } from '../workspace/source-list.ts';

/** Files named one by one. */
const NAMED_MAX = 20;
/** Long before anything was read. One second, since 0 stands for no time in some file systems. */
const LONG_AGO_S = 1;

/**
 * Notes how the files of a workspace are before its steps run. The function that comes back tells, after them, which were read or
 * written without being declared. Reading is seen by the time of the last access, which every common file system updates when it is
 * older than the time of the last change; null: this one does not, so that nothing can be told.
 */
export function watchFiles(
  directory: string,
): ((inputs: Readonly<Record<string, string>>, outputs: readonly string[]) => WorkUse['undeclared']) | null {
  if (!tellsReading(directory)) return null;
  const before = new Map<string, Stats>();
  for (const { path, kind } of listFolder(directory).entries) {
    if (kind !== 'file') continue;
    const file = join(directory, path);
    utimesSync(file, LONG_AGO_S, lstatSync(file).mtimeMs / 1000);
    before.set(path, lstatSync(file));
  }
  return (inputs, outputs) => {
    const read: string[] = [];
    const written: string[] = [];
    const now = listFolder(directory).entries.map(({ path }) => path);
    for (const path of now) {
      const was = before.get(path);
      const is = lstatSync(join(directory, path));
      if (!was || is.mtimeMs !== was.mtimeMs || is.size !== was.size || is.ino !== was.ino)
        written.push(path);
      else if (is.atimeMs !== was.atimeMs && !Object.hasOwn(inputs, path)) read.push(path);
    }
    const gone = [...before.keys()].filter((path) => !now.includes(path));
    const changed = [...written, ...gone].sort();
    const declared = new Set(new InputNames(changed).select(outputs));
    const undeclared = changed.filter((path) => !declared.has(path));
    return { read: read.slice(0, NAMED_MAX), written: undeclared.slice(0, NAMED_MAX) };
  };
}

function tellsReading(directory: string): boolean {
  const probe = join(directory, '.sluice-probe');
  writeFileSync(probe, 'x');
  utimesSync(probe, LONG_AGO_S, lstatSync(probe).mtimeMs / 1000);
  const before = lstatSync(probe).atimeMs;
  readFileSync(probe);
  const after = lstatSync(probe).atimeMs;
  rmSync(probe);
  return before !== after;
}
