import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';

/** How often the limits of a job were met. */
export interface MetLimits {
  readonly memory: number;
  readonly processes: number;
}

/** What the shell inside of the container wrote about a step. The job can write there too, so it is only about itself. */
export interface InnerReceipt {
  readonly failed: 'directory' | 'program' | null;
  /** `pid`: the shell's number in the container. */
  readonly began: (MetLimits & { readonly pid: number }) | null;
  readonly ended: (MetLimits & { readonly code: number }) | null;
}

const BYTES_MAX = 65_536;
const NOTHING: InnerReceipt = { failed: null, began: null, ended: null };

/** Reads a step's receipt as far as it is written. */
export function readInnerReceipt(file: string): InnerReceipt {
  const text = readInnerFile(file);
  if (text === null) return NOTHING;
  const failed = /^failed (directory|program)\n/m.exec(text)?.[1] ?? null;
  const began = numbers(/^began (\d+) (\d+) (\d+)\n/m.exec(text));
  const ended = numbers(/^ended (\d+) (\d+) (\d+)\n/m.exec(text));
  return {
    failed: failed as InnerReceipt['failed'],
    began: began && { pid: began[0]!, memory: began[1]!, processes: began[2]! },
    ended: ended && { code: ended[0]!, memory: ended[1]!, processes: ended[2]! },
  };
}

/** The beginning of a file that a job can put anything in place of: neither a link nor a pipe leads us astray. null: no file. */
export function readInnerFile(file: string): string | null {
  let handle: number;
  try {
    handle = openSync(file, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch {
    return null;
  }
  try {
    if (!fstatSync(handle).isFile()) return null;
    const bytes = Buffer.alloc(BYTES_MAX);
    return bytes.toString('utf8', 0, readSync(handle, bytes, 0, BYTES_MAX, 0));
  } finally {
    closeSync(handle);
  }
}

function numbers(found: RegExpExecArray | null): readonly number[] | null {
  return found?.slice(1).map(Number) ?? null;
}
