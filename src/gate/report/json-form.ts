import type { FactSink } from '../facts/facts.ts';
import { type Figures, ReportError, type ReportReader } from './contract.ts';
import { type JsonHandler, type JsonPath, JsonReader, pointerOf } from './json-reader.ts';
import { Doubts, isRecord, type JsonRecord } from './value.ts';

/** What is special about a JSON format whose content is lists of objects. Made anew for each report. */
export interface JsonForm {
  /** For messages: `a report of Grype`. */
  readonly what: string;
  /** Keys of the outermost object, of which one must be there; null when the outermost value is a list. */
  readonly needs: readonly string[] | null;
  /**
   * Who takes the objects of a list, by its path: `matches/*`, `site/*\/alerts/*`, `*` for an outermost list. The objects come
   * one by one in the order of the report.
   */
  readonly lists: Readonly<Record<string, (entry: JsonRecord, path: JsonPath) => void>>;
  /** Who takes another value, by its path: `version`, `site/*\/@name`. */
  readonly values?: Readonly<Record<string, (value: unknown, path: JsonPath) => void>>;
  /** Paths whose values are not even read. */
  readonly skip?: readonly string[];
  /** Several objects one after the other; `lists` then has `*`. */
  readonly isSequence?: boolean;
  /** The report is complete. May throw `ReportError`. */
  figures(): Figures;
}

/**
 * A reader of such a format. What is not of the form is a `ReportError` with its JSON pointer; null in place of a list, which Go
 * writes for one without entries, is an empty list.
 */
export function openJsonForm(sink: FactSink, formOf: (doubts: Doubts) => JsonForm): ReportReader {
  const doubts = new Doubts(sink);
  return new FormReader(formOf(doubts), doubts);
}

interface Pattern {
  readonly path: JsonPath;
  readonly isList: boolean;
  take(value: unknown, path: JsonPath): void;
}

class FormReader implements ReportReader, JsonHandler {
  readonly split: JsonPath[];
  readonly skip: JsonPath[];
  readonly isSequence: boolean;
  readonly #form: JsonForm;
  readonly #doubts: Doubts;
  readonly #json: JsonReader;
  /** By the length of their paths. */
  readonly #patterns: Pattern[][] = [];
  /** Paths of the lists and of what they are in. */
  readonly #containers: { readonly path: JsonPath; readonly isArray: boolean }[] = [];
  readonly #keys = new Set<unknown>();

  constructor(form: JsonForm, doubts: Doubts) {
    this.#form = form;
    this.#doubts = doubts;
    this.isSequence = form.isSequence ?? false;
    for (const [text, take] of Object.entries(form.lists)) {
      this.#add({
        path: text.split('/'),
        isList: true,
        take: (value, path) => take(value as JsonRecord, path),
      });
    }
    for (const [text, take] of Object.entries(form.values ?? {})) {
      this.#add({ path: text.split('/'), isList: false, take });
    }
    const begin = this.isSequence ? 1 : 0;
    for (const path of this.#patterns.flat().map((pattern) => pattern.path)) {
      for (let length = begin; length < path.length; length++) {
        this.#containers.push({ path: path.slice(0, length), isArray: path[length] === '*' });
      }
    }
    this.split = this.#containers.map(({ path }) => path).filter(({ length }) => length > begin);
    this.skip = (form.skip ?? []).map((text) => text.split('/'));
    this.#json = new JsonReader(this);
  }

  write(chunk: Uint8Array): void {
    this.#json.write(chunk);
  }

  end(): Figures {
    this.#json.end();
    const { needs } = this.#form;
    if (needs && !this.isSequence && !needs.some((key) => this.#keys.has(key))) {
      throw notOfForm(this.#form.what, `it has no ${needs.join(' and no ')}`);
    }
    const figures = this.#form.figures();
    this.#doubts.end();
    return { parse: 'ok', ...figures };
  }

  enter(path: JsonPath, kind: 'object' | 'array'): void {
    if (path.length === 1) this.#keys.add(path[0]);
    const known = this.#containers.find((container) => matches(container.path, path));
    if (known && known.isArray !== (kind === 'array')) throw this.#notContainer(path, known.isArray);
  }

  value(path: JsonPath, value: unknown): void {
    if (path.length === 1) this.#keys.add(path[0]);
    for (const pattern of this.#patterns[path.length] ?? []) {
      if (!matches(pattern.path, path)) continue;
      if (pattern.isList && !isRecord(value)) throw this.#notContainer(path, false);
      pattern.take(value, path);
      return;
    }
    const container = this.#containers.find((one) => matches(one.path, path));
    const isEmptyList = value === null && path.length > 0 && container?.isArray;
    if (container && !isEmptyList) throw this.#notContainer(path, container.isArray);
  }

  #add(pattern: Pattern): void {
    this.#patterns[pattern.path.length] ??= [];
    this.#patterns[pattern.path.length]!.push(pattern);
  }

  #notContainer(path: JsonPath, isArray: boolean): ReportError {
    const name = path.length === 0 ? 'it' : pointerOf(path);
    return notOfForm(this.#form.what, `${name} is no ${isArray ? 'list' : 'object'}`, path);
  }
}

function matches(pattern: JsonPath, path: JsonPath): boolean {
  if (pattern.length !== path.length) return false;
  for (let i = 0; i < path.length; i++) {
    // Only an index stands for `*`: an object in place of a list is another path.
    if (pattern[i] !== path[i] && !(pattern[i] === '*' && typeof path[i] === 'number')) return false;
  }
  return true;
}

/** The error for a file that is not `what` it should be. */
export function notOfForm(what: string, cause: string, path: JsonPath = []): ReportError {
  return new ReportError('report-not-this-kind', `it is not ${what}: ${cause}`, { pointer: pointerOf(path) });
}
