import { execFile } from 'node:child_process';
import { open } from 'node:fs/promises';
import { codeOf } from './failure.ts';

/** From here on one flush of the whole file system is quicker than waiting for each file: starting `sync` costs about as much. */
const FLUSH_ALL_FROM = 8;
const AT_ONCE = 16;

/** Brings the content of these files to the disk. All lie in one file system, that of `directory`. Rejects when the disk did not take it. */
export async function flushFiles(paths: readonly string[], directory: string): Promise<void> {
  if (paths.length >= FLUSH_ALL_FROM && (await flushFileSystem(directory))) return;
  await flushEach(paths);
}

/** Makes renames in these folders durable. The first one writes the file system's journal; the others find little left to do. */
export async function flushFolders(paths: Iterable<string>): Promise<void> {
  const [first, ...others] = paths;
  if (first === undefined) return;
  await flushEach([first]);
  await flushEach(others);
}

/** Node has no syncfs. false: this machine has no `sync` that takes a file system. */
function flushFileSystem(directory: string): Promise<boolean> {
  return new Promise((resolve, reject) => {
    execFile('sync', ['-f', '--', directory], (error, _, errors) => {
      if (error === null) resolve(true);
      else if (codeOf(error) === 'ENOENT' || /option|usage/i.test(errors)) resolve(false);
      else reject(flushFailure(errors.trim() || error.message));
    });
  });
}

function flushFailure(message: string): Error {
  const full = /no space left|quota exceeded/i.test(message);
  return Object.assign(new Error(message), { code: full ? 'ENOSPC' : 'EIO' });
}

async function flushEach(paths: readonly string[]): Promise<void> {
  const waiting = paths.values();
  const work = async () => {
    for (const path of waiting) {
      const file = await open(path, 'r');
      try {
        await file.sync();
      } finally {
        await file.close();
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(AT_ONCE, paths.length) }, work));
}
