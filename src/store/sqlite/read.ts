import type { StoredEvent } from '../../journal/event.ts';
import { CHAIN_START, eventHash, storedEvent } from '../chain.ts';
import { elapsedMs } from '../machine-time.ts';
import type { Connection } from './connection.ts';
import { damage } from './fault.ts';
import { streamId } from './stream-id.ts';

/** After this long a read lets the loop have a turn. */
const SLICE_MAX_MS = 6;

/** How far a read has come: the last event's sequence and hash, and where it ends. */
export interface ReadProgress {
  sequence: number;
  hash: string | null;
  /** The head when the read began; what is appended meanwhile is left for the next read. */
  end: number | null;
  readonly events: StoredEvent[];
}

/**
 * Reads on, inside a snapshot, until `limit` events are read, the head is reached (true) or the time is up (false).
 * Each event must be the next one, verify against the one before it, and the last must be the one the table of heads
 * names. Throws `DamageError`.
 */
export function readSlice(
  connection: Connection,
  stream: string,
  limit: number,
  progress: ReadProgress,
): boolean {
  const id = streamId(stream);
  const head = connection.get('select name, sequence, hash from stream where id = ?', id);
  if (head === undefined) {
    const orphan = connection.get('select sequence from event where stream = ? limit 1', id);
    if (orphan === undefined) return true;
    throw damage(stream, null, `the head of ${stream} is missing in ${connection.file}`);
  }
  if (head.name !== stream)
    throw damage(stream, null, `the name of ${stream} is damaged in ${connection.file}`);
  const headSequence = head.sequence as number;
  progress.end ??= headSequence;
  if (progress.sequence > progress.end) return true;
  progress.hash ??= previousHash(connection, id, stream, progress.sequence);

  const startedAt = elapsedMs();
  const checkHead = () => {
    if (progress.sequence === headSequence && progress.hash !== head.hash) {
      throw damage(
        stream,
        headSequence,
        `event ${headSequence} of ${stream} is not the head that ${connection.file} names`,
      );
    }
  };
  checkHead();
  const rows = connection.iterate(
    'select sequence, hash, body from event where stream = ? and sequence > ? order by sequence',
    id,
    progress.sequence,
  );
  for (const row of rows) {
    if (progress.sequence >= headSequence) {
      throw damage(
        stream,
        headSequence + 1,
        `events after ${headSequence}, the head of ${stream}, are in ${connection.file}`,
      );
    }
    if (progress.sequence >= progress.end || progress.events.length >= limit) return true;
    progress.events.push(verified(connection.file, stream, progress, row));
    checkHead();
    if (elapsedMs() - startedAt > SLICE_MAX_MS) return false;
  }
  if (progress.sequence < headSequence) throw missing(connection.file, stream, progress.sequence + 1);
  return true;
}

function verified(
  file: string,
  stream: string,
  progress: ReadProgress,
  row: Readonly<Record<string, unknown>>,
): StoredEvent {
  const sequence = progress.sequence + 1;
  if (row.sequence !== sequence) throw missing(file, stream, sequence);
  const body = String(row.body);
  const hash = eventHash(progress.hash!, stream, sequence, body);
  if (hash !== row.hash) {
    throw damage(stream, sequence, `event ${sequence} of ${stream} in ${file} does not match its hash`);
  }
  progress.sequence = sequence;
  progress.hash = hash;
  return storedEvent(body, stream, sequence, hash);
}

function previousHash(connection: Connection, id: number, stream: string, sequence: number): string {
  if (sequence === 0) return CHAIN_START;
  const row = connection.get('select hash from event where stream = ? and sequence = ?', id, sequence);
  if (row === undefined) throw missing(connection.file, stream, sequence);
  return String(row.hash);
}

function missing(file: string, stream: string, sequence: number) {
  return damage(stream, sequence, `event ${sequence} of ${stream} is missing in ${file}`);
}
