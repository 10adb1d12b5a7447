import { refusal } from './refusal.ts';

export const BLOCK_BYTES = 512;

/** The kinds of entries that can be taken, and those that only tell of the next one. */
export type TarKind =
  | 'file'
  | 'folder'
  | 'link'
  | 'hardlink'
  | 'pax'
  | 'pax-global'
  | 'long-name'
  | 'long-target';

export interface TarHeader {
  readonly name: string;
  readonly kind: TarKind;
  readonly mode: number;
  readonly size: number;
  readonly mtimeMs: number;
  readonly target: string;
}

const KINDS: Readonly<Record<string, TarKind>> = {
  '0': 'file',
  '\0': 'file',
  '7': 'file',
  '1': 'hardlink',
  '2': 'link',
  '5': 'folder',
  x: 'pax',
  g: 'pax-global',
  L: 'long-name',
  K: 'long-target',
};

const REFUSED_KINDS: Readonly<Record<string, string>> = {
  '3': 'is a device',
  '4': 'is a device',
  '6': 'is a FIFO',
  S: 'is a sparse file',
};

/** One header block. null: it is a block of zeros. Throws an `ArtifactError` naming the entry. */
export function readHeader(block: Buffer): TarHeader | null {
  if (isZero(block)) return null;
  if (!isChecksumRight(block)) throw refusal(null, 'is no tar archive, or is damaged: a checksum is wrong');
  const raw = text(block, 0, 100);
  const isUstar = block.toString('latin1', 257, 263) === 'ustar\0';
  const prefix = isUstar ? text(block, 345, 155) : '';
  const name = prefix === '' ? raw : `${prefix}/${raw}`;
  const letter = String.fromCharCode(block[156]!);
  const known = KINDS[letter];
  if (known === undefined)
    throw refusal(name, REFUSED_KINDS[letter] ?? `is of the kind "${letter}", which is not taken`);
  const kind = known === 'file' && name.endsWith('/') ? 'folder' : known;
  const size = number(block, 124, 12, name);
  if (size > 0 && (kind === 'link' || kind === 'hardlink' || kind === 'folder'))
    throw refusal(name, 'is no file and has content');
  return {
    name,
    kind,
    mode: number(block, 100, 8, name),
    size,
    mtimeMs: number(block, 136, 12, name) * 1000,
    target: text(block, 157, 100),
  };
}

export function isZero(bytes: Buffer): boolean {
  return bytes.every((byte) => byte === 0);
}

/** The sum of all bytes, with blanks in place of the sum itself. */
function isChecksumRight(block: Buffer): boolean {
  let sum = 8 * 32;
  for (let at = 0; at < BLOCK_BYTES; at++) if (at < 148 || at >= 156) sum += block[at]!;
  return (
    Number.parseInt(
      block
        .toString('latin1', 148, 156)
        .replace(/[\0 ]+$/, '')
        .trim(),
      8,
    ) === sum
  );
}

function text(block: Buffer, start: number, length: number): string {
  const field = block.subarray(start, start + length);
  const end = field.indexOf(0);
  const bytes = end < 0 ? field : field.subarray(0, end);
  if (end >= 0 && !isZero(field.subarray(end)))
    throw refusal(bytes.toString('latin1'), 'has a NUL character in its name');
  return utf8(bytes);
}

/** Throws an `ArtifactError` for what is no UTF-8. */
export function utf8(bytes: Buffer): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw refusal(bytes.toString('latin1'), 'has a name that is no UTF-8');
  }
}

/** Octal digits, or base 256 where the first bit is set. */
function number(block: Buffer, start: number, length: number, name: string): number {
  if (block[start]! & 0x80) {
    let value = BigInt(block[start]! & 0x7f);
    for (let at = start + 1; at < start + length; at++) value = value * 256n + BigInt(block[at]!);
    if (value > BigInt(Number.MAX_SAFE_INTEGER)) throw refusal(name, 'tells a number that cannot be');
    return Number(value);
  }
  const digits = block
    .toString('latin1', start, start + length)
    .replace(/[\0 ]+$/, '')
    .trim();
  if (!/^[0-7]*$/.test(digits)) throw refusal(name, 'tells a number that cannot be read');
  return digits === '' ? 0 : Number.parseInt(digits, 8);
}
