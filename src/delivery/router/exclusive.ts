import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';

const RETRY_MS = 3;
const SQLITE_BUSY = 5;
const BUSY_LIMIT_MS = 30_000;

/**
 * Runs the action while no other process of this machine runs one for the same folder; waits for that, and rejects after half a minute.
 * The system takes the lock back when its holder dies: an exclusive transaction of SQLite that writes nothing is such a lock.
 */
export async function exclusively<T>(folder: string, action: () => Promise<T>): Promise<T> {
  const { DatabaseSync } = await import('node:sqlite');
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const database = new DatabaseSync(join(folder, 'lock'), { timeout: 0 });
  try {
    const untilMs = performance.now() + BUSY_LIMIT_MS;
    while (!begun(database)) {
      if (performance.now() > untilMs)
        throw new Error('another process is changing the router for half a minute');
      await wait(RETRY_MS);
    }
    return await action();
  } finally {
    database.close();
  }
}

function begun(database: { exec(statement: string): void }): boolean {
  try {
    // No file beside it: a full disk is no reason to leave traffic where it harms.
    database.exec('pragma journal_mode = memory');
    database.exec('begin exclusive');
    return true;
  } catch (error) {
    if ((error as { errcode?: number }).errcode === SQLITE_BUSY) return false;
    throw error;
  }
}
