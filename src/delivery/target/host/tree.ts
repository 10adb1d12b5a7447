import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { lstat, readdir, readlink } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { create } from 'tar';

/** A folder with what is to arrive of it. */
export interface FileTree {
  /** As host-release.pl reads it. */
  readonly manifest: Buffer;
  readonly bytes: number;
  /** The files as a tar archive; to be called once for each host. */
  open(): Readable;
}

/** Looks at all files of a folder. Rejects when one cannot be read, or is neither file, folder nor link. */
export async function readTree(folder: string): Promise<FileTree> {
  const names = (await readdir(folder, { recursive: true })).sort();
  const entries: string[] = [];
  let bytes = 0;
  for (const name of names) {
    const path = join(folder, name);
    const status = await lstat(path);
    if (status.isDirectory()) entries.push(`d ${name}`);
    else if (status.isSymbolicLink()) entries.push(`l ${await linkOf(path)}\n${name}`);
    else if (status.isFile()) {
      bytes += status.size;
      const mode = status.mode & 0o100 ? '755' : '644';
      entries.push(`f ${mode} ${status.size} ${await digestOfFile(path)} ${name}`);
    } else throw new Error(`${name} is no file, folder or link`);
  }
  // A name that begins with @ would mean an archive to the packer.
  const packed = names.map((name) => `./${name}`);
  return {
    manifest: Buffer.from(entries.map((entry) => `${entry}\0`).join('')),
    bytes,
    open: () => packedFiles(folder, packed),
  };
}

/** A file that goes or changes meanwhile cuts the archive off, which the host notices. */
function packedFiles(folder: string, names: readonly string[]): Readable {
  if (names.length === 0) return Readable.from([Buffer.alloc(1024)]);
  const pack = create({ cwd: folder, portable: true, noDirRecurse: true, strict: true }, [...names]);
  const stream = Readable.from(pack);
  pack.on('error', (error) => stream.destroy(error instanceof Error ? error : undefined));
  // Also when nobody listens any more.
  stream.on('error', () => {});
  return stream;
}

async function linkOf(path: string): Promise<string> {
  const target = await readlink(path);
  if (target.includes('\n')) throw new Error(`the link ${path} has a line break in it`);
  return target;
}

async function digestOfFile(path: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(path), hash);
  return hash.digest('hex');
}
