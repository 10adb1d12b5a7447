import { createReadStream } from 'node:fs';
import { digestOf } from '../../base/digest.ts';
import { Matcher } from '../../base/matcher.ts';
import { Masker } from './masker.ts';
import { secretVariants } from './variants.ts';

/** What must not be seen in the output of one job: compiled once, used by each of its steps. */
export interface Redaction {
  /** A new stream of output. It also hides what is hidden later. */
  masker(): Masker;
  /** True when the text holds a secret in any of its forms. */
  reveals(text: string): boolean;
  /** The same for the content of a file, read in pieces. */
  revealsFile(path: string): Promise<boolean>;
  /** The text with secrets replaced. */
  redact(text: string): string;
  /** From here on these are secrets too. Returns those that cannot be masked: shorter than three bytes, or too many. */
  hide(values: readonly string[]): readonly string[];
  /** Whether there is anything to mask. */
  readonly isEmpty: boolean;
}

const CHUNK_BYTES = 1024 * 1024;
const CACHE_SIZE_MAX = 64;
/** What the matcher asks for. */
const BYTES_MIN = 3;
/** What is longer is hidden in pieces. */
const PIECE_BYTES = 128;
/** Each one makes all of them be compiled anew. */
const HIDDEN_MAX = 256;
const compiled = new Map<string, Compiled>();

interface Compiled {
  readonly forms: readonly Uint8Array[];
  /** null: there is nothing to mask. */
  readonly matcher: Matcher | null;
}

/** `values`: the secrets of the job, none empty. Compiling 20 of them takes a few milliseconds, so equal sets share it. */
export function createRedaction(values: readonly string[]): Redaction {
  // By digest: the values themselves are not kept longer than the job that was granted them.
  const key = digestOf(JSON.stringify(values));
  let shared = compiled.get(key);
  if (!shared) {
    shared = compile(values.flatMap(secretVariants));
    if (compiled.size >= CACHE_SIZE_MAX) compiled.clear();
    compiled.set(key, shared);
  }
  return new JobRedaction(shared);
}

function compile(all: readonly Uint8Array[]): Compiled {
  const unique = new Map<string, Uint8Array>();
  for (const form of all) unique.set(Buffer.from(form).toString('latin1'), form);
  const forms = [...unique.values()];
  return { forms, matcher: forms.length === 0 ? null : new Matcher(forms) };
}

class JobRedaction implements Redaction {
  #compiled: Compiled;
  readonly #maskers: Masker[] = [];
  #hidden = 0;

  constructor(shared: Compiled) {
    this.#compiled = shared;
  }

  get isEmpty(): boolean {
    return this.#compiled.matcher === null;
  }

  masker(): Masker {
    const masker = new Masker(this.#compiled.matcher);
    this.#maskers.push(masker);
    return masker;
  }

  hide(values: readonly string[]): readonly string[] {
    const refused: string[] = [];
    const forms: Uint8Array[] = [];
    for (const value of values) {
      const found = this.#hidden < HIDDEN_MAX ? hiddenForms(value) : [];
      if (found.length === 0) refused.push(value);
      else this.#hidden++;
      forms.push(...found);
    }
    if (forms.length === 0) return refused;
    this.#compiled = compile([...this.#compiled.forms, ...forms]);
    for (const masker of this.#maskers) masker.lookFor(this.#compiled.matcher!);
    return refused;
  }

  reveals(text: string): boolean {
    let found = false;
    const bytes = Buffer.from(text);
    this.#compiled.matcher?.scan(bytes, bytes.length, () => {
      found = true;
    });
    return found;
  }

  async revealsFile(path: string): Promise<boolean> {
    const { matcher } = this.#compiled;
    if (!matcher) return false;
    let held = Buffer.alloc(0);
    let found = false;
    const note = () => {
      found = true;
    };
    for await (const chunk of createReadStream(path, { highWaterMark: CHUNK_BYTES })) {
      const bytes = held.length === 0 ? (chunk as Buffer) : Buffer.concat([held, chunk as Buffer]);
      // From here on the bytes may be the beginning of a secret that goes on in the next piece.
      const open = matcher.scan(bytes, bytes.length, note);
      if (found) return true;
      held = Buffer.from(bytes.subarray(open));
    }
    return false;
  }

  redact(text: string): string {
    const { matcher } = this.#compiled;
    if (!matcher) return text;
    const masker = new Masker(matcher);
    const pieces: Buffer[] = [];
    const collect = (bytes: Uint8Array) => void pieces.push(Buffer.from(bytes));
    masker.write(Buffer.from(text), collect);
    masker.flush(collect);
    return Buffer.concat(pieces).toString();
  }
}

/** A step may hide what it likes, however short; in other encodings only what hides no ordinary text. */
function hiddenForms(value: string): readonly Uint8Array[] {
  const parts = [value, ...value.split(/\r\n|\n|\r/)].map((part) => Buffer.from(part.trim()));
  const fit = parts.filter(({ length }) => length >= BYTES_MIN && length <= PIECE_BYTES);
  return [...secretVariants(value), ...fit];
}
