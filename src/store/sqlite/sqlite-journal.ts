import { setImmediate as nextTurn } from 'node:timers/promises';
import type { NewEvent, StoredEvent } from '../../journal/event.ts';
import { checkStreamName } from '../chain.ts';
import type { Damage, Fence, Journal } from '../contract.ts';
import { appendWrite } from './append.ts';
import { checkMark } from './check-mark.ts';
import { checkpointWrite } from './checkpoint.ts';
import type { Connection } from './connection.ts';
import { damage } from './fault.ts';
import { type Heads, readHead } from './heads.ts';
import { readMark } from './mark.ts';
import { type ReadProgress, readSlice } from './read.ts';
import { streamId } from './stream-id.ts';
import type { Watchers } from './watch.ts';
import type { Writer } from './writer.ts';

/** The journal in the store. */
export class SqliteJournal implements Journal {
  readonly #connection: Connection;
  readonly #heads: Heads;
  readonly #writer: Writer;
  readonly #watchers: Watchers;
  readonly #markPath: string;

  constructor(connection: Connection, heads: Heads, writer: Writer, watchers: Watchers, markPath: string) {
    this.#connection = connection;
    this.#heads = heads;
    this.#writer = writer;
    this.#watchers = watchers;
    this.#markPath = markPath;
  }

  async append(stream: string, expectedSequence: number, events: readonly NewEvent[], fence?: Fence) {
    const write = appendWrite(this.#connection, this.#heads, stream, expectedSequence, events, fence);
    return this.#writer.write(write, events.length);
  }

  async read(
    stream: string,
    afterSequence = 0,
    limit = Number.MAX_SAFE_INTEGER,
  ): Promise<readonly StoredEvent[]> {
    checkStreamName(stream);
    const progress: ReadProgress = { sequence: afterSequence, hash: null, end: null, events: [] };
    while (!(await this.#writer.read(() => readSlice(this.#connection, stream, limit, progress))))
      await nextTurn();
    return progress.events;
  }

  async head(stream: string): Promise<number> {
    checkStreamName(stream);
    return this.#writer.read(() => readHead(this.#connection, stream).sequence);
  }

  streams(prefix: string, limit = 1000): Promise<readonly string[]> {
    // U+10FFFF is the last character there is, and names are compared as bytes of UTF-8.
    const sql = 'select id, name from stream where name >= ? and name < ? order by name desc limit ?';
    return this.#writer.read(() =>
      this.#connection.all(sql, prefix, `${prefix}\u{10ffff}`, limit).map(({ id, name }) => {
        if (streamId(String(name)) !== id) {
          throw damage(
            String(name),
            null,
            `the list of streams in ${this.#connection.file} is damaged at ${name}`,
          );
        }
        return String(name);
      }),
    );
  }

  watch(stream: string, onChange: () => void): () => void {
    return this.#watchers.add(stream, onChange);
  }

  checkpoint(): Promise<void> {
    return this.#writer.write(checkpointWrite(this.#connection, this.#heads, this.#writer));
  }

  async verify(): Promise<readonly Damage[]> {
    // Loaded when they are needed: a run never verifies, and has 100 ms for all of its start.
    const { integrityCheck } = await import('./integrity-check.ts');
    const { findingsOf, verifyChains } = await import('./verify.ts');
    const { file } = this.#connection;
    const found: Damage[] = [...(await integrityCheck(file))];
    const read = <T>(look: () => T) => this.#writer.read(look);
    try {
      const mark = readMark(this.#markPath);
      await read(() => checkMark(this.#connection, mark, this.#markPath));
    } catch (error) {
      found.push(...findingsOf(error, file));
    }
    try {
      for await (const one of verifyChains(this.#connection, read)) found.push(one);
    } catch (error) {
      found.push(...findingsOf(error, file));
    }
    return found;
  }
}
