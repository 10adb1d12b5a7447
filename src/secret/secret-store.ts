import { closeSync, existsSync, mkdirSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { UserError, userError } from '../base/diagnostic.ts';
import type { Clock, Random } from '../base/port.ts';
import { counted, visible } from '../base/text.ts';
import type { KeptSecret, SecretScope, SecretStore } from './contract.ts';
import type { KeyRing, SecretKey } from './key.ts';
import { checkEnvironment, checkName, checkValue } from './name.ts';
import { type Label, seal, unseal } from './seal.ts';

/** What is removed or replaced is overwritten, and no second file holds a copy when nobody writes. */
const PREPARE = 'PRAGMA journal_mode = DELETE; PRAGMA synchronous = FULL; PRAGMA secure_delete = ON;';
/** `''` stands for every repository or environment: NULL is never equal to NULL in a key. */
const SCHEMA = `CREATE TABLE IF NOT EXISTS secret (
  repository TEXT NOT NULL, environment TEXT NOT NULL, name TEXT NOT NULL, version INTEGER NOT NULL,
  key_id TEXT NOT NULL, sealed BLOB NOT NULL, created_at_ms INTEGER NOT NULL, changed_at_ms INTEGER NOT NULL,
  PRIMARY KEY (repository, environment, name)
) STRICT;`;
const LOCK_WAIT_MS = 30_000;

interface Row extends Label {
  readonly key_id: string;
  readonly sealed: Uint8Array;
  readonly created_at_ms: number;
  readonly changed_at_ms: number;
}

export interface SecretStoreOptions {
  /** Below Sluice's data folder. */
  readonly directory: string;
  readonly keys: KeyRing;
  readonly clock: Clock;
  readonly random: Random;
}

/** Where the store lies, so that whoever has none need not load it. */
export function secretStoreFile(directory: string): string {
  return join(directory, 'secrets.db');
}

/**
 * Secrets in a small database of their own, each value encrypted with AES-256-GCM by a key that lies elsewhere. The file is
 * open only while it is used.
 */
export function openSecretStore({ directory, keys, clock, random }: SecretStoreOptions): SecretStore {
  const file = secretStoreFile(directory);
  const open = <T>(otherwise: T, use: (database: DatabaseSync) => T): T =>
    existsSync(file) ? using(file, use) : otherwise;
  const write = <T>(use: (database: DatabaseSync) => T): T => {
    makeFile(directory, file);
    return using(file, (database) => {
      database.exec(PREPARE);
      return exclusively(database, () => {
        database.exec(SCHEMA);
        return use(database);
      });
    });
  };
  const store = (
    database: DatabaseSync,
    key: SecretKey,
    row: Omit<Row, 'key_id' | 'sealed'>,
    value: string,
  ) =>
    database
      .prepare('INSERT OR REPLACE INTO secret VALUES (?, ?, ?, ?, ?, ?, ?, ?)')
      .run(
        row.repository,
        row.environment,
        row.name,
        row.version,
        key.id,
        seal(value, row, key, random),
        row.created_at_ms,
        row.changed_at_ms,
      );
  return {
    async write(name, scope, value, mode) {
      checkName(name);
      checkEnvironment(scope.environment);
      checkValue(name, value);
      return write((database) => {
        const before = rowOf(database, name, scope);
        const ring = keys.read();
        if (mode === 'rotate') {
          if (!before) throw unknownSecret(name);
          if (openedValue(before, ring, keys) === value)
            throw userError('secret-same', `secret ${name} has this value already`, 'give it a new one');
        }
        const key = ring.at(-1) ?? firstKey(database, keys);
        const now = clock.now();
        const version = (before?.version ?? 0) + 1;
        const row = {
          ...keyOfScope(scope),
          name,
          version,
          created_at_ms: before?.created_at_ms ?? now,
          changed_at_ms: now,
        };
        store(database, key, row, value);
        return version;
      });
    },
    async read(name, scope) {
      const scopes = scopesOf(scope);
      return open(null, (database) => {
        // A key may be replaced between the reading of record and keys; then both are read once more.
        for (let isLast = false; ; isLast = true) {
          const row = scopes.map((one) => rowOf(database, name, one)).find((found) => found !== undefined);
          if (!row) return null;
          const ring = keys.read();
          if (isLast || ring.some((key) => key.id === row.key_id)) return openedValue(row, ring, keys);
        }
      });
    },
    list: async () =>
      open([], (database) =>
        rowsOf(database).map(
          (row): KeptSecret => ({
            name: row.name,
            repository: row.repository || null,
            environment: row.environment || null,
            from: 'store',
            version: row.version,
            createdAtMs: row.created_at_ms,
            changedAtMs: row.changed_at_ms,
          }),
        ),
      ),
    async remove(name, scope) {
      if (!existsSync(file)) return false;
      return write((database) => {
        const { repository, environment } = keyOfScope(scope);
        const { changes } = database
          .prepare('DELETE FROM secret WHERE repository = ? AND environment = ? AND name = ?')
          .run(repository, environment, name);
        return Number(changes) > 0;
      });
    },
    async rotateKey() {
      return write((database) => {
        const ring = keys.read();
        const rows = rowsOf(database);
        // Everything is opened first: a value that cannot be read must not be the reason for a new key.
        const values = rows.map((row) => openedValue(row, ring, keys));
        const given = ring.at(-1);
        // A key that is given from outside is new as long as something is not encrypted with it.
        const isNew = !keys.canAdd && given && rows.some((row) => row.key_id !== given.id);
        const key = isNew ? given : keys.add();
        for (const [index, row] of rows.entries()) store(database, key, row, values[index]!);
        return rows.length;
      });
    },
  };
}

function makeFile(directory: string, file: string): void {
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  try {
    closeSync(openSync(file, 'wx', 0o600));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
}

function using<T>(file: string, use: (database: DatabaseSync) => T): T {
  let database: DatabaseSync | undefined;
  try {
    database = new DatabaseSync(file, { timeout: LOCK_WAIT_MS });
    return use(database);
  } catch (error) {
    throw explained(error, file);
  } finally {
    database?.close();
  }
}

function exclusively<T>(database: DatabaseSync, use: () => T): T {
  database.exec('BEGIN IMMEDIATE');
  try {
    const result = use();
    database.exec('COMMIT');
    return result;
  } catch (error) {
    if (database.isTransaction) database.exec('ROLLBACK');
    throw error;
  }
}

function explained(error: unknown, file: string): unknown {
  const { code, errcode, message } = error as { code?: string; errcode?: number; message: string };
  if (error instanceof UserError || code !== 'ERR_SQLITE_ERROR') return error;
  const place = visible(file);
  // SQLITE_CORRUPT and SQLITE_NOTADB.
  if ([11, 26].includes((errcode ?? 0) & 0xff))
    return userError(
      'secret-store-damaged',
      `the store of secrets ${place} is damaged`,
      'put it back from a backup, or remove it and set the secrets again',
      3,
    );
  return userError('secret-store', `the store of secrets ${place} cannot be used: ${message}`, undefined, 3);
}

/** A file without the table was made by a process that was killed before its first secret. */
function hasTable(database: DatabaseSync): boolean {
  return database.prepare("SELECT 1 FROM sqlite_schema WHERE name = 'secret'").get() !== undefined;
}

function rowsOf(database: DatabaseSync): readonly Row[] {
  if (!hasTable(database)) return [];
  const rows = database.prepare('SELECT * FROM secret ORDER BY name, repository, environment').all();
  return rows as unknown as readonly Row[];
}

function rowOf(database: DatabaseSync, name: string, scope: SecretScope): Row | undefined {
  if (!hasTable(database)) return undefined;
  const { repository, environment } = keyOfScope(scope);
  return database
    .prepare('SELECT * FROM secret WHERE repository = ? AND environment = ? AND name = ?')
    .get(repository, environment, name) as unknown as Row | undefined;
}

function keyOfScope({ repository, environment }: SecretScope) {
  return { repository: repository ?? '', environment: environment ?? '' };
}

/** The narrowest first; an environment says more than a repository. */
function scopesOf({ repository, environment }: SecretScope): readonly SecretScope[] {
  const environments = environment === null ? [null] : [environment, null];
  const repositories = repository === null ? [null] : [repository, null];
  return environments.flatMap((one) => repositories.map((two) => ({ repository: two, environment: one })));
}

function openedValue(row: Row, ring: readonly SecretKey[], keys: KeyRing): string {
  const key = ring.find((one) => one.id === row.key_id);
  if (!key)
    throw userError(
      'secret-key-missing',
      `secret ${row.name} cannot be decrypted: ${ring.length === 0 ? `there is no key in ${keys.place}` : `${keys.place} does not hold its key`}`,
      `put the key back, or remove the secret and set it again`,
      3,
    );
  const value = unseal(row.sealed, row, key);
  if (value === null)
    throw userError(
      'secret-damaged',
      `secret ${row.name} cannot be decrypted: its record was changed`,
      `remove the secret and set it again`,
      3,
    );
  return value;
}

/** The key of an empty store. Where there are secrets a new one would hide that theirs is gone. */
function firstKey(database: DatabaseSync, keys: KeyRing): SecretKey {
  const { length } = rowsOf(database);
  if (length === 0) return keys.add();
  throw userError(
    'secret-key-missing',
    `there is no key in ${keys.place}, without which the store (${counted(length, 'secret')}) cannot be read`,
    'put the key back, or remove these secrets: sluice secret list --all',
    3,
  );
}

function unknownSecret(name: string): UserError {
  return userError(
    'secret-unknown',
    `there is no secret ${visible(name)} in this scope`,
    'sluice secret list',
  );
}
