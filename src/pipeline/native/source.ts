import { type SourceText, sourceText } from './node.ts';
import type { Problems } from './problem.ts';

/** The largest pipeline file: 1 MiB. */
export const SOURCE_BYTES_MAX = 1024 * 1024;

/** Bytes to text, or null with the reason reported: too large, not UTF-8, NUL bytes. A UTF-8 byte order mark is left out. */
export function decodeSource(file: string, bytes: Uint8Array, problems: Problems): SourceText | null {
  const none = { source: sourceText(file, ''), start: 0, end: 0 };
  if (bytes.length > SOURCE_BYTES_MAX) {
    problems.error(
      'file-too-large',
      none,
      `the file has ${bytes.length} bytes, more than the ${SOURCE_BYTES_MAX} of a pipeline file`,
      {
        suggestion: 'move long scripts into files of their own and run those',
      },
    );
    return null;
  }
  const text = utf8.decode(bytes);
  const broken = firstDifference(bytes, text);
  if (broken !== null) {
    const how = bytes[0] === 0xff || bytes[0] === 0xfe || bytes[1] === 0 ? '; it looks like UTF-16' : '';
    const readable = utf8.decode(bytes.subarray(0, broken));
    const source = sourceText(file, readable);
    const at = { source, start: readable.length, end: readable.length };
    problems.error('not-utf8', at, `the file is not valid UTF-8 at byte ${broken}${how}`, {
      suggestion: 'save the file as UTF-8',
    });
    return null;
  }
  const source = sourceText(file, text.charCodeAt(0) === 0xfeff ? text.slice(1) : text);
  const nul = source.text.indexOf('\0');
  if (nul >= 0) {
    problems.error('not-utf8', { source, start: nul, end: nul + 1 }, 'the file has a NUL character here', {
      suggestion: 'save the file as UTF-8 text',
    });
    return null;
  }
  return source;
}

const utf8 = new TextDecoder('utf-8', { fatal: false, ignoreBOM: true });
const encoder = new TextEncoder();

/** The first byte that decoding did not keep, or null when the bytes are valid. */
function firstDifference(bytes: Uint8Array, text: string): number | null {
  const back = encoder.encode(text);
  const length = Math.min(back.length, bytes.length);
  for (let i = 0; i < length; i++) if (back[i] !== bytes[i]) return i;
  return back.length === bytes.length ? null : length;
}
