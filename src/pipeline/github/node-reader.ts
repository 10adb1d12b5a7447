import type { ObjectReader } from '@actions/workflow-parser/templates/object-reader';
import {
  BooleanToken,
  type LiteralToken,
  MappingToken,
  NullToken,
  NumberToken,
  SequenceToken,
  StringToken,
  type TemplateToken,
} from '@actions/workflow-parser/templates/tokens/index';
import type { Entry, Node, ScalarNode } from '../native/node.ts';

/** What a token of GitHub's parser was made from: a value, or the key of an entry. */
export type TokenOrigin = Node | Entry;

type Event =
  | { readonly kind: 'literal'; readonly token: LiteralToken }
  | { readonly kind: 'list'; readonly token: SequenceToken }
  | { readonly kind: 'map'; readonly token: MappingToken }
  | { readonly kind: 'list-end' | 'map-end' };

/**
 * Gives our tree to GitHub's parser, instead of its own YAML reader: that one has no limit on what aliases unfold to, and does
 * not place text that is folded or stands in several lines.
 *
 * The line in a token's range is no line but the number of its origin, which also survives the tokens that the parser makes
 * of it; the column is an offset in its text. So every complaint leads back to a character of the file.
 */
export class NodeReader implements ObjectReader {
  readonly #events: Event[] = [];
  readonly #origins: TokenOrigin[] = [];
  #next = 0;

  constructor(tree: Node) {
    this.#add(tree);
  }

  /** Where a token comes from; null for one without a range. */
  origin(token: Pick<TemplateToken, 'range'>): TokenOrigin | null {
    return this.#origins[token.range?.start.line ?? -1] ?? null;
  }

  /** Where the parser stands. */
  get lastRead(): TokenOrigin | null {
    const event = this.#events[this.#next - 1];
    return event && 'token' in event ? this.origin(event.token) : null;
  }

  allowLiteral(): LiteralToken | undefined {
    const event = this.#events[this.#next];
    if (event?.kind !== 'literal') return undefined;
    this.#next++;
    return event.token;
  }

  allowSequenceStart(): SequenceToken | undefined {
    const event = this.#events[this.#next];
    if (event?.kind !== 'list') return undefined;
    this.#next++;
    return event.token;
  }

  allowSequenceEnd(): boolean {
    return this.#end('list-end');
  }

  allowMappingStart(): MappingToken | undefined {
    const event = this.#events[this.#next];
    if (event?.kind !== 'map') return undefined;
    this.#next++;
    return event.token;
  }

  allowMappingEnd(): boolean {
    return this.#end('map-end');
  }

  validateStart(): void {}

  validateEnd(): void {}

  #end(kind: 'list-end' | 'map-end'): boolean {
    if (this.#events[this.#next]?.kind !== kind) return false;
    this.#next++;
    return true;
  }

  /** The depth of a tree is limited where it is read. */
  #add(node: Node): void {
    const range = this.#range(node);
    switch (node.kind) {
      case 'scalar':
        this.#events.push({ kind: 'literal', token: literal(node, range) });
        break;
      case 'list':
        this.#events.push({ kind: 'list', token: new SequenceToken(undefined, range, undefined) });
        for (const item of node.items) this.#add(item);
        this.#events.push({ kind: 'list-end' });
        break;
      case 'map':
        this.#events.push({ kind: 'map', token: new MappingToken(undefined, range, undefined) });
        for (const entry of node.entries) {
          const token = new StringToken(undefined, this.#range(entry), entry.key, undefined);
          this.#events.push({ kind: 'literal', token });
          this.#add(entry.value);
        }
        this.#events.push({ kind: 'map-end' });
        break;
    }
  }

  #range(origin: TokenOrigin) {
    const position = { line: this.#origins.push(origin) - 1, column: 0 };
    return { start: position, end: position };
  }
}

type Range = TemplateToken['range'];

function literal({ value }: ScalarNode, range: Range): LiteralToken {
  if (value === null) return new NullToken(undefined, range, undefined);
  if (typeof value === 'number') return new NumberToken(undefined, range, value, undefined);
  if (typeof value === 'boolean') return new BooleanToken(undefined, range, value, undefined);
  return new StringToken(undefined, range, value, undefined);
}
