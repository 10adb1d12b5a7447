import { ByteSource } from './byte-source.ts';
import { refusal } from './refusal.ts';
import { BLOCK_BYTES, isZero, readHeader, type TarHeader, utf8 } from './tar-header.ts';

/** An entry as the archive tells it; nothing of it has been judged yet. */
export interface TarEntry {
  readonly name: string;
  readonly kind: 'file' | 'folder' | 'link' | 'hardlink';
  readonly mode: number;
  readonly size: number;
  readonly mtimeMs: number;
  readonly target: string;
  /** To be read, as far as wanted, before the next entry is asked for. */
  readonly content: AsyncIterable<Buffer>;
}

/** Names and the like that stand before the entry they are about. */
const META_BYTES_MAX = 1024 * 1024;

interface Told {
  name?: string;
  target?: string;
  size?: number;
  mtimeMs?: number;
}

/**
 * The entries of a tar archive (ustar, pax, GNU's long names). Strict, as the packages for it are not: they go on after a
 * warning, cut a name at a NUL, and do not look behind the end. Throws an `ArtifactError` at the first fault.
 */
export async function* readTar(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<TarEntry> {
  const source = new ByteSource(chunks);
  let told: Told = {};
  for (;;) {
    const block = await source.take(BLOCK_BYTES);
    if (block.length === 0) throw refusal(null, 'is cut off: its end mark is missing');
    if (block.length < BLOCK_BYTES) throw refusal(null, 'is cut off, or is no tar archive');
    const header = readHeader(block);
    if (header === null) break;
    if (isMeta(header)) {
      told = { ...told, ...(await readMeta(source, header)) };
      continue;
    }
    const entry = { ...header, ...told, kind: header.kind as TarEntry['kind'] };
    told = {};
    const body = new Body(source, entry);
    yield { ...entry, content: body.read() };
    await body.skip();
  }
  const second = await source.take(BLOCK_BYTES);
  if (second.length < BLOCK_BYTES || !isZero(second))
    throw refusal(null, 'has a broken end mark, or goes on behind it');
  for (let rest = await source.some(65_536); rest.length > 0; rest = await source.some(65_536))
    if (!isZero(rest)) throw refusal(null, 'has further bytes behind its end');
}

/** The content of one entry, and the zeros behind it. */
class Body {
  readonly #source: ByteSource;
  readonly #entry: { readonly name: string; readonly size: number };
  #left: number;

  constructor(source: ByteSource, entry: { readonly name: string; readonly size: number }) {
    this.#source = source;
    this.#entry = entry;
    this.#left = entry.size;
  }

  async *read(): AsyncGenerator<Buffer> {
    while (this.#left > 0) yield await this.#next();
  }

  async skip(): Promise<void> {
    while (this.#left > 0) await this.#next();
    const padding = (BLOCK_BYTES - (this.#entry.size % BLOCK_BYTES)) % BLOCK_BYTES;
    if ((await this.#source.take(padding)).length < padding) throw refusal(this.#entry.name, 'is cut off');
  }

  async #next(): Promise<Buffer> {
    const chunk = await this.#source.some(this.#left);
    if (chunk.length === 0) throw refusal(this.#entry.name, 'is cut off');
    this.#left -= chunk.length;
    return chunk;
  }
}

function isMeta({ kind }: TarHeader): boolean {
  return kind === 'pax' || kind === 'pax-global' || kind === 'long-name' || kind === 'long-target';
}

async function readMeta(source: ByteSource, header: TarHeader): Promise<Told> {
  if (header.size > META_BYTES_MAX)
    throw refusal(header.name, 'tells more about the next entry than is sensible');
  const bytes = await source.take(header.size);
  const padding = (BLOCK_BYTES - (header.size % BLOCK_BYTES)) % BLOCK_BYTES;
  if (bytes.length < header.size || (await source.take(padding)).length < padding)
    throw refusal(header.name, 'is cut off');
  if (header.kind === 'long-name') return { name: longText(bytes) };
  if (header.kind === 'long-target') return { target: longText(bytes) };
  const told = readPax(bytes, header.name);
  if (header.kind === 'pax-global' && Object.keys(told).length > 0)
    throw refusal(header.name, 'gives all entries one name or size');
  return told;
}

function longText(bytes: Buffer): string {
  const end = bytes.indexOf(0);
  const used = end < 0 ? bytes : bytes.subarray(0, end);
  if (end >= 0 && !isZero(bytes.subarray(end)))
    throw refusal(used.toString('latin1'), 'has a NUL character in its name');
  return utf8(used);
}

/** Records of the form `LENGTH KEY=VALUE\n`. */
function readPax(bytes: Buffer, name: string): Told {
  const told: Told = {};
  for (let at = 0; at < bytes.length; ) {
    const blank = bytes.indexOf(32, at);
    const length = blank < 0 ? Number.NaN : Number(bytes.toString('latin1', at, blank));
    const end = at + length;
    const isWhole = Number.isInteger(length) && end > blank && end <= bytes.length && bytes[end - 1] === 10;
    const record = isWhole ? utf8(bytes.subarray(blank + 1, end - 1)) : '';
    const equals = record.indexOf('=');
    if (equals <= 0) throw refusal(name, 'has an extended header that cannot be read');
    const key = record.slice(0, equals);
    const value = record.slice(equals + 1);
    if (value.includes('\0')) throw refusal(value, 'has a NUL character in its name');
    if (key.startsWith('GNU.sparse')) throw refusal(name, 'is about a sparse file');
    if (key === 'path') told.name = value;
    else if (key === 'linkpath') told.target = value;
    else if (key === 'size' || key === 'mtime') {
      const number = Number(value);
      if (
        value === '' ||
        !Number.isFinite(number) ||
        (key === 'size' && !Number.isSafeInteger(number)) ||
        number < 0
      )
        throw refusal(name, `tells a ${key} that cannot be`);
      if (key === 'size') told.size = number;
      else told.mtimeMs = Math.floor(number * 1000);
    }
    at = end;
  }
  return told;
}
