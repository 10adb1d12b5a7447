import { once } from 'node:events';
import type { Worker } from 'node:worker_threads';
import { elapsedMs } from '../machine-time.ts';
import type { Connection } from './connection.ts';

/** Pages of 4 KiB in the write-ahead file from which they are carried over to the database, here and by the thread. */
const PAGES_CARRY_HERE = 128;
const PAGES_CARRY = 2000;
/** Between two carries here. Whoever writes `PAGES_CARRY` in that time needs the thread. */
const PAUSE_MS = 250;
/** A carry here that takes longer is slow; after so many in a row the thread does it: the disk is one that takes long. */
const SLOW_MS = 15;
const SLOW_MAX = 10;
/** Pages at which writers wait until they are carried over: 64 MiB. The file begins anew only when nothing is left in it. */
const PAGES_MAX = 16_384;

/** Runs in the worker; plain text, so that a bundle needs no second file. */
const PROGRAM = `
  const { parentPort, workerData } = require('node:worker_threads');
  const { DatabaseSync } = require('node:sqlite');
  const database = new DatabaseSync(workerData, { timeout: 1000 });
  database.exec('pragma synchronous = full; pragma wal_autocheckpoint = 0');
  const carry = database.prepare('pragma wal_checkpoint(passive)');
  parentPort.on('message', (message) => {
    if (message === 'carry') {
      try { carry.get(); } catch { /* busy or full: the next one tries again */ }
      parentPort.postMessage('carried');
    } else {
      database.close();
      parentPort.close();
    }
  });
`;

/**
 * Carries the write-ahead file's pages over to the database. Writers that take their time write the same few pages again
 * and again, so that a carry is 0.3 ms of work: that is done here, between commits. A thousand different pages took 25 to
 * 50 ms of the event loop within a commit, where SQLite would do it: that is for a thread of its own. The thread costs
 * 19 MiB and starts when it is first needed, which is when events pour in; a run of 10,000 jobs does without.
 */
export class WriteAhead {
  readonly #connection: Connection;
  #worker: Worker | null = null;
  #carrying: Promise<void> | null = null;
  #carriedHereAtMs = Number.NEGATIVE_INFINITY;
  #slow = 0;

  constructor(connection: Connection) {
    this.#connection = connection;
    connection.exec('pragma wal_autocheckpoint = 0');
  }

  /** After a commit. Whether it carried pages over here, which took some milliseconds. */
  look(): boolean {
    if (this.#carrying !== null) return false;
    const pages = this.#pages();
    if (pages >= PAGES_CARRY) this.#carrying = this.#carry();
    else if (pages >= PAGES_CARRY_HERE && this.#slow < SLOW_MAX) return this.#carryHere();
    return false;
  }

  /** Before a transaction: waits while the file is too long. */
  async room(): Promise<void> {
    if (this.#carrying !== null && this.#pages() >= PAGES_MAX) await this.#carrying;
  }

  async end(): Promise<void> {
    await this.#carrying;
    if (this.#worker === null) return;
    const exit = once(this.#worker, 'exit');
    this.#worker.ref();
    this.#worker.postMessage('end');
    await exit;
  }

  /** Pages that are not carried over yet. */
  #pages(): number {
    const { log, checkpointed } = this.#connection.get('pragma wal_checkpoint(noop)')!;
    return Number(log) - Number(checkpointed);
  }

  #carryHere(): boolean {
    const startedAtMs = elapsedMs();
    if (startedAtMs - this.#carriedHereAtMs < PAUSE_MS) return false;
    try {
      this.#connection.statement('pragma wal_checkpoint(passive)').get();
    } catch {
      // Busy or full: the next one tries again.
    }
    this.#carriedHereAtMs = elapsedMs();
    this.#slow = this.#carriedHereAtMs - startedAtMs > SLOW_MS ? this.#slow + 1 : 0;
    return true;
  }

  async #carry(): Promise<void> {
    try {
      const { Worker } = await import('node:worker_threads');
      this.#worker ??= new Worker(PROGRAM, {
        eval: true,
        workerData: this.#connection.file,
        // It holds next to nothing; what a thread may grow to by default is 30 MiB.
        resourceLimits: { maxYoungGenerationSizeMb: 1, maxOldGenerationSizeMb: 16 },
      });
      this.#worker.unref();
      this.#worker.postMessage('carry');
      await once(this.#worker, 'message');
    } catch {
      // No thread to be had, or it could not open the file: then within the commits.
      this.#worker = null;
      this.#connection.exec(`pragma wal_autocheckpoint = ${PAGES_CARRY}`);
    } finally {
      this.#carrying = null;
    }
  }
}
