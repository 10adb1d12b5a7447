import {
  Composer,
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  Lexer,
  type ParsedNode,
  Parser,
  type YAMLError,
  type YAMLWarning,
} from 'yaml';
import {
  type Entry,
  type ListNode,
  type MapNode,
  type Node,
  placeOf,
  type ScalarNode,
  type SourceText,
  type Span,
} from './node.ts';
import { type Problems, shown } from './problem.ts';

/** How deep values may stand in each other. */
export const DEPTH_MAX = 32;
/** How many values all aliases of a file may unfold to. */
const UNFOLDED_MAX = 50_000;

/**
 * YAML 1.2 text to a tree, or null when it cannot be read; the reasons are reported. Anchors, aliases and merge keys (`<<`)
 * work. Refused: several documents, tabs as indentation, custom tags, duplicate keys, alias bombs, depth over 32.
 */
export function parseYaml(source: SourceText, problems: Problems): Node | null {
  const documents = compose(source, problems);
  if (!documents) return null;
  const [first, second] = documents;
  if (first && reportSyntax(source, first, problems)) return null;
  if (second) {
    const at = documentStart(source, second.range[0]);
    problems.error('several-documents', at, `expected one document, but the file has ${documents.length}`, {
      suggestion: 'keep one pipeline in a file and remove the further `---` lines',
    });
    return null;
  }
  const contents = first?.contents as ParsedNode | null | undefined;
  if (!contents || (isScalar(contents) && contents.value === null && contents.source === '')) {
    problems.error(
      'empty-file',
      { source, start: 0, end: 0 },
      'the file is empty: expected a pipeline with `stages` or `jobs`',
      {
        suggestion:
          'write at least one job, such as `jobs: {test: {commands: ["npm test"]}}`, or run `sluice init`',
      },
    );
    return null;
  }
  const builder = new Builder(source, first as Document.Parsed, problems);
  const tree = builder.node(contents, null, 0);
  return builder.unusable ? null : tree;
}

/** Composes the documents; stops before the recursive part when the text nests too deeply. */
function compose(source: SourceText, problems: Problems): Document.Parsed[] | null {
  const parser = new Parser();
  const tokens = [];
  let offset = 0;
  for (const lexeme of new Lexer().lex(source.text)) {
    for (const token of parser.next(lexeme)) tokens.push(token);
    offset = parser.offset;
    // Each level of a mapping or list is one entry, and a document and a scalar stand around them.
    if (parser.stack.length > DEPTH_MAX + 3) {
      tooDeep({ source, start: offset, end: offset + 1 }, problems);
      return null;
    }
  }
  for (const token of parser.end()) tokens.push(token);
  const composer = new Composer({
    version: '1.2',
    schema: 'core',
    uniqueKeys: false,
    merge: false,
    prettyErrors: false,
  });
  return [...composer.compose(tokens, false, source.text.length)] as Document.Parsed[];
}

function tooDeep(at: Span, problems: Problems): void {
  problems.error(
    'too-deep',
    at,
    `nesting > ${DEPTH_MAX}: values stand in each other more than ${DEPTH_MAX} levels deep`,
  );
}

function documentStart(source: SourceText, offset: number): Span {
  const marker = source.text.lastIndexOf('---', offset + 3);
  return marker >= 0 ? { source, start: marker, end: marker + 3 } : { source, start: offset, end: offset };
}

function reportSyntax(source: SourceText, document: Document.Parsed, problems: Problems): boolean {
  for (const error of document.errors) {
    const [start, end] = error.pos;
    problems.error('yaml-syntax', { source, start, end }, syntaxMessage(error), syntaxAdvice(error));
  }
  const { version, explicit } = document.directives?.yaml ?? { version: '1.2' };
  if (explicit && version !== '1.2') {
    const start = Math.max(0, source.text.indexOf('%YAML'));
    problems.error(
      'yaml-syntax',
      { source, start, end: start + 9 },
      `pipelines are YAML 1.2, not ${version}`,
      { suggestion: 'remove the `%YAML` line' },
    );
    return true;
  }
  for (const warning of document.warnings) {
    const [start, end] = warning.pos;
    if (warning.code !== 'TAG_RESOLVE_FAILED') {
      problems.error('yaml-syntax', { source, start, end }, syntaxMessage(warning), syntaxAdvice(warning));
      continue;
    }
    const tag = source.text.slice(start, end);
    problems.error(
      'custom-tag',
      { source, start, end },
      `the tag ${shown(tag)} is not allowed: a pipeline is plain data`,
      {
        suggestion: 'remove the tag',
      },
    );
  }
  return document.errors.length > 0 || document.warnings.length > 0;
}

/** The library's words where they speak of its parser; all others are kept. */
const SYNTAX_SENTENCES: Readonly<Record<string, string>> = {
  TAB_AS_INDENT: 'a tab cannot indent in YAML',
  MULTILINE_IMPLICIT_KEY: 'a key and its `:` must stand in one line',
  BLOCK_AS_IMPLICIT_KEY: 'a second `: ` in one line cannot be read',
  UNEXPECTED_TOKEN: 'this was not expected here',
};

function syntaxMessage(error: YAMLError | YAMLWarning): string {
  const own = SYNTAX_SENTENCES[error.code];
  if (own !== undefined) return own;
  const sentence = error.message.split('\n')[0]!.replace(/[.:]$/, '');
  return sentence.charAt(0).toLowerCase() + sentence.slice(1);
}

function syntaxAdvice(error: YAMLError | YAMLWarning): { suggestion?: string } {
  if (error.code === 'TAB_AS_INDENT') return { suggestion: 'use spaces' };
  if (error.code === 'BLOCK_AS_IMPLICIT_KEY' || error.code === 'MULTILINE_IMPLICIT_KEY') {
    return { suggestion: 'put text that holds `: ` in quotes, or use a block: `run: |`' };
  }
  if (error.code === 'BAD_INDENT') return { suggestion: 'indent the keys of one mapping alike' };
  return {};
}

class Builder {
  readonly #source: SourceText;
  readonly #document: Document.Parsed;
  readonly #problems: Problems;
  readonly #anchors = new Map<string, ParsedNode>();
  readonly #open = new Set<ParsedNode>();
  #unfolded = 0;
  /** The tree was cut off, so nothing further can be said about it. */
  unusable = false;

  constructor(source: SourceText, document: Document.Parsed, problems: Problems) {
    this.#source = source;
    this.#document = document;
    this.#problems = problems;
  }

  node(parsed: ParsedNode | null, alias: Span | null, depth: number): Node {
    const source = this.#source;
    const [start, end] = parsed?.range ?? [0, 0];
    const located = { source, start, end: Math.min(end, source.text.length), alias };
    const empty: ScalarNode = { ...located, kind: 'scalar', value: null, plain: '', style: 'plain' };
    if (!parsed) return empty;
    if (depth > DEPTH_MAX) {
      tooDeep(located, this.#problems);
      this.unusable = true;
      return empty;
    }
    if (alias && ++this.#unfolded > UNFOLDED_MAX) {
      if (!this.unusable) {
        this.unusable = true;
        this.#problems.error(
          'alias-bomb',
          alias,
          `the aliases of this file unfold to more than ${UNFOLDED_MAX} values`,
        );
      }
      return empty;
    }
    if (isAlias(parsed)) return this.#alias(parsed.source, located, depth);
    if (isScalar(parsed)) return this.#scalar(parsed as ParsedNode & { value: unknown }, located);
    if ('anchor' in parsed && parsed.anchor && !alias) this.#anchors.set(parsed.anchor, parsed);
    this.#open.add(parsed);
    const result = isSeq(parsed)
      ? ({
          ...located,
          kind: 'list',
          items: parsed.items.map((item) => this.node(item as ParsedNode, alias, depth + 1)),
        } satisfies ListNode)
      : isMap(parsed)
        ? this.#map(parsed.items as { key: ParsedNode; value: ParsedNode | null }[], located, depth)
        : empty;
    this.#open.delete(parsed);
    return result;
  }

  #scalar(parsed: ParsedNode, located: Omit<ScalarNode, 'kind' | 'value' | 'plain' | 'style'>): ScalarNode {
    const scalar = parsed as unknown as { value: unknown; source?: string; type?: string; anchor?: string };
    if (scalar.anchor && !located.alias) this.#anchors.set(scalar.anchor, parsed);
    const value = scalar.value;
    const known =
      typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean' || value === null;
    const style = STYLE[scalar.type ?? 'PLAIN'] ?? 'plain';
    return {
      ...located,
      kind: 'scalar',
      value: known ? value : String(value),
      plain: style === 'plain' ? (scalar.source ?? '') : null,
      style,
    };
  }

  #alias(name: string, located: { start: number; end: number; alias: Span | null }, depth: number): Node {
    const span: Span = { source: this.#source, start: located.start, end: located.end };
    const target = this.#anchors.get(name);
    const empty: ScalarNode = {
      ...span,
      alias: null,
      kind: 'scalar',
      value: null,
      plain: '',
      style: 'broken',
    };
    if (!target) {
      this.#problems.error('unknown-alias', span, `there is no anchor \`&${name}\` before this alias`);
      return empty;
    }
    if (this.#open.has(target)) {
      this.#problems.error('alias-cycle', span, `the alias \`*${name}\` stands inside its own anchor`);
      return empty;
    }
    return this.node(target, located.alias ?? span, depth);
  }

  #map(
    items: readonly { key: ParsedNode; value: ParsedNode | null }[],
    located: Omit<MapNode, 'kind' | 'entries'>,
    depth: number,
  ): MapNode {
    const own = new Map<string, Entry>();
    const merged: Entry[] = [];
    for (const { key, value } of items) {
      const keySpan = this.#span(key);
      if (!isScalar(key) || (key as { anchor?: string }).anchor) {
        if (isScalar(key)) this.#anchors.set((key as { anchor?: string }).anchor!, key as ParsedNode);
        else {
          this.#problems.error('bad-key', keySpan, 'a key must be text');
          continue;
        }
      }
      const scalar = key as unknown as { value: unknown; source?: string; type?: string };
      const plain = scalar.type === 'PLAIN';
      const name = plain ? (scalar.source ?? '') : String(scalar.value);
      if (plain && name === '<<') {
        merged.push(...this.#merge(value, keySpan, depth));
        continue;
      }
      const before = own.get(name);
      if (before) {
        const line = (span: Span) => placeOf(span).start.line;
        this.#problems.error(
          'duplicate-key',
          keySpan,
          `the key ${shown(name)} stands twice: in line ${line(before.keySpan)} and in line ${line(keySpan)}`,
          {
            related: [{ message: 'it stands here first', at: before.keySpan }],
            suggestion: 'keep one of them',
          },
        );
        continue;
      }
      own.set(name, {
        key: name,
        keySpan,
        value: this.node(value ?? this.#missing(keySpan), located.alias, depth + 1),
      });
    }
    for (const entry of merged) if (!own.has(entry.key)) own.set(entry.key, entry);
    return { ...located, kind: 'map', entries: [...own.values()] };
  }

  /** A key without a value: stands where the key ends. */
  #missing(keySpan: Span): ParsedNode {
    const node = this.#document.createNode(null) as unknown as ParsedNode;
    node.range = [keySpan.start, keySpan.end, keySpan.end];
    return node;
  }

  /** The entries that `<<` brings in; of several maps the first one with a key wins. */
  #merge(value: ParsedNode | null, keySpan: Span, depth: number): Entry[] {
    const node = this.node(value, null, depth + 1);
    const maps = node.kind === 'list' ? node.items : [node];
    if (maps.some((map) => map.kind !== 'map')) {
      this.#problems.error(
        'bad-merge',
        keySpan,
        '`<<` must be followed by an alias of a mapping, or a list of those',
        {
          suggestion: 'write `<<: *name`, with `&name` at the mapping',
        },
      );
    }
    const entries = maps.flatMap((map) => (map.kind === 'map' ? map.entries : []));
    const first = new Map<string, Entry>();
    for (const entry of entries) if (!first.has(entry.key)) first.set(entry.key, entry);
    return [...first.values()];
  }

  #span(parsed: ParsedNode | null): Span {
    const [start, end] = parsed?.range ?? [0, 0];
    return { source: this.#source, start, end };
  }
}

const STYLE: Readonly<Record<string, ScalarNode['style']>> = {
  PLAIN: 'plain',
  QUOTE_SINGLE: 'single',
  QUOTE_DOUBLE: 'double',
  BLOCK_LITERAL: 'block',
  BLOCK_FOLDED: 'block',
};
