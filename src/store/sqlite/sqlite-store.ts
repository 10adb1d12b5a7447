import { closeSync, existsSync, mkdirSync, openSync, statfsSync } from 'node:fs';
import { dirname } from 'node:path';
import { userError } from '../../base/diagnostic.ts';
import type { Clock } from '../../base/port.ts';
import type { Store } from '../contract.ts';
import { type MachineTime, machineTime } from '../machine-time.ts';
import { checkMark } from './check-mark.ts';
import { Connection } from './connection.ts';
import { explained, mayLackRoom } from './fault.ts';
import { Heads } from './heads.ts';
import { SqliteLeases } from './leases.ts';
import { MarkFile, readMark } from './mark.ts';
import { checkSchema, migrate, schemaVersion } from './migration.ts';
import { SqliteJournal } from './sqlite-journal.ts';
import { SqliteTasks } from './tasks.ts';
import { SqliteTimers } from './timers.ts';
import { checkSqliteVersion } from './version.ts';
import { Watchers } from './watch.ts';
import { Writer } from './writer.ts';

const LOCK_WAIT_MS = 30_000;

export interface SqliteStorePorts {
  readonly clock: Clock;
  /** What leases expire by; the machine's own unless a test brings another. */
  readonly machine?: MachineTime;
}

export interface SqliteStoreOptions {
  /** How long to wait for another process's write lock. 30 s unless said otherwise. */
  readonly lockWaitMs?: number;
  /** Asked when the disk is full; true: something was freed, so that what failed is tried again. Nothing can be freed unless said. */
  readonly makeRoom?: () => boolean;
}

/**
 * Opens the store in `file`, making file and folder when there are none (modes 0600 and 0700), and the newest schema.
 * The high-water mark is beside it in `<file>.mark`.
 *
 * Errors: `DamageError` when events were lost or the file is no longer a database; `UserError` (exit 3) when SQLite is
 * too old, the schema too new, or the file cannot be read and written.
 */
export async function openSqliteStore(
  file: string,
  ports: SqliteStorePorts,
  options: SqliteStoreOptions = {},
): Promise<Store> {
  const refusal = checkSqliteVersion(process.versions.sqlite ?? 'none');
  if (refusal !== null)
    throw userError('store-sqlite-version', refusal, 'use the newest Node.js 24 or later', 3);
  const attempt = () => openOnce(file, ports, options);
  try {
    return await attempt().catch((error: unknown) => {
      if (mayLackRoom(error) && options.makeRoom?.()) return attempt();
      throw error;
    });
  } catch (error) {
    throw systemError(error, file) ?? explained(error, file);
  }
}

async function openOnce(file: string, ports: SqliteStorePorts, options: SqliteStoreOptions): Promise<Store> {
  const markPath = `${file}.mark`;
  let connection: Connection | undefined;
  let mark: MarkFile | undefined;
  try {
    makeFile(file);
    connection = new Connection(file, options.lockWaitMs ?? LOCK_WAIT_MS);
    await prepare(connection, ports.clock, markPath);
    mark = new MarkFile(markPath);
    mark.prepare();
    return assemble(connection, mark, markPath, ports, options.makeRoom);
  } catch (error) {
    mark?.close();
    connection?.close();
    throw error;
  }
}

/** Makes an empty database file; SQLite gives its own files beside it the same mode. */
function makeFile(file: string): void {
  if (existsSync(file)) return;
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  try {
    closeSync(openSync(file, 'wx', 0o600));
  } catch (error) {
    // Another process was quicker. Opening its file here and closing it again would drop SQLite's locks.
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
}

async function prepare(connection: Connection, clock: Clock, markPath: string): Promise<void> {
  const isNew = (await connection.patiently(() => schemaVersion(connection))) === 0;
  // The mark comes into being before the schema, so that whoever sees the one sees the other.
  if (isNew) closeSync(openSync(markPath, 'a', 0o600));
  await connection.patiently(() => {
    if (connection.get('pragma journal_mode')?.journal_mode !== 'wal')
      connection.exec('pragma journal_mode = wal');
    connection.exec('pragma synchronous = full');
  });
  await migrate(connection, clock.now());
  // Read before the database: a mark that another process writes meanwhile could be ahead of what is seen here.
  const mark = readMark(markPath);
  await connection.patiently(() =>
    connection.snapshot(() => {
      checkSchema(connection);
      checkMark(connection, mark, markPath);
    }),
  );
}

function assemble(
  connection: Connection,
  mark: MarkFile,
  markPath: string,
  ports: SqliteStorePorts,
  makeRoom: (() => boolean) | undefined,
): Store {
  const machine = ports.machine ?? machineTime(ports.clock);
  const heads = new Heads(connection);
  const watchers = new Watchers(connection);
  const writer = new Writer(connection, heads, mark, (streams) => watchers.tell(streams), makeRoom);
  let closed: Promise<void> | null = null;
  const close = async () => {
    watchers.end();
    await writer.end();
    connection.close();
    mark.close();
  };
  return {
    journal: new SqliteJournal(connection, heads, writer, watchers, markPath),
    leases: new SqliteLeases(connection, writer, ports.clock, machine),
    timers: new SqliteTimers(connection, writer),
    tasks: new SqliteTasks(connection, writer, ports.clock),
    close: () => {
      closed ??= close();
      return closed;
    },
  };
}

/** The file system's own refusals, in words. */
function systemError(error: unknown, file: string): Error | null {
  const code = (error as NodeJS.ErrnoException).code;
  if (code === 'ENOSPC' || (mayLackRoom(error) && hasNoRoom(file))) {
    return userError(
      'store-full',
      `the disk is full: the store ${file} cannot be made or opened`,
      'free some space on that disk',
      3,
    );
  }
  if (code !== 'EACCES' && code !== 'EPERM' && code !== 'EROFS' && code !== 'ENOTDIR' && code !== 'ENOENT')
    return null;
  return userError(
    'store-cannot-open',
    `the store ${file} cannot be made or opened (${code})`,
    'check that its folder exists and belongs to you, or set SLUICE_HOME to another folder',
    3,
  );
}

/** So much SQLite needs beside the database before the first write. */
const ROOM_MIN_BYTES = 64 * 1024;

function hasNoRoom(file: string): boolean {
  const { bavail, bsize } = statfsSync(dirname(file));
  return bavail * bsize < ROOM_MIN_BYTES;
}
