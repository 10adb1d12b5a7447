import { isTooCommon } from '../../base/secret-value.ts';

/** Shorter parts of a secret are not masked on their own: they would hide ordinary text. */
export const PART_LENGTH_MIN = 8;

/** A longer text is masked piece by piece, so that little is held back and nothing long is compared again and again. */
const PIECE_LENGTH = 128;
/** The first and last line of a PEM key: everybody knows it, and tools print it. */
const FRAME = /^-----(BEGIN|END) [A-Z0-9 ]+-----$/;

/** Where common encoders break base64 lines: MIME tools at 76, PEM at 64. */
const WRAP_LENGTHS = [64, 76];

/**
 * Every form in which a secret may turn up in output: as it is, trimmed, its lines, the leaves when it is JSON, and each of
 * these in base64 (three alignments, both alphabets, with and without padding), hexadecimal, percent-encoding, JSON,
 * shell, XML and quoted-printable. Returns byte strings of at least eight bytes, without doubles.
 */
export function secretVariants(value: string): Uint8Array[] {
  const found = new Set<string>();
  for (const part of parts(value)) for (const form of encodings(part)) addPieces(found, form);
  return [...found]
    .map((form) => Buffer.from(form, 'latin1'))
    .filter((form) => form.length >= PART_LENGTH_MIN);
}

/** The value and the parts of it that are secret on their own. */
function parts(value: string): Set<string> {
  const all = new Set([value, value.trim()]);
  for (const line of value.split(/\r\n|\n|\r/)) all.add(line).add(line.trim());
  for (const leaf of jsonLeaves(value)) all.add(leaf).add(leaf.trim());
  for (const part of all)
    if (part.length < PART_LENGTH_MIN || isTooCommon(part) || FRAME.test(part)) all.delete(part);
  return all;
}

function jsonLeaves(value: string): string[] {
  if (!/^\s*[[{]/.test(value)) return [];
  try {
    return leavesOf(JSON.parse(value) as unknown);
  } catch {
    return []; // It only looked like JSON.
  }
}

function leavesOf(value: unknown): string[] {
  if (typeof value === 'string') return [value];
  if (typeof value === 'number') return [String(value)];
  if (value === null || typeof value !== 'object') return [];
  return Object.values(value).flatMap(leavesOf);
}

/** Encoded forms as latin1 text, one character a byte. */
function encodings(text: string): string[] {
  const bytes = Buffer.from(text);
  const raw = bytes.toString('latin1');
  const hex = bytes.toString('hex');
  const json = latin1(JSON.stringify(text).slice(1, -1));
  const ascii = jsonAscii(text);
  return [
    raw,
    hex,
    hex.toUpperCase(),
    ...percentForms(text),
    json,
    json.replaceAll('/', '\\/'),
    ascii,
    ascii.replaceAll('/', '\\/'),
    raw.replaceAll("'", "'\\''"),
    raw.replaceAll("'", `'"'"'`),
    raw.replace(/[^\w@%+=:,./\x80-\xff-]/g, '\\$&'),
    raw.replace(/["$`\\]/g, '\\$&'),
    ...xmlForms(raw),
    quotedPrintable(bytes),
    ...base64Forms(bytes),
  ];
}

const latin1 = (text: string): string => Buffer.from(text).toString('latin1');

/** Encoders differ in what they leave as it is, how they write a blank, and in the case of their digits. */
function percentForms(text: string): string[] {
  const component = encodeURIComponent(text.toWellFormed());
  const strict = component.replace(/[!'()*~]/g, percentOf);
  const form = component.replace(/[!'()~]/g, percentOf);
  const plain = [component, strict, form, strict.replaceAll('%7E', '~')];
  const withSlashes = plain.map((encoded) => encoded.replaceAll('%2F', '/'));
  const all = [...plain, ...withSlashes];
  const upper = [...all, ...all.map((encoded) => encoded.replaceAll('%20', '+'))];
  return [
    ...upper,
    ...upper.map((encoded) => encoded.replace(/%[0-9A-F]{2}/g, (code) => code.toLowerCase())),
  ];
}

function percentOf(character: string): string {
  return `%${character.charCodeAt(0).toString(16).toUpperCase()}`;
}

/** JSON as writers do that keep to ASCII. */
function jsonAscii(text: string): string {
  const escaped = JSON.stringify(text).slice(1, -1);
  return escaped.replace(
    /[\u0080-\uffff]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

function xmlForms(raw: string): string[] {
  const basic = raw.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
  const quoted = basic.replaceAll('"', '&quot;');
  return [
    basic,
    quoted,
    quoted.replaceAll("'", '&#39;'),
    quoted.replaceAll("'", '&#x27;'),
    quoted.replaceAll("'", '&apos;'),
  ];
}

function quotedPrintable(bytes: Buffer): string {
  let text = '';
  for (const byte of bytes) {
    const plain = (byte >= 32 && byte <= 126 && byte !== 61) || byte === 9;
    text += plain ? String.fromCharCode(byte) : `=${byte.toString(16).toUpperCase().padStart(2, '0')}`;
  }
  return text;
}

/**
 * Base64 of the bytes behind zero, one or two other bytes. Characters that the neighbours decide too are left out at the
 * front; at the end there are two forms: something follows, or nothing follows (padded or not).
 */
function base64Forms(bytes: Buffer): string[] {
  const forms: string[] = [];
  for (const offset of [0, 1, 2]) {
    const padded = Buffer.concat([Buffer.alloc(offset), bytes]).toString('base64');
    const from = offset === 0 ? 0 : offset + 1;
    const whole = Math.floor(((offset + bytes.length) * 8) / 6);
    const closed = padded.slice(from);
    const open = closed.replace(/=+$/, '');
    forms.push(padded.slice(from, whole), open, closed);
    if (offset === 0)
      for (const length of WRAP_LENGTHS) forms.push(...closed.match(new RegExp(`.{1,${length}}`, 'g'))!);
  }
  return forms.flatMap((form) => [form, form.replaceAll('+', '-').replaceAll('/', '_')]);
}

function addPieces(found: Set<string>, form: string): void {
  if (form.length <= PIECE_LENGTH) {
    found.add(form);
    return;
  }
  for (let from = 0; from < form.length; from += PIECE_LENGTH) {
    // The last piece overlaps the one before, so that it is long enough not to hide ordinary text.
    found.add(form.slice(Math.min(from, form.length - PIECE_LENGTH), from + PIECE_LENGTH));
  }
}
