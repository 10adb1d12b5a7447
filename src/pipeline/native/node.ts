import type { Place, Position } from '../../base/diagnostic.ts';

/**
 * A definition as a tree whose every value knows where it stands. YAML files and plain objects (`sluice.ts`) both become
 * this; aliases and merge keys are already resolved. Values have no cycles.
 */
export type Node = MapNode | ListNode | ScalarNode;

interface Located {
  readonly source: SourceText;
  /** Offsets in the source, `end` exclusive. */
  readonly start: number;
  readonly end: number;
  /** Set in a value that was reached through an alias: the place of the alias. */
  readonly alias: Span | null;
}

export interface MapNode extends Located {
  readonly kind: 'map';
  readonly entries: readonly Entry[];
  /** Keys whose values were wrong and left out; set by `readNode`, so that no second problem is made of the first. */
  readonly dropped?: readonly string[];
}

export interface Entry {
  readonly key: string;
  readonly keySpan: Span;
  readonly value: Node;
}

export interface ListNode extends Located {
  readonly kind: 'list';
  readonly items: readonly Node[];
}

export interface ScalarNode extends Located {
  readonly kind: 'scalar';
  readonly value: string | number | boolean | null;
  /** As written, when it is a plain scalar; null for quoted and block text and for values that come from code. */
  readonly plain: string | null;
  /** `code`: not written in the file like this. `broken`: its problem was reported, and it has no value. */
  readonly style: 'plain' | 'single' | 'double' | 'block' | 'code' | 'broken';
}

export interface Span {
  readonly source: SourceText;
  readonly start: number;
  readonly end: number;
}

/** One file's text with the offsets of its lines. */
export interface SourceText {
  readonly file: string;
  readonly text: string;
  readonly lineStarts: readonly number[];
  /** For values that come from code: where in the object the value with this offset stands, such as `jobs.test.timeout`. */
  readonly keyPaths: readonly string[] | null;
}

export function sourceText(file: string, text: string): SourceText {
  const lineStarts = [0];
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) lineStarts.push(at + 1);
  return { file, text, lineStarts, keyPaths: null };
}

/** The place of a span as people read it: file, line, column. */
export function placeOf(span: Span): Place {
  const { source } = span;
  if (source.keyPaths)
    return { file: source.file, start: { line: 1, column: 1 }, end: { line: 1, column: 1 } };
  return {
    file: source.file,
    start: position(source, span.start),
    end: position(source, Math.max(span.start, span.end)),
  };
}

/** Where a value from code stands, such as `jobs.test.timeout`; null for values of a file. */
export function keyPathOf(span: Span): string | null {
  return span.source.keyPaths?.[span.start] ?? null;
}

function position(source: SourceText, offset: number): Position {
  const starts = source.lineStarts;
  let low = 0;
  let high = starts.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (starts[middle]! <= offset) low = middle;
    else high = middle - 1;
  }
  return { line: low + 1, column: offset - starts[low]! + 1 };
}

/** The value under a key, or undefined. */
export function child(node: Node, key: string): Node | undefined {
  return entryOf(node, key)?.value;
}

export function entryOf(node: Node, key: string): Entry | undefined {
  return node.kind === 'map' ? node.entries.find((entry) => entry.key === key) : undefined;
}

/** What a node is called in a message. */
export function kindName(node: Node): string {
  if (node.kind === 'map') return 'a mapping';
  if (node.kind === 'list') return 'a list';
  if (node.value === null) return 'empty';
  if (typeof node.value === 'boolean') return node.value ? '`true`' : '`false`';
  if (typeof node.value === 'number') return `\`${node.plain ?? node.value}\``;
  return 'text';
}
