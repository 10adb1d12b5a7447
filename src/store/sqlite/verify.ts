import { CHAIN_START, checkpointHash, eventHash } from '../chain.ts';
import { type Damage, DamageError } from '../contract.ts';
import type { CheckpointHead } from './checkpoint.ts';
import type { Connection } from './connection.ts';
import { damage, explained } from './fault.ts';
import { sealOf } from './seal.ts';
import { readState } from './state.ts';
import { streamId } from './stream-id.ts';

/** Rows checked between two turns of the loop. */
const SLICE_ROWS = 500;

/** Tables whose last column seals the others, in their order. */
const SEALED_TABLES = ['lease', 'timer', 'task'] as const;

/** Looks at a snapshot of the database. */
type Read = <T>(look: () => T) => Promise<T>;

/**
 * Checks everything that is stored, in pieces that let the loop have its turns, and reports every finding: chains,
 * heads, counts and checkpoints. `read` gives a snapshot; appends may go on meanwhile.
 */
export async function* verifyChains(connection: Connection, read: Read): AsyncGenerator<Damage> {
  const { file } = connection;
  const before = await read(() => readState(connection));
  let events = 0;
  let afterId = -1;
  for (;;) {
    const stream = await read(() => nextStream(connection, afterId));
    if (stream === null) break;
    checkOrder(stream.id > afterId, 'stream', connection);
    afterId = stream.id;
    for await (const found of verifyStream(connection, read, stream)) {
      if (typeof found === 'number') events += found;
      else yield found;
    }
  }
  if (events < before.events) {
    yield finding(null, null, `${before.events} events were written to ${file}, only ${events} are there`);
  }
  yield* verifyCheckpoints(connection, read);
  for (const table of SEALED_TABLES) yield* verifySeals(connection, read, table);
}

interface StreamRow {
  readonly id: number;
  /** null when there are events but no head. */
  readonly name: string | null;
  readonly sequence: number;
  readonly hash: string;
}

/** What a damaged index gives may lead back, and following it would never end. */
function checkOrder(isOrdered: boolean, table: string, { file }: Connection): void {
  if (!isOrdered) throw damage(null, null, `the rows of table ${table} in ${file} are out of order`);
}

/** The next stream by id, from the table of heads or from the events themselves. */
function nextStream(connection: Connection, afterId: number): StreamRow | null {
  const head = connection.get('select * from stream where id > ? order by id limit 1', afterId);
  const event = connection.get('select stream from event where stream > ? order by stream limit 1', afterId);
  if (head === undefined && event === undefined) return null;
  const headId = Number(head?.id ?? Infinity);
  const eventId = Number(event?.stream ?? Infinity);
  if (head === undefined || eventId < headId)
    return { id: eventId, name: null, sequence: 0, hash: CHAIN_START };
  return { id: headId, name: String(head.name), sequence: Number(head.sequence), hash: String(head.hash) };
}

/** Yields each finding, and how many events were seen. */
async function* verifyStream(
  connection: Connection,
  read: Read,
  stream: StreamRow,
): AsyncGenerator<Damage | number> {
  const { file } = connection;
  const name = stream.name ?? `stream number ${stream.id}`;
  if (stream.name === null) yield finding(null, null, `the head of ${name} is missing in ${file}`);
  else if (streamId(stream.name) !== stream.id)
    yield finding(name, null, `the name ${name} does not belong to its events in ${file}`);
  let sequence = 0;
  let hash: string = CHAIN_START;
  let chained = 0;
  for (;;) {
    const rows = await read(() =>
      connection.all(
        'select sequence, hash, body from event where stream = ? and sequence > ? order by sequence limit ?',
        stream.id,
        sequence,
        SLICE_ROWS,
      ),
    );
    for (const row of rows) {
      const found = Number(row.sequence);
      checkOrder(found > sequence, 'event', connection);
      if (found !== sequence + 1)
        yield finding(name, sequence + 1, `event ${sequence + 1} of ${name} is missing in ${file}`);
      else if (stream.name !== null && eventHash(hash, stream.name, found, String(row.body)) !== row.hash) {
        yield finding(name, found, `event ${found} of ${name} in ${file} does not match its hash`);
      }
      sequence = found;
      hash = String(row.hash);
      chained += 1;
      if (sequence === stream.sequence && hash !== stream.hash) {
        yield finding(name, sequence, `event ${sequence} of ${name} is not the head that ${file} names`);
      }
    }
    if (rows.length < SLICE_ROWS) break;
  }
  yield chained;
  if (sequence < stream.sequence)
    yield finding(
      name,
      sequence + 1,
      `events ${sequence + 1} to ${stream.sequence} of ${name} are missing in ${file}`,
    );
  // An append may have moved the head since it was read; one that did not move has nothing after it.
  const now = await read(() => connection.get('select sequence from stream where id = ?', stream.id));
  if (stream.name !== null && sequence > Number(now?.sequence ?? 0)) {
    yield finding(name, Number(now?.sequence ?? 0) + 1, `events after the head of ${name} are in ${file}`);
  }
}

async function* verifyCheckpoints(connection: Connection, read: Read): AsyncGenerator<Damage> {
  const { file } = connection;
  let number = 0;
  let hash: string = CHAIN_START;
  for (;;) {
    const row = await read(() =>
      connection.get('select * from checkpoint where number > ? order by number limit 1', number),
    );
    if (row === undefined) break;
    const found = Number(row.number);
    checkOrder(found > number, 'checkpoint', connection);
    if (found !== number + 1) yield finding(null, null, `checkpoint ${number + 1} is missing in ${file}`);
    if (checkpointHash(hash, found, String(row.heads)) !== row.hash) {
      yield finding(null, null, `checkpoint ${found} in ${file} does not match its hash`);
    } else {
      const heads = JSON.parse(String(row.heads)) as CheckpointHead[];
      for (const head of await read(() => contradictions(connection, heads))) {
        yield finding(
          head[0],
          head[1],
          `event ${head[1]} of ${head[0]} is not the one that checkpoint ${found} of ${file} covers`,
        );
      }
    }
    number = found;
    hash = String(row.hash);
  }
  const state = await read(() => readState(connection));
  if (state.checkpoints !== number || state.checkpointHash !== hash) {
    yield finding(
      null,
      null,
      `checkpoint ${state.checkpoints} is the last one according to ${file}, but ${number} is`,
    );
  }
}

function contradictions(connection: Connection, heads: readonly CheckpointHead[]): CheckpointHead[] {
  return heads.filter(([stream, sequence, hash]) => {
    const row = connection.get(
      'select hash from event where stream = ? and sequence = ?',
      streamId(stream),
      sequence,
    );
    return row?.hash !== hash;
  });
}

async function* verifySeals(connection: Connection, read: Read, table: string): AsyncGenerator<Damage> {
  let position = 0;
  for (;;) {
    const rows = await read(() =>
      connection.all(
        `select rowid as position, * from ${table} where rowid > ? order by rowid limit ?`,
        position,
        SLICE_ROWS,
      ),
    );
    for (const { position: rowid, seal, ...columns } of rows) {
      checkOrder(Number(rowid) > position, table, connection);
      position = Number(rowid);
      const cells = Object.values(columns);
      if (seal !== sealOf(...cells))
        yield finding(null, null, `${table} ${cells[0]} in ${connection.file} is damaged`);
    }
    if (rows.length < SLICE_ROWS) return;
  }
}

/** A finding that came as an error; anything but damage is thrown on. */
export function findingsOf(error: unknown, file: string): readonly Damage[] {
  const known = explained(error, file);
  if (known instanceof DamageError) return known.damage;
  throw error;
}

function finding(stream: string | null, sequence: number | null, sentence: string): Damage {
  return { stream, sequence, sentence: `${sentence}; restore the store from a backup` };
}
