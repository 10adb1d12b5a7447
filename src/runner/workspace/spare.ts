import { lstatSync, mkdirSync, readdirSync, readFileSync, renameSync } from 'node:fs';
import { join } from 'node:path';

/** More files than this are not worth looking at one by one. */
export const SPARE_FILES_MAX = 16;
export const SPARE_BYTES_MAX = 64 * 1024;
const SPARES_MAX = 16;
/**
 * Coarsest step of file times on Linux (100 Hz). A change that comes so soon after the file was made may leave its time as
 * it was; such a file is compared by content.
 */
const TIME_STEP_MS = 10;

/** What a small workspace looked like when a job got it. */
export interface Given {
  readonly stamps: ReadonlyMap<string, Stamp>;
  readonly givenMs: number;
}

interface Stamp {
  readonly identity: string;
  readonly changedMs: number;
  /** null: a folder. */
  readonly content: Buffer | null;
}

/**
 * Workspaces of finished jobs that are proven to be as they were given out, for the next job of the run.
 *
 * Making three folders and a few files and removing them again is most of what a small job costs: on an ext4 with much
 * coming and going some 250 us for each of them, against 60 us for looking at what is there. The proof is the inode with
 * its change time, which no user can set: any write, chmod, link or new name changes it.
 */
export class Spares {
  readonly #folder: string;
  readonly #spares: { readonly folder: string; readonly given: Given }[] = [];
  #count = 0;

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** Moves a spare workspace to `folder`; null when there is none. */
  take(folder: string): Given | null {
    const spare = this.#spares.pop();
    if (!spare) return null;
    try {
      renameSync(spare.folder, folder);
    } catch {
      return null; // Something stands there already; whoever opens the workspace sees to it.
    }
    return { stamps: spare.given.stamps, givenMs: Date.now() };
  }

  /** Keeps the workspace when it is untouched and no process is left that could touch it. False: it must be removed. */
  keep(folder: string, given: Given): boolean {
    if (this.#spares.length >= SPARES_MAX || !isUntouched(folder, given)) return false;
    if (this.#count === 0) mkdirSync(this.#folder, { recursive: true, mode: 0o700 });
    const place = join(this.#folder, String(this.#count++));
    renameSync(folder, place);
    this.#spares.push({ folder: place, given });
    return true;
  }
}

/** Notes how the workspace looks; `work` must be flat. */
export function noteGiven(folder: string): Given {
  const stamps = new Map<string, Stamp>();
  for (const name of ['work', 'tmp']) stamps.set(name, stampOf(folder, name, false));
  for (const name of readdirSync(`${folder}/work`))
    stamps.set(`work/${name}`, stampOf(folder, `work/${name}`, true));
  return { stamps, givenMs: Date.now() };
}

function stampOf(folder: string, name: string, isFile: boolean): Stamp {
  const path = `${folder}/${name}`;
  const found = lstatSync(path);
  return {
    identity: identityOf(found),
    changedMs: found.ctimeMs,
    content: isFile && found.isFile() ? readFileSync(path) : null,
  };
}

function identityOf(found: ReturnType<typeof lstatSync> & object): string {
  return `${found.ino} ${found.mode} ${found.uid} ${found.gid} ${found.nlink} ${found.size}`;
}

function isUntouched(folder: string, given: Given): boolean {
  try {
    if (readdirSync(folder).length !== 2) return false;
    for (const [name, stamp] of given.stamps) {
      const path = `${folder}/${name}`;
      const found = lstatSync(path);
      if (found.ctimeMs !== stamp.changedMs || identityOf(found) !== stamp.identity) return false;
      if (stamp.changedMs < given.givenMs - TIME_STEP_MS) continue;
      if (stamp.content !== null && !readFileSync(path).equals(stamp.content)) return false;
      if (found.isDirectory() && readdirSync(path).length !== namesIn(name, given)) return false;
    }
    return true;
  } catch {
    return false;
  }
}

function namesIn(folder: string, given: Given): number {
  let count = 0;
  for (const name of given.stamps.keys()) if (name.startsWith(`${folder}/`)) count++;
  return count;
}
