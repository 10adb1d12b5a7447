import { mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { ActionRun } from './action-run.ts';

/*
 * The job may write in its folder, and put a link wherever a name can be foretold. So what Sluice itself writes there goes into
 * folders with new names.
 */

type Placed = { readonly place: Pick<ActionRun['place'], 'options' | 'setup'> };

/** Makes a new folder in that of the job. */
export function freshFolder(run: ActionRun, kind: string): string {
  const path = join(run.place.setup.workspace.folder, newName(run, kind));
  mkdirSync(path, { mode: 0o700 });
  return path;
}

/** Names of the same new folder: beside that of the job, where no step can write, and in it. Makes none. */
export function stagedFolder(
  run: Placed,
  kind: string,
): { readonly beside: string; readonly inside: string } {
  const { folder } = run.place.setup.workspace;
  const name = newName(run, kind);
  return { beside: join(dirname(folder), `.${name}`), inside: join(folder, name) };
}

function newName({ place }: Placed, kind: string): string {
  return `${kind}-${Buffer.from(place.options.random.bytes(12)).toString('hex')}`;
}
