import { gzipSync, zstdCompressSync } from 'node:zlib';

/** One entry as bytes, with every field as the test wants it, also where no program would write it so. */
export interface RawEntry {
  readonly name?: string | Buffer;
  readonly type?: string;
  readonly mode?: number;
  readonly content?: Buffer | string;
  readonly target?: string | Buffer;
  /** What the header says, when that is not the content's size. */
  readonly size?: number;
  /** Base 256 instead of octal digits. */
  readonly hugeSize?: boolean;
  readonly prefix?: string;
  readonly checksum?: number;
}

export interface BadArchive {
  readonly title: string;
  readonly bytes: () => Buffer;
  /** The entry or the fault that the refusal must name. */
  readonly names: RegExp;
}

const END = Buffer.alloc(1024);

/** A header and its content, padded. */
export function entry(raw: RawEntry): Buffer {
  const { name = 'file', type = '0', mode = 0o644, target = '', prefix = '' } = raw;
  const content = Buffer.from(raw.content ?? '');
  const block = Buffer.alloc(512);
  Buffer.from(name).copy(block, 0, 0, 100);
  block.write(`${mode.toString(8).padStart(7, '0')}\0`, 100);
  block.write('0000000\0', 108);
  block.write('0000000\0', 116);
  const size = raw.size ?? content.length;
  if (raw.hugeSize) {
    block[124] = 0x80;
    block.writeBigUInt64BE(BigInt(size), 128);
  } else block.write(`${size.toString(8).padStart(11, '0')}\0`, 124);
  block.write('00000000000\0', 136);
  block.write(type, 156, 'latin1');
  Buffer.from(target).copy(block, 157, 0, 100);
  block.write('ustar\u000000', 257);
  block.write(prefix, 345);
  block.write('        ', 148);
  const sum = raw.checksum ?? block.reduce((total, byte) => total + byte, 0);
  block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
  return Buffer.concat([block, content, Buffer.alloc((512 - (content.length % 512)) % 512)]);
}

/** An archive with its end mark. */
export function tarOf(...entries: readonly (RawEntry | Buffer)[]): Buffer {
  return Buffer.concat([...entries.map((one) => (Buffer.isBuffer(one) ? one : entry(one))), END]);
}

/** An extended header with these records, before the entry that it is about. */
export function pax(records: Readonly<Record<string, string>>, type = 'x'): Buffer {
  const lines = Object.entries(records).map(([key, value]) => {
    const rest = Buffer.byteLength(` ${key}=${value}\n`);
    let length = rest + String(rest).length;
    if (String(length).length > String(rest).length) length = rest + String(length).length;
    return `${length} ${key}=${value}\n`;
  });
  return entry({ name: 'PaxHeader/x', type, content: lines.join('') });
}

const good = { name: 'good.txt', content: 'good' };
const named = (name: string | Buffer, names: RegExp): BadArchive => ({
  title: `the name ${JSON.stringify(String(name)).slice(0, 40)}`,
  bytes: () => tarOf(good, { name, content: 'x' }),
  names,
});
const told = (title: string, bytes: () => Buffer, names: RegExp): BadArchive => ({ title, bytes, names });
const long = (name: string) =>
  Buffer.concat([entry({ name: '././@LongLink', type: 'L', content: `${name}\0` }), entry({ content: 'x' })]);

/** Archives of which nothing may be taken. */
export const BAD_ARCHIVES: readonly BadArchive[] = [
  named('../outside', /"\.\.\/outside".*"\.\."/),
  named('a/../../outside', /"a\/\.\.\/\.\.\/outside"/),
  named('a/..', /"a\/\.\."/),
  named('./../outside', /"\.\/\.\.\/outside"/),
  named('/etc/outside', /"\/etc\/outside".*absolute/),
  named('//outside', /"\/\/outside".*absolute/),
  named('C:\\outside', /another system/),
  named('C:outside', /"C:outside"/),
  named('c:/outside', /"c:\/outside"/),
  named('a\\..\\b', /another system/),
  named('\\\\server\\share', /another system/),
  named('a\nb', /control character/),
  named('a\u001b[2Jb', /control character/),
  named(Buffer.from('a\0/../b'), /"a".*NUL/),
  named(Buffer.from([0x61, 0xff, 0xfe]), /no UTF-8/),
  named('', /no name/),
  named('./', /no name|is no file/),
  told(
    'a name in two fields that leads out',
    () => tarOf({ name: '../../outside', prefix: 'a' }),
    /a\/\.\.\/\.\.\/outside/,
  ),
  told(
    'a pax name that leads out',
    () => tarOf(pax({ path: '../outside' }), { content: 'x' }),
    /"\.\.\/outside"/,
  ),
  told('a pax name with NUL', () => tarOf(pax({ path: 'a\0b' }), {}), /NUL/),
  told('a GNU name that leads out', () => tarOf(long('../outside')), /"\.\.\/outside"/),
  told('a pax name for all entries', () => tarOf(pax({ path: 'a' }, 'g'), good), /one name/),
  told(
    'a pax header that cannot be read',
    () => tarOf(entry({ type: 'x', content: '99 path=a\n' }), good),
    /cannot be read/,
  ),
  told(
    'a pax header of 2 MiB',
    () => tarOf(entry({ type: 'x', content: Buffer.alloc(2 ** 21) }), good),
    /sensible/,
  ),
  told('a pax size that cannot be', () => tarOf(pax({ size: '-1' }), good), /size/),
  told(
    'a file through a link that leads out',
    () => tarOf({ name: 'l', type: '2', target: '..' }, { name: 'l/x' }),
    /"l\/x".*link "l"/,
  ),
  told(
    'a file through a link that stays inside',
    () => tarOf({ name: 'd', type: '5' }, { name: 'l', type: '2', target: 'd' }, { name: 'l/x' }),
    /"l\/x"/,
  ),
  told(
    'an absolute link',
    () => tarOf({ name: 'l', type: '2', target: '/etc/passwd' }),
    /"l".*\/etc\/passwd/,
  ),
  told(
    'a link that leads out',
    () => tarOf({ name: 'a/l', type: '2', target: '../../x' }),
    /"a\/l".*outside/,
  ),
  told(
    'a link that leads out over another',
    () =>
      tarOf({ name: 'a/b/l', type: '2', target: '../..' }, { name: 'm', type: '2', target: 'a/b/l/../x' }),
    /"m".*outside/,
  ),
  told('a link to a drive', () => tarOf({ name: 'l', type: '2', target: 'C:/x' }), /"l"/),
  told(
    'links in a circle',
    () => tarOf({ name: 'a', type: '2', target: 'b' }, { name: 'b', type: '2', target: 'a' }),
    /circle/,
  ),
  told('a link to nowhere', () => tarOf({ name: 'l', type: '2' }), /"l".*nowhere/),
  told(
    'a hard link to a file of the host',
    () => tarOf({ name: 'h', type: '1', target: '/etc/passwd' }),
    /"h".*absolute/,
  ),
  told('a hard link that leads out', () => tarOf({ name: 'h', type: '1', target: '../x' }), /"h"/),
  told(
    'a hard link to what is not there',
    () => tarOf({ name: 'h', type: '1', target: 'later' }, { name: 'later' }),
    /"h".*no file before/,
  ),
  told(
    'a hard link to a link',
    () => tarOf(good, { name: 'l', type: '2', target: 'good.txt' }, { name: 'h', type: '1', target: 'l' }),
    /"h"/,
  ),
  told('a character device', () => tarOf(good, { name: 'null', type: '3' }), /"null".*device/),
  told('a block device', () => tarOf({ name: 'sda', type: '4' }), /"sda".*device/),
  told('a FIFO', () => tarOf({ name: 'pipe', type: '6' }), /"pipe".*FIFO/),
  told('an entry of an unknown kind', () => tarOf({ name: 'odd', type: 'Z' }), /"odd".*kind "Z"/),
  told('the same path twice', () => tarOf(good, good), /"good.txt".*twice/),
  told('the same path spelled in two ways', () => tarOf(good, { name: './good.txt' }), /twice/),
  told(
    'a file, then a link in its place',
    () => tarOf(good, { name: 'good.txt', type: '2', target: 'x' }),
    /twice/,
  ),
  told(
    'a link, then a file in its place',
    () => tarOf({ name: 'a', type: '2', target: 'b' }, { name: 'a' }),
    /twice/,
  ),
  told('a file, then a folder in its place', () => tarOf(good, { name: 'good.txt/', type: '5' }), /twice/),
  told('a file within a file', () => tarOf(good, { name: 'good.txt/x' }), /is a file/),
  told('names that differ in case', () => tarOf(good, { name: 'GOOD.txt' }), /"GOOD.txt".*spelled/),
  told('folders that differ in case', () => tarOf({ name: 'a/x' }, { name: 'A/y' }), /spelled/),
  told('names that differ in composition', () => tarOf({ name: 'é' }, { name: 'e\u0301' }), /spelled/),
  told(
    'a bomb of zeros in gzip',
    () => gzipSync(tarOf({ name: 'zeros', content: Buffer.alloc(100 * 2 ** 20) })),
    /times its size/,
  ),
  told(
    'a bomb of zeros in zstd',
    () => zstdCompressSync(tarOf({ name: 'zeros', content: Buffer.alloc(100 * 2 ** 20) })),
    /times its size/,
  ),
  told(
    'more than all may be together',
    () => tarOf({ name: 'a', content: Buffer.alloc(2 ** 20) }, { name: 'b', content: Buffer.alloc(2 ** 20) }),
    /"b".*more than/,
  ),
  told('a million empty files', () => manyEmpty(1_000_000), /one more than/),
  told(
    'hard links that multiply',
    () => tarOf({ name: 'a', content: Buffer.alloc(2 ** 20) }, { name: 'b', type: '1', target: 'a' }),
    /"b".*more than/,
  ),
  told(
    'a sparse file of a terabyte',
    () => tarOf({ name: 'huge', type: 'S', size: 2 ** 40, hugeSize: true }),
    /"huge".*sparse/,
  ),
  told(
    'a sparse file of a terabyte in pax',
    () => tarOf(pax({ 'GNU.sparse.major': '1', 'GNU.sparse.realsize': `${2 ** 40}` }), good),
    /sparse/,
  ),
  told(
    'a terabyte that is not there',
    () => tarOf({ name: 'huge', size: 2 ** 40, hugeSize: true }),
    /"huge"/,
  ),
  told('a number that cannot be', () => tarOf({ name: 'n', size: 2 ** 60, hugeSize: true }), /"n".*number/),
  told(
    'cut off in the middle of a file',
    () => tarOf({ name: 'cut', content: Buffer.alloc(5000) }).subarray(0, 3000),
    /"cut".*cut off/,
  ),
  told('without an end mark', () => entry(good), /end mark/),
  told('half an end mark', () => Buffer.concat([entry(good), Buffer.alloc(512)]), /end mark/),
  told('a truncated gzip', () => half(gzipSync(tarOf({ name: 'a', content: noise(50_000) }))), /cut off/),
  told(
    'a truncated zstd',
    () => half(zstdCompressSync(tarOf({ name: 'a', content: noise(50_000) }))),
    /cut off/,
  ),
  told('a gzip with a wrong CRC', () => wrongCrc(gzipSync(tarOf(good))), /damaged/),
  told(
    'a gzip with bytes behind its end',
    () => Buffer.concat([gzipSync(tarOf(good)), Buffer.from('garbage')]),
    /damaged|behind/,
  ),
  told(
    'a zstd with bytes behind its end',
    () => Buffer.concat([zstdCompressSync(tarOf(good)), Buffer.from('garbage!')]),
    /damaged|behind/,
  ),
  told(
    'a zstd with much behind its end',
    () => Buffer.concat([zstdCompressSync(tarOf(good)), noise(300_000)]),
    /behind its end/,
  ),
  told(
    'a gzip with much behind its end',
    () => Buffer.concat([gzipSync(tarOf(good)), Buffer.alloc(300_000)]),
    /behind its end/,
  ),
  told(
    'a tar with bytes behind its end',
    () => Buffer.concat([tarOf(good), Buffer.from('garbage')]),
    /behind its end/,
  ),
  told(
    'another archive behind the end',
    () => Buffer.concat([tarOf(good), tarOf({ name: 'hidden' })]),
    /behind its end/,
  ),
  told('a wrong checksum', () => tarOf(good, { name: 'b', checksum: 1 }), /checksum/),
  told('no archive', () => Buffer.from('<html>not found</html>'.repeat(100)), /no tar archive/),
  told('a zip', () => Buffer.concat([Buffer.from('PK\u0003\u0004'), noise(2000)]), /no tar archive/),
  told('nothing at all', () => Buffer.alloc(0), /empty/),
  told('three bytes', () => Buffer.from('abc'), /cut off|no tar/),
  told('a name of 300 characters', () => tarOf(long('n'.repeat(300))), /255 bytes/),
  told('a path 5,000 folders deep', () => tarOf(long(`${'d/'.repeat(5000)}x`)), /deeper/),
  told('a folder with content', () => tarOf({ name: 'd/', type: '5', content: 'x' }), /"d\/".*content/),
];

/** The same bytes each time, which do not pack well. */
export function noise(length: number): Buffer {
  let state = 12345;
  return Buffer.from(
    Array.from({ length }, () => {
      state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
      return state >>> 24;
    }),
  );
}

function half(bytes: Buffer): Buffer {
  return bytes.subarray(0, bytes.length >> 1);
}

function wrongCrc(bytes: Buffer): Buffer {
  bytes[bytes.length - 8]! ^= 0xff;
  return bytes;
}

/** Packed a thousand at a time: the members of a gzip stand one behind the other. */
function manyEmpty(count: number): Buffer {
  const members: Buffer[] = [];
  for (let at = 0; at < count; at += 1000) {
    // Names of the first members only matter: nobody reads as far as the others.
    if (at > 6000) members.push(members[6]!);
    else
      members.push(
        gzipSync(
          Buffer.concat(Array.from({ length: 1000 }, (_, index) => entry({ name: `f${at + index}` }))),
          { level: 1 },
        ),
      );
  }
  return Buffer.concat([...members, gzipSync(END)]);
}
