import { createWriteStream } from 'node:fs';
import { open, rename, rm } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGzip, createZstdCompress } from 'node:zlib';
import { Header, Pax } from 'tar';
import type { Random } from '../../base/port.ts';
import { type ArchiveEntry, ArtifactError } from '../contract.ts';
import { BLOCK_BYTES } from './tar-header.ts';

/** Writes an archive beside its name and then gives it that name, so that there is never half of one. */
export async function packArchive(
  file: string,
  entries: AsyncIterable<ArchiveEntry>,
  random: Random,
): Promise<void> {
  const compress = compressionOf(file);
  const partial = `${file}.${Buffer.from(random.bytes(4)).toString('hex')}.part`;
  try {
    const written = createWriteStream(partial, { flags: 'wx' });
    const read = Readable.from(tarChunks(entries), { objectMode: false });
    await (compress ? pipeline(read, compress, written) : pipeline(read, written));
    const handle = await open(partial);
    await handle.sync().finally(() => handle.close());
    await rename(partial, file);
  } catch (error) {
    await rm(partial, { force: true });
    throw error;
  }
}

function compressionOf(file: string) {
  if (/\.(tar\.gz|tgz)$/.test(file)) return createGzip();
  if (/\.tar\.zst$/.test(file)) return createZstdCompress();
  if (/\.tar$/.test(file)) return null;
  throw new ArtifactError(
    'name',
    'the name of an archive ends in .tar, .tar.gz, .tgz or .tar.zst, which says how it is packed',
  );
}

async function* tarChunks(entries: AsyncIterable<ArchiveEntry>): AsyncGenerator<Buffer> {
  for await (const entry of entries) {
    yield headerOf(entry);
    let bytes = 0;
    for await (const chunk of entry.content ?? []) {
      bytes += chunk.length;
      yield Buffer.from(chunk);
    }
    if (bytes !== entry.size)
      throw new Error(`internal error: ${entry.path} has ${bytes} bytes, not ${entry.size}`);
    yield Buffer.alloc((BLOCK_BYTES - (bytes % BLOCK_BYTES)) % BLOCK_BYTES);
  }
  yield Buffer.alloc(2 * BLOCK_BYTES);
}

function headerOf({ path, kind, mode, mtimeMs, size, target }: ArchiveEntry): Buffer {
  const fields = {
    path: kind === 'folder' ? `${path}/` : path,
    mode: mode & 0o777,
    uid: 0,
    gid: 0,
    size,
    mtime: new Date(Math.floor(mtimeMs / 1000) * 1000),
    type: kind === 'folder' ? 'Directory' : kind === 'link' ? 'SymbolicLink' : 'File',
    linkpath: target,
    uname: '',
    gname: '',
    devmaj: 0,
    devmin: 0,
  } as const;
  const header = new Header(fields);
  const block = Buffer.alloc(BLOCK_BYTES);
  if (!header.encode(block)) return block;
  const long = new Pax({ path: fields.path, linkpath: target || undefined, size });
  return Buffer.concat([long.encode(), block]);
}
