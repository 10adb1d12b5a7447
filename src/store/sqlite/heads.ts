import { CHAIN_START, eventHash } from '../chain.ts';
import type { Connection } from './connection.ts';
import { damage } from './fault.ts';
import type { StoreState } from './state.ts';
import { streamId } from './stream-id.ts';

export interface Head {
  readonly id: number;
  readonly sequence: number;
  readonly hash: string;
}

/** More streams than one process writes to at a time; beyond it the cache begins anew. */
const CACHED_MAX = 10_000;

/**
 * Reads a stream's head and makes sure that its last event is the one the table of heads names, that it verifies, and
 * that nothing follows it. Sequence 0 for an unknown stream. Throws `DamageError`.
 */
export function readHead(connection: Connection, stream: string): Head {
  const id = streamId(stream);
  const row = connection.get('select name, sequence, hash from stream where id = ?', id);
  const [last, before] = connection.all(
    'select sequence, hash, body from event where stream = ? order by sequence desc limit 2',
    id,
  );
  if (row === undefined && last === undefined) return { id, sequence: 0, hash: CHAIN_START };
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
  return { id, sequence, hash: String(row.hash) };
}

/** The heads as the transaction in progress sees them. Kept between transactions while nobody else has written. */
export class Heads {
  readonly #connection: Connection;
  readonly #heads = new Map<string, Head>();
  readonly #moved = new Set<string>();
  #changed: readonly string[] = [];
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

  /** Before the commit: writes the heads that moved. Returns how many events that were and which is the last. */
  write(): { events: number; event: Pick<StoreState, 'lastStream' | 'lastSequence' | 'lastHash'> | null } {
    const update = this.#connection.statement(
      'update stream set sequence = ?, hash = ?, changed = 1 where id = ?',
    );
    for (const stream of this.#moved) {
      const head = this.#heads.get(stream)!;
      update.run(head.sequence, head.hash, head.id);
    }
    const last = this.#lastStream === null ? null : this.#heads.get(this.#lastStream)!;
    const events = this.#events;
    this.#changed = [...this.#moved];
    this.#reset();
    return {
      events,
      event: last === null ? null : { lastStream: last.id, lastSequence: last.sequence, lastHash: last.hash },
    };
  }

  /** The streams of the last commit, once. */
  takeChanged(): readonly string[] {
    const changed = this.#changed;
    this.#changed = [];
    return changed;
  }

  /** After a transaction that was undone. */
  forget(): void {
    this.#heads.clear();
    this.#changed = [];
    this.#reset();
  }

  #reset(): void {
    this.#moved.clear();
    this.#events = 0;
    this.#lastStream = null;
  }
}
