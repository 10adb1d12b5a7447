import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { UserError } from '../../base/diagnostic.ts';
import type { Clock } from '../../base/port.ts';
import type { NewEvent } from '../../journal/event.ts';
import type { Store } from '../contract.ts';
import { openSqliteStore } from './sqlite-store.ts';

const clock: Clock = { now: () => Date.now(), monotonic: () => performance.now(), after: () => () => {} };
const event: NewEvent = {
  schemaVersion: 1,
  at: 1,
  actor: { kind: 'controller', id: 'c' },
  body: { type: 'run.warning', message: 'x'.repeat(500) },
};

describe('openSqliteStore', () => {
  let folder: string;
  let file: string;
  const opened: Store[] = [];

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'sluice-store-'));
    file = join(folder, 'deep', 'er', 'journal.db');
  });

  afterEach(async () => {
    for (const store of opened.splice(0)) await store.close();
    rmSync(folder, { recursive: true });
  });

  async function open(options: { lockWaitMs?: number } = {}): Promise<Store> {
    const store = await openSqliteStore(file, { clock }, options);
    opened.push(store);
    return store;
  }

  /** What a refused promise was refused with. */
  async function refusal(promise: Promise<unknown>): Promise<UserError> {
    const error = await promise.then(
      () => null,
      (reason: unknown) => reason,
    );
    expect(error).toBeInstanceOf(UserError);
    return error as UserError;
  }

  const raw = (sql: string): DatabaseSync => {
    const database = new DatabaseSync(file);
    database.exec(sql);
    return database;
  };

  it('makes folder and files that only their owner can read', async () => {
    const store = await open();
    await store.journal.append('run/a', 0, [event]);
    const mode = (path: string) => (statSync(path).mode & 0o777).toString(8);
    expect(mode(join(folder, 'deep'))).toBe('700');
    expect(['', '-wal', '-shm', '.mark'].map((suffix) => mode(file + suffix))).toEqual([
      '600',
      '600',
      '600',
      '600',
    ]);
  });

  it('writes in WAL mode with synchronous FULL and foreign keys', async () => {
    await (await open()).close();
    const database = raw('');
    expect(database.prepare('pragma journal_mode').get()).toEqual({ journal_mode: 'wal' });
    database.exec('pragma journal_mode = delete');
    database.close();
    await open();
    expect(raw('').prepare('pragma journal_mode').get()).toEqual({ journal_mode: 'wal' });
  });

  it('refuses a schema newer than it knows, naming both', async () => {
    await (await open()).close();
    raw("insert into schema_version values (7, 0, '')").close();
    const { exitCode, message } = await refusal(open());
    expect(exitCode).toBe(3);
    expect(message).toMatch(/has schema 7; this version of Sluice knows schemas up to 1$/);
    expect(message).toContain(file);
  });

  it('refuses a database of somebody else, and leaves it alone', async () => {
    file = join(folder, 'other.db');
    raw('create table address (street text)').close();
    const before = readFileSync(file);
    expect((await refusal(open())).message).toContain(`${file} is a SQLite database, but no store of Sluice`);
    expect(readFileSync(file)).toEqual(before);
    expect(existsSync(`${file}.mark`)).toBe(false);
  });

  it('names a file that is no database', async () => {
    file = join(folder, 'text.db');
    writeFileSync(file, 'this is not a database, only some text that is long enough'.repeat(20));
    await expect(open()).rejects.toThrow(`the store ${file} is damaged (file is not a database)`);
  });

  it('names a folder that cannot be made', async () => {
    writeFileSync(join(folder, 'deep'), '');
    const { exitCode, message } = await refusal(open());
    expect([exitCode, message]).toEqual([3, `the store ${file} cannot be made or opened (ENOTDIR)`]);
  });

  it('starts where a crash during its making left it', async () => {
    await (await open()).close();
    rmSync(`${file}.mark`);
    rmSync(file);
    for (const left of [[file], [`${file}.mark`], [file, `${file}.mark`]]) {
      for (const path of left) writeFileSync(path, '');
      const store = await open();
      await store.journal.append('run/a', 0, [event]);
      await store.close();
      rmSync(file);
      rmSync(`${file}.mark`);
    }
  });

  it('waits for another writer without stopping the loop, then says who blocks', async () => {
    const store = await open({ lockWaitMs: 150 });
    const other = raw('begin immediate');
    let turns = 0;
    const timer = setInterval(() => {
      turns += 1;
    }, 5);
    const { exitCode, message, diagnostics } = await refusal(store.journal.append('run/a', 0, [event]));
    clearInterval(timer);
    expect(exitCode).toBe(3);
    expect(message).toContain('another process has held the write lock of the store');
    expect(message).toContain(file);
    expect(diagnostics[0]!.suggestion).toContain('fuser');
    expect(turns).toBeGreaterThan(5);
    // Reading goes on meanwhile, and writing when the lock is free.
    expect(await store.journal.head('run/a')).toBe(0);
    const waiting = store.journal.append('run/a', 0, [event]);
    other.exec('rollback');
    other.close();
    expect(await waiting).toEqual({ sequence: 1 });
  });

  it('finishes what was asked for before it closes, and refuses what comes later', async () => {
    const store = await open();
    const asked = store.journal.append('run/a', 0, Array(2500).fill(event));
    await Promise.all([store.close(), store.close()]);
    expect(await asked).toEqual({ sequence: 2500 });
    await expect(store.journal.append('run/a', 2500, [event])).rejects.toThrow(
      'internal error: the store is closed',
    );
    expect(await (await open()).journal.head('run/a')).toBe(2500);
  });

  it('carries a long write-ahead file over without losing or repeating anything', async () => {
    const store = await open();
    for (let i = 0; i < 30; i++) await store.journal.append('run/a', i * 1000, Array(1000).fill(event));
    expect(await store.journal.head('run/a')).toBe(30_000);
    await store.close();
    expect(existsSync(`${file}-wal`)).toBe(false);
    const again = await open();
    expect(await again.journal.verify()).toEqual([]);
    expect(await again.journal.read('run/a')).toHaveLength(30_000);
  });

  it('treats a lease of another boot as expired', async () => {
    const first = await openSqliteStore(file, { clock, machine: { boot: 'before', nowMs: () => 1e9 } });
    const lease = (await first.leases.acquire('l', 'one', 60_000))!;
    await first.close();
    const second = await openSqliteStore(file, { clock, machine: { boot: 'after', nowMs: () => 5 } });
    opened.push(second);
    expect(await second.leases.peek('l')).toBeNull();
    expect(await second.leases.renew(lease, 60_000)).toBe(false);
    expect(await second.leases.acquire('l', 'two', 60_000)).toMatchObject({ token: 2 });
  });

  it('keeps leases across openings on one boot', async () => {
    const lease = await (await open()).leases.acquire('l', 'one', 60_000);
    const other = await open();
    expect(await other.leases.acquire('l', 'two', 60_000)).toBeNull();
    expect(await other.leases.renew(lease!, 60_000)).toBe(true);
  });
});
