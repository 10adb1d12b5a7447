import { createReadStream } from 'node:fs';
import { digestOf } from '../../base/digest.ts';
import { Matcher } from '../../base/matcher.ts';
import { Masker } from './masker.ts';
import { secretVariants } from './variants.ts';

/** What must not be seen in the output of one job: compiled once, used by each of its steps. */
export interface Redaction {
  /** A new stream of output. */
  masker(): Masker;
  /** True when the text holds a secret in any of its forms. */
  reveals(text: string): boolean;
  /** The same for the content of a file, read in pieces. */
  revealsFile(path: string): Promise<boolean>;
  /** The text with secrets replaced. */
  redact(text: string): string;
}

const CHUNK_BYTES = 1024 * 1024;
const CACHE_SIZE_MAX = 64;
const compiled = new Map<string, Redaction>();

/** `values`: the secrets of the job, none empty. Compiling 20 of them takes a few milliseconds, so equal sets share it. */
export function createRedaction(values: readonly string[]): Redaction {
  // By digest: the values themselves are not kept longer than the job that was granted them.
  const key = digestOf(JSON.stringify(values));
  let redaction = compiled.get(key);
  if (!redaction) {
    redaction = compile(values);
    if (compiled.size >= CACHE_SIZE_MAX) compiled.clear();
    compiled.set(key, redaction);
  }
  return redaction;
}

function compile(values: readonly string[]): Redaction {
  const unique = new Map<string, Uint8Array>();
  for (const value of values) {
    for (const form of secretVariants(value)) unique.set(Buffer.from(form).toString('latin1'), form);
  }
  const patterns = [...unique.values()];
  if (patterns.length === 0) {
    return {
      masker: () => new Masker(null),
      reveals: () => false,
      revealsFile: async () => false,
      redact: (text) => text,
    };
  }
  const matcher = new Matcher(patterns);
  return {
    masker: () => new Masker(matcher),
    reveals(text) {
      let found = false;
      const bytes = Buffer.from(text);
      matcher.scan(bytes, bytes.length, () => {
        found = true;
      });
      return found;
    },
    async revealsFile(path) {
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
    },
    redact(text) {
      const masker = new Masker(matcher);
      const pieces: Buffer[] = [];
      const collect = (bytes: Uint8Array) => void pieces.push(Buffer.from(bytes));
      masker.write(Buffer.from(text), collect);
      masker.flush(collect);
      return Buffer.concat(pieces).toString();
    },
  };
}
