import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { DamageError } from '../contract.ts';
import { explained, isBusy, isFatal } from './fault.ts';

describe('explained', () => {
  let folder: string;
  let file: string;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'sluice-fault-'));
    file = join(folder, 'x.db');
    new DatabaseSync(file).exec('create table t (a integer) strict');
  });

  afterEach(() => {
    rmSync(folder, { recursive: true });
  });

  const errorOf = (deed: () => unknown): unknown => {
    try {
      deed();
    } catch (error) {
      return error;
    }
    throw new Error('it did not fail');
  };

  it('names the file when it cannot be written', () => {
    const database = new DatabaseSync(file, { readOnly: true });
    const error = errorOf(() => database.exec('insert into t values (1)'));
    expect(explained(error, file)).toMatchObject({
      name: 'UserError',
      exitCode: 3,
      message: `the store ${file} cannot be written: the file, its folder or the disk is read-only`,
    });
    database.close();
  });

  it('names the file when it cannot be opened', () => {
    const path = join(folder, 'none', 'x.db');
    const error = errorOf(() => new DatabaseSync(path));
    expect(explained(error, path)).toMatchObject({
      name: 'UserError',
      message: `the store ${path} cannot be opened (unable to open database file)`,
    });
  });

  it('takes a table that is not there, and a number that nobody wrote, for damage', () => {
    const database = new DatabaseSync(file);
    expect(
      explained(
        errorOf(() => database.exec('select * from event')),
        file,
      ),
    ).toBeInstanceOf(DamageError);
    database.exec('insert into t values (9007199254740993)');
    expect(
      explained(
        errorOf(() => database.prepare('select a from t').get()),
        file,
      ),
    ).toBeInstanceOf(DamageError);
    database.close();
  });

  it('knows a lock, which may go, from a failed disk, which may not be trusted again', () => {
    const [one, two] = [new DatabaseSync(file), new DatabaseSync(file, { timeout: 0 })];
    one.exec('begin immediate');
    const busy = errorOf(() => two.exec('begin immediate'));
    one.close();
    two.close();
    const failed = Object.assign(new Error('disk I/O error'), { code: 'ERR_SQLITE_ERROR', errcode: 1034 });
    expect([isBusy(busy), isFatal(busy), isBusy(failed), isFatal(failed)]).toEqual([
      true,
      false,
      false,
      true,
    ]);
    expect(explained(failed, file)).toMatchObject({ exitCode: 3, message: expect.stringContaining(file) });
  });

  it('leaves other errors as they are', () => {
    const error = new TypeError('x');
    expect(explained(error, file)).toBe(error);
  });
});
