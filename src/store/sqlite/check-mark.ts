import { DamageError } from '../contract.ts';
import type { Connection } from './connection.ts';
import { damage } from './fault.ts';
import type { Mark } from './mark.ts';
import { readState } from './state.ts';

/**
 * Compares the high-water mark, read before, with the database: nothing that was marked may be missing. An empty mark
 * takes the database as it is. Throws `DamageError`.
 */
export function checkMark(
  connection: Connection,
  mark: Mark | 'empty' | 'damaged' | null,
  markFile: string,
): void {
  const { file } = connection;
  if (mark === null || mark === 'damaged') {
    throw new DamageError([
      {
        stream: null,
        sequence: null,
        sentence:
          `the file ${markFile} is ${mark === null ? 'missing' : 'damaged'}, so nothing tells whether the store ${file} is complete; ` +
          `restore both from a backup, or accept the store as it is by making the file empty: : > '${markFile}'`,
      },
    ]);
  }
  if (mark === 'empty') return;
  const state = readState(connection);
  if (state.storeId !== mark.storeId) {
    // A database that was deleted and made anew has another id and no commits.
    if (state.commits === 0) throw lost(file, markFile, 0, mark);
    throw damage(
      null,
      null,
      `the mark ${markFile} belongs to another store than ${file}: one of the two was exchanged`,
    );
  }
  if (state.commits < mark.commits || state.events < mark.events)
    throw lost(file, markFile, state.events, mark);
  if (mark.events === 0) return;
  const last = connection.get(
    'select hash from event where stream = ? and sequence = ?',
    mark.lastStream,
    mark.lastSequence,
  );
  if (last?.hash !== mark.lastHash) {
    throw damage(
      null,
      null,
      `the event that the mark ${markFile} names is missing in ${file} or was changed`,
    );
  }
}

function lost(file: string, markFile: string, events: number, mark: Mark): DamageError {
  const behind = mark.events > events ? `${mark.events} were written` : `${mark.commits} commits were made`;
  return damage(
    null,
    null,
    `journal lost events after ${events}: ${behind} according to ${markFile}, but the store's write-ahead file ${file}-wal is missing or cut`,
  );
}
