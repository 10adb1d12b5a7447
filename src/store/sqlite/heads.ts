import { CHAIN_START, eventHash } from '../chain.ts';
import type { Connection } from './connection.ts';
import { damage } from './fault.ts';
import type { StoreState } from './state.ts';
import { streamId } from './stream-id.ts';

export interface Head {
  readonly id: number;
  readonly sequence: number;
  readonly hash: string;
  /** Already noted as moved since the last checkpoint. */
  readonly changed: boolean;
}

/** More streams than one process writes to at a time; beyond it the cache begins anew. */
const CACHED_MAX = 10_000;

/**
 * Reads a stream's head and makes sure that its last event is the one the table of heads names, that it verifies, and
 * that nothing follows it. Sequence 0 for an unknown stream. Throws `DamageError`.
 */
export function readHead(connection: Connection, stream: string): Head {
  const id = streamId(stream);
  const row = connection.get('select name, sequence, hash, changed from stream where id = ?', id);
  const [last, before] = connection.all(
    'select sequence, hash, body from event where stream = ? order by sequence desc limit 2',
    id,
  );
  if (row === undefined && last === undefined) return { id, sequence: 0, hash: CHAIN_START, changed: true };
  const sequence = (row?.sequence ?? 0) as number;
  const previous = sequence === 1 ? CHAIN_START : before?.hash;
  if (
    row === undefined ||
    last === undefined ||
    row.name !== stream ||
    row.hash !== last.hash ||
    sequence !== last.sequence ||
    last.hash !== eventHash(String(previous), stream, sequence, String(last.body))
  ) {
    throw damage(
      stream,
      sequence,
      `the end of ${stream} (event ${sequence}) in ${connection.file} does not verify`,
    );
  }
  return { id, sequence, hash: String(row.hash), changed: row.changed === 1 };
}

/** The heads as the transaction in progress sees them. Kept between transactions while nobody else has written. */
export class Heads {
  readonly #connection: Connection;
  readonly #heads = new Map<string, Head>();
  readonly #moved = new Set<string>();
  #changed: string[] = [];
  #events = 0;
  #lastStream: string | null = null;
  #dataVersion = Number.NaN;

  constructor(connection: Connection) {
    this.#connection = connection;
  }

  /** At the beginning of a transaction: forgets what another connection may have changed. Returns whether it did. */
  refresh(): boolean {
    const version = this.#connection.dataVersion();
    const stale = version !== this.#dataVersion;
    this.#dataVersion = version;
    if (stale || this.#heads.size > CACHED_MAX) this.#heads.clear();
    return stale;
  }

  of(stream: string): Head {
    let head = this.#heads.get(stream);
    if (head === undefined) {
      head = readHead(this.#connection, stream);
      this.#heads.set(stream, head);
    }
    return head;
  }

  move(stream: string, head: Head): void {
    this.#events += head.sequence - this.of(stream).sequence;
    this.#lastStream = stream;
    this.#heads.set(stream, head);
    this.#moved.add(stream);
  }

  /** Writes the heads that moved to their table. */
  write(): void {
    const move = this.#connection.statement('update stream set sequence = ?, hash = ? where id = ?');
    // Apart from the move, because setting a column of an index costs twice as much even when its value stays.
    const note = this.#connection.statement('update stream set changed = 1 where id = ?');
    for (const stream of this.#moved) {
      const head = this.#heads.get(stream)!;
      move.run(head.sequence, head.hash, head.id);
      this.#changed.push(stream);
      if (head.changed) continue;
      note.run(head.id);
      this.#heads.set(stream, { ...head, changed: true });
    }
    this.#moved.clear();
  }

  /** Before the commit: how many events the transaction appended, and the last of them. */
  get appended(): {
    events: number;
    last: Pick<StoreState, 'lastStream' | 'lastSequence' | 'lastHash'> | null;
  } {
    const last = this.#lastStream === null ? null : this.#heads.get(this.#lastStream)!;
    return {
      events: this.#events,
      last: last === null ? null : { lastStream: last.id, lastSequence: last.sequence, lastHash: last.hash },
    };
  }

  /** After the commit: the streams that it changed. */
  committed(): readonly string[] {
    const changed = this.#changed;
    this.#reset();
    return changed;
  }

  /** All heads that have moved are covered by a checkpoint. */
  covered(): void {
    for (const [stream, head] of this.#heads) this.#heads.set(stream, { ...head, changed: false });
  }

  /** After a transaction that was undone. */
  forget(): void {
    this.#heads.clear();
    this.#reset();
  }

  #reset(): void {
    this.#moved.clear();
    this.#changed = [];
    this.#events = 0;
    this.#lastStream = null;
  }
}
