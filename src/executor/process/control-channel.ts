import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';

import { userError } from '../../base/diagnostic.ts';

/** The records of supervisor.pl, which documents them. */
export interface ControlChannel {
  send(fields: readonly string[]): void;
  /** Asks the supervisor to end and waits until it has. */
  quit(): Promise<void>;
}

export interface ControlChannelOptions {
  /** The private folder for FIFOs and receipts. */
  readonly directory: string;
  /** Empty: the best that works. */
  readonly rung: string;
  /** Use nothing that only Linux has. */
  readonly portable: boolean;
  readonly onRecord: (fields: readonly string[]) => void;
  /** The supervisor ended without being asked to: what is known of it, or a `UserError` when there is no perl. */
  readonly onGone: (reason: Error) => void;
}

/** Starts the supervisor. It can be written to at once; its first record is `ready`. */
export function openControlChannel(options: ControlChannelOptions): ControlChannel {
  const script = fileURLToPath(new URL('./supervisor.pl', import.meta.url));
  // Detached: its own session, so that ^C in the terminal does not reach it. Nothing of our environment, because every
  // process of this user can read it there.
  const child = spawn('perl', [script, options.directory, options.rung], {
    detached: true,
    cwd: '/',
    env: { PATH: process.env.PATH ?? '', ...(options.portable ? { SLUICE_SUPERVISOR_PORTABLE: '1' } : {}) },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  const complaint = lastWords(child);
  const over = Promise.withResolvers<void>();
  let asked = false;
  child.on('error', () => {
    over.resolve();
    options.onGone(noPerl());
  });
  child.on('exit', (code, signal) => {
    over.resolve();
    if (!asked) options.onGone(new Error(complaint() || `it ended with ${signal ?? `exit code ${code}`}`));
  });
  // A write to a supervisor that is gone: `exit` tells it better.
  child.stdin.on('error', () => {});
  readRecords(child.stdout, options.onRecord);

  return {
    send: (fields) => child.stdin.write(encodeRecord(fields)),
    quit: () => {
      asked = true;
      child.stdin.write(encodeRecord(['quit']));
      return over.promise;
    },
  };
}

function noPerl() {
  return userError(
    'executor.no-perl',
    'Sluice starts steps through a small perl helper; perl was not found',
    'apt-get install perl-base',
    3,
  );
}

function encodeRecord(fields: readonly string[]): Buffer {
  const text = fields.join('\0');
  const length = Buffer.byteLength(text);
  const record = Buffer.allocUnsafe(4 + length);
  record.writeUInt32LE(length, 0);
  record.write(text, 4);
  return record;
}

function readRecords(stream: Readable, onRecord: (fields: readonly string[]) => void): void {
  let rest: Buffer | null = null;
  stream.on('data', (chunk: Buffer) => {
    const bytes = rest === null ? chunk : Buffer.concat([rest, chunk]);
    let at = 0;
    while (bytes.length - at >= 4) {
      const end = at + 4 + bytes.readUInt32LE(at);
      if (bytes.length < end) break;
      onRecord(bytes.toString('utf8', at + 4, end).split('\0'));
      at = end;
    }
    rest = at === bytes.length ? null : bytes.subarray(at);
  });
}

/** What the supervisor wrote to its standard error last; it does so only when it is about to die of a mistake of ours. */
function lastWords(child: ChildProcessWithoutNullStreams): () => string {
  let text = '';
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
    text = (text + chunk).slice(-1000);
  });
  return () => text.trim();
}
