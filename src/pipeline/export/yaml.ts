import type { LossNote } from './contract.ts';
import type { Page } from './page.ts';

/** What a YAML file is written from: data; `undefined` in a mapping is left out; `told` puts losses above a value. */
export type Tree =
  | string
  | number
  | boolean
  | null
  | Told
  | readonly Tree[]
  | { readonly [key: string]: Tree | undefined };

/** A value with the losses that are told right above it. */
export class Told {
  readonly value: Tree;
  readonly notes: readonly LossNote[];

  constructor(value: Tree, notes: readonly LossNote[]) {
    this.value = value;
    this.notes = notes;
  }
}

export function told(value: Tree, notes: readonly LossNote[]): Tree {
  return notes.length === 0 ? value : new Told(value, notes);
}

const FLOW_WIDTH = 90;

/** Writes a mapping at the end of a page. */
export function writeYaml(page: Page, tree: { readonly [key: string]: Tree | undefined }): void {
  writeMapping(page, tree, '', '');
}

function writeMapping(
  page: Page,
  tree: { readonly [key: string]: Tree | undefined },
  indent: string,
  first: string,
): void {
  let head = first;
  for (const [key, given] of Object.entries(tree)) {
    if (given === undefined) continue;
    const { value, notes } = given instanceof Told ? given : { value: given, notes: [] };
    // A comment may not stand behind the dash of a list.
    if (head !== '' && notes.length > 0) {
      page.add(head.trimEnd());
      head = '';
    }
    for (const note of notes) page.note(note, indent);
    writeValue(page, `${head === '' ? indent : head}${keyText(key)}:`, value, indent, '  ');
    head = '';
  }
}

/** `head`: what stands before the value in its line. `deeper`: how far a list below it is indented. */
function writeValue(page: Page, head: string, value: Tree, indent: string, deeper: string): void {
  if (value instanceof Told) {
    for (const note of value.notes) page.note(note, indent);
    writeValue(page, head, value.value, indent, deeper);
    return;
  }
  const flow = flowText(value);
  if (flow !== null && (isScalar(value) || head.length + flow.length < FLOW_WIDTH)) {
    page.add(`${head} ${flow}`);
  } else if (typeof value === 'string') {
    page.add(`${head} ${blockText(value, `${indent}  `)}`);
  } else if (Array.isArray(value)) {
    page.add(head);
    for (const item of value) writeItem(page, item, `${indent}${deeper}`);
  } else {
    page.add(head);
    writeMapping(page, value as { readonly [key: string]: Tree | undefined }, `${indent}  `, '');
  }
}

function writeItem(page: Page, given: Tree, indent: string): void {
  const { value, notes } = given instanceof Told ? given : { value: given, notes: [] };
  for (const note of notes) page.note(note, indent);
  const isMap = value !== null && typeof value === 'object' && !Array.isArray(value);
  if (isMap && Object.values(value).some((one) => one !== undefined)) {
    writeMapping(page, value as { readonly [key: string]: Tree | undefined }, `${indent}  `, `${indent}- `);
  } else writeValue(page, `${indent}-`, value, indent, '  ');
}

function isScalar(value: Tree): boolean {
  return value === null || typeof value !== 'object';
}

/** The value in one line; null: it needs several. Only lists of plain words and empty things are written so. */
function flowText(value: Tree): string | null {
  if (value === null) return 'null';
  if (typeof value === 'string') return lineText(value);
  if (typeof value !== 'object') return String(value);
  if (value instanceof Told) return null;
  if (!Array.isArray(value)) return Object.values(value).every((one) => one === undefined) ? '{}' : null;
  const items = value.map((item) => (isScalar(item) ? flowText(item as Tree) : null));
  if (items.some((item) => item === null || /[,[\]{}]/.test(item))) return null;
  return `[${items.join(', ')}]`;
}

/** A text in one line: plain where it means nothing else, quoted where it has to be. null: better as a block. */
function lineText(text: string): string | null {
  if (isPlain(text)) return text;
  const isBlock =
    text.includes('\n') &&
    !/[^\n\t\x20-\x7e\u00a0-\u2027\u2030-\ud7ff\ue000-\ufefe\u{10000}-\u{10ffff}]/u.test(text);
  // At the end of a block a line of blanks alone would be lost.
  if (isBlock && /\S\n*$/.test(text)) return null;
  if (/[^\x20-\x7e\u00a0-\u2027\u2030-\ud7ff\ue000-\ufefe\u{10000}-\u{10ffff}]/u.test(text))
    return doubleQuoted(text);
  return `'${text.replaceAll("'", "''")}'`;
}

function isPlain(text: string): boolean {
  if (!/^[A-Za-z_./$(][^\u0000-\u001f\u007f-\u009f\u2028\u2029\ufeff\ud800-\udfff]*$/.test(text))
    return false;
  if (/: |\s#|[:\s]$/.test(text)) return false;
  return !/^(?:true|false|yes|no|on|off|null|y|n|\.(?:inf|nan)|[-+.]?[\d._]+)$/i.test(text);
}

/** JSON is YAML; what JSON leaves as it is and YAML does not is escaped. */
function doubleQuoted(text: string): string {
  return JSON.stringify(text).replace(
    /[\u007f-\u009f\u2028\u2029\ufeff]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

/** A text of several lines as it stands. */
function blockText(text: string, indent: string): string {
  const ends = /\n*$/.exec(text)![0].length;
  const chomping = ends === 0 ? '-' : ends === 1 ? '' : '+';
  const body = text.slice(0, text.length - ends).split('\n');
  const isIndented = /^\n*[ \t]/.test(text);
  const lines = [...body, ...Array.from({ length: Math.max(0, ends - 1) }, () => '')];
  return [
    `|${isIndented ? '2' : ''}${chomping}`,
    ...lines.map((line) => (line === '' ? '' : indent + line)),
  ].join('\n');
}

function keyText(key: string): string {
  return key === 'on' ? key : isPlain(key) ? key : doubleQuoted(key);
}
