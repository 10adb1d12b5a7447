import { randomBytes } from 'node:crypto';
import { userError } from '../../base/diagnostic.ts';
import { digestOf } from '../../base/digest.ts';
import type { Connection } from './connection.ts';
import { damage } from './fault.ts';
import { createStore } from './migration/0001-store.ts';
import { newState, writeState } from './state.ts';

/** All migrations in order; the first makes schema 1 out of an empty file. Never edit one that was released: add another. */
const MIGRATIONS: readonly string[] = [createStore];

/**
 * The schema version of the database, 0 when it is new. Throws a `UserError` when the file holds something else, or
 * a schema newer than this program knows.
 */
export function schemaVersion(connection: Connection): number {
  const tables = connection.all("select name from sqlite_schema where type = 'table'").map((row) => row.name);
  if (tables.length === 0) return 0;
  const version = tables.includes('schema_version')
    ? connection.get('select max(version) as version from schema_version')?.version
    : null;
  if (typeof version !== 'number') {
    throw userError(
      'store-foreign',
      `${connection.file} is a SQLite database, but no store of Sluice`,
      'set SLUICE_HOME to another folder',
      3,
    );
  }
  if (version > MIGRATIONS.length) {
    throw userError(
      'store-newer',
      `the store ${connection.file} has schema ${version}; this version of Sluice knows schemas up to ${MIGRATIONS.length}`,
      'use the newer version of Sluice that wrote it',
      3,
    );
  }
  return version;
}

/**
 * Brings the database to the newest schema, one transaction for each step: killed at any point it has the old schema
 * or the new one. Two processes may do it at once; the second finds it done.
 */
export async function migrate(connection: Connection, nowMs: number): Promise<void> {
  while (schemaVersion(connection) < MIGRATIONS.length) {
    await connection.patiently(() => {
      connection.exec('begin immediate');
      try {
        const version = schemaVersion(connection);
        if (version < MIGRATIONS.length) apply(connection, version + 1, nowMs);
        connection.exec('commit');
      } finally {
        connection.rollback();
      }
    });
  }
}

/** Throws `DamageError` when a table or an index is not as the last migration left it: it could hide rows. */
export function checkSchema(connection: Connection): void {
  const last = connection.get('select digest from schema_version order by version desc limit 1');
  if (last?.digest === schemaDigest(connection)) return;
  throw damage(null, null, `the schema of the store ${connection.file} was changed or is damaged`);
}

function schemaDigest(connection: Connection): string {
  return digestOf(
    JSON.stringify(connection.all('select type, name, tbl_name, sql from sqlite_schema order by name')),
  );
}

function apply(connection: Connection, version: number, nowMs: number): void {
  if (version === 1) {
    connection.exec(
      'create table schema_version (version integer primary key, applied_at_ms integer not null, digest text not null) strict',
    );
  }
  connection.exec(MIGRATIONS[version - 1]!);
  connection.run(
    'insert into schema_version values (?, ?, ?)',
    version,
    Math.floor(nowMs),
    schemaDigest(connection),
  );
  if (version === 1) writeState(connection, newState(randomBytes(8).toString('hex')));
}
