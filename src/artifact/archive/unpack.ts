import {
  chmodSync,
  closeSync,
  constants,
  copyFileSync,
  fchmodSync,
  futimesSync,
  mkdirSync,
  openSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { type ArchiveLimits, type GoodEntry, Judge } from './judge.ts';
import { readTar, type TarEntry } from './tar-reader.ts';
import { unpackedStream } from './unpacked-stream.ts';

const CREATE = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;

/**
 * Unpacks into an empty folder. The archive is read twice: first it is judged to its last byte, then it is written, judged
 * again, so that a bad archive leaves nothing, not even for a moment.
 */
export async function unpackArchive(
  file: string,
  target: string,
  limits: ArchiveLimits,
): Promise<{ readonly files: number; readonly bytes: number }> {
  await eachEntry(file, limits, async () => {});
  if (readdirSync(target).length > 0) throw new Error(`internal error: ${target} is not empty`);
  const links: GoodEntry[] = [];
  let files = 0;
  try {
    const bytes = await eachEntry(file, limits, async (entry, good) => {
      // Links come last, so that no file can be written through one.
      if (entry.kind === 'link') links.push(good);
      else await write(target, entry, good);
      if (entry.kind === 'file' || entry.kind === 'hardlink') files += 1;
    });
    for (const { path, target: to } of links) {
      makeParent(target, path);
      symlinkSync(to, join(target, path));
    }
    return { files, bytes };
  } catch (error) {
    for (const name of readdirSync(target)) rmSync(join(target, name), { recursive: true, force: true });
    throw error;
  }
}

async function eachEntry(
  file: string,
  limits: ArchiveLimits,
  act: (entry: TarEntry, good: GoodEntry) => Promise<void>,
): Promise<number> {
  const judge = new Judge(limits);
  for await (const entry of readTar(unpackedStream(file, limits.ratioMax))) {
    const good = judge.take(entry);
    if (good) await act(entry, good);
  }
  judge.end();
  return judge.bytes;
}

/** Only permission bits are taken, and the owner can always read, change and remove what was unpacked. */
async function write(root: string, entry: TarEntry, { path, target }: GoodEntry): Promise<void> {
  const place = join(root, path);
  if (entry.kind === 'folder') {
    mkdirSync(place, { recursive: true, mode: 0o700 });
    chmodSync(place, (entry.mode & 0o777) | 0o700);
    return;
  }
  makeParent(root, path);
  if (entry.kind === 'hardlink') {
    copyFileSync(join(root, target), place, constants.COPYFILE_EXCL);
    return;
  }
  const file = openSync(place, CREATE, 0o600);
  try {
    for await (const chunk of entry.content)
      for (let done = 0; done < chunk.length; ) done += writeSync(file, chunk, done);
    fchmodSync(file, (entry.mode & 0o777) | 0o600);
    futimesSync(file, entry.mtimeMs / 1000, entry.mtimeMs / 1000);
  } finally {
    closeSync(file);
  }
}

function makeParent(root: string, path: string): void {
  const end = path.lastIndexOf('/');
  if (end > 0) mkdirSync(join(root, path.slice(0, end)), { recursive: true, mode: 0o755 });
}
