import { checkpointHash } from '../chain.ts';
import type { Connection } from './connection.ts';
import type { Heads } from './heads.ts';
import { MORE, type Writer } from './writer.ts';

/** So many heads stand in one checkpoint; more streams make several. */
const HEADS_MAX = 1000;

/** A stream's name, the sequence of its last event and that event's hash. */
export type CheckpointHead = readonly [stream: string, sequence: number, hash: string];

/**
 * One `checkpoint()` as a write: covers the heads of all streams that moved since the last one, and nothing when none
 * did. A checkpoint's hash covers the checkpoint before it.
 */
export function checkpointWrite(
  connection: Connection,
  heads: Heads,
  writer: Writer,
): () => undefined | typeof MORE {
  return () => {
    heads.write();
    const rows = connection.all(
      'select id, name, sequence, hash from stream where changed = 1 order by id limit ?',
      HEADS_MAX,
    );
    if (rows.length === 0) return undefined;
    const covered = JSON.stringify(rows.map((row) => [row.name, row.sequence, row.hash]));
    const number = writer.state.checkpoints + 1;
    const hash = checkpointHash(writer.state.checkpointHash, number, covered);
    connection.run('insert into checkpoint values (?, ?, ?)', number, covered, hash);
    const settled = connection.statement('update stream set changed = 0 where id = ?');
    for (const row of rows) settled.run(row.id as number);
    heads.covered();
    writer.state = { ...writer.state, checkpoints: number, checkpointHash: hash };
    return rows.length < HEADS_MAX ? undefined : MORE;
  };
}
