import type { NewEvent } from '../../journal/event.ts';
import { checkStreamName, eventHash, eventText } from '../chain.ts';
import { ConflictError, type Fence } from '../contract.ts';
import type { Connection } from './connection.ts';
import type { Head, Heads } from './heads.ts';
import { checkFence } from './leases.ts';
import { MORE } from './writer.ts';

/** How many events are hashed and inserted before the loop gets a turn: some 6 ms. */
const SLICE = 1000;

/**
 * One append as a write for `Writer`: checks the fence and the head, then inserts slice after slice. The events' text is
 * made here, at the call, so that a later change of the caller's object cannot reach the journal.
 */
export function appendWrite(
  connection: Connection,
  heads: Heads,
  stream: string,
  expectedSequence: number,
  events: readonly NewEvent[],
  fence: Fence | undefined,
): (isFirst: boolean) => { readonly sequence: number } | typeof MORE {
  checkStreamName(stream);
  const texts = events.map(eventText);
  let written = 0;
  return (isFirst) => {
    let head = heads.of(stream);
    if (isFirst) {
      written = 0;
      if (fence !== undefined) checkFence(connection, fence);
      if (head.sequence !== expectedSequence)
        throw new ConflictError(stream, expectedSequence, head.sequence);
      if (texts.length === 0) return { sequence: head.sequence };
      if (head.sequence === 0)
        connection.run('insert into stream values (?, ?, 0, ?, 1)', head.id, stream, head.hash);
    }
    head = insert(connection, stream, head, texts, written, Math.min(written + SLICE, texts.length));
    heads.move(stream, head);
    written = Math.min(written + SLICE, texts.length);
    return written < texts.length ? MORE : { sequence: head.sequence };
  };
}

function insert(
  connection: Connection,
  stream: string,
  head: Head,
  texts: readonly string[],
  from: number,
  to: number,
): Head {
  const statement = connection.statement('insert into event values (?, ?, ?, ?)');
  let { sequence, hash } = head;
  for (let i = from; i < to; i++) {
    const text = texts[i]!;
    sequence += 1;
    hash = eventHash(hash, stream, sequence, text);
    statement.run(head.id, sequence, hash, text);
  }
  return { ...head, sequence, hash };
}
