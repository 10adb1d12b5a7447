import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { UserError } from '../../base/diagnostic.ts';
import type { NewEvent } from '../../journal/event.ts';
import { appendWrite } from './append.ts';
import { Connection } from './connection.ts';
import { Heads, readHead } from './heads.ts';
import { MarkFile, readMark } from './mark.ts';
import { openSqliteStore } from './sqlite-store.ts';
import { Writer } from './writer.ts';

const event: NewEvent = {
  schemaVersion: 1,
  at: 1,
  actor: { kind: 'controller', id: 'c' },
  body: { type: 'run.warning', message: 'x'.repeat(500) },
};

describe('Writer', () => {
  let folder: string;
  let file: string;
  let connection: Connection;
  let mark: MarkFile;
  let writer: Writer;
  let heads: Heads;
  let changes: string[];

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'sluice-writer-'));
    file = join(folder, 'journal.db');
    const clock = { now: () => 0, monotonic: () => 0, after: () => () => {} };
    await (await openSqliteStore(file, { clock })).close();
    connection = new Connection(file, 1000);
    connection.exec('pragma synchronous = full');
    mark = new MarkFile(`${file}.mark`);
    heads = new Heads(connection);
    changes = [];
    writer = new Writer(connection, heads, mark, (streams) => changes.push(...streams));
  });

  afterEach(async () => {
    await writer.end();
    connection.close();
    mark.close();
    rmSync(folder, { recursive: true });
  });

  const append = (stream: string, expected: number, count: number) =>
    writer.write(
      appendWrite(connection, heads, stream, expected, Array(count).fill(event), undefined),
      count,
    );
  const head = (stream: string) => writer.read(() => readHead(connection, stream).sequence);
  const failure = (promise: Promise<unknown>) =>
    promise.then(
      () => null,
      (error: unknown) => error,
    );

  it('acknowledges nothing on a full disk, and goes on when there is space again', async () => {
    await append('run/a', 0, 1);
    // A database that may not grow gives the same error as a full disk.
    const pages = Number(connection.get('pragma page_count')!.page_count);
    connection.exec(`pragma max_page_count = ${pages}`);
    const failures = await Promise.all([failure(append('run/b', 0, 1)), failure(append('run/a', 1, 100))]);
    for (const error of failures) {
      expect(error).toBeInstanceOf(UserError);
      expect(error).toMatchObject({
        exitCode: 3,
        message: `the disk is full: nothing could be written to the store ${file}`,
      });
    }
    expect([await head('run/a'), await head('run/b')]).toEqual([1, 0]);
    expect(changes).toEqual(['run/a']);
    connection.exec('pragma max_page_count = 1000000');
    expect(await append('run/a', 1, 100)).toEqual({ sequence: 101 });
  });

  it('puts the writes of one turn into one commit', async () => {
    await Promise.all(Array.from({ length: 100 }, (_, i) => append(`run/${i}`, 0, 1)));
    expect(readMark(`${file}.mark`)).toMatchObject({ events: 100 });
    // One, unless the machine is so slow that the time of a flush was up.
    expect((readMark(`${file}.mark`) as { commits: number }).commits).toBeLessThan(50);
  });

  it('leaves more than 1,000 events of one turn to further commits', async () => {
    await Promise.all(Array.from({ length: 30 }, (_, i) => append(`run/${i}`, 0, 100)));
    expect(readMark(`${file}.mark`)).toMatchObject({ events: 3000 });
    expect((readMark(`${file}.mark`) as { commits: number }).commits).toBeGreaterThanOrEqual(3);
  });

  it('commits nothing when every write of the turn was refused', async () => {
    await Promise.all([failure(append('run/a', 5, 1)), failure(append('run/b', 5, 1))]);
    expect(readMark(`${file}.mark`)).toBe('empty');
  });

  it('undoes the whole turn when a write breaks its promise and fails after it began', async () => {
    const before = append('run/a', 0, 1);
    const broken = writer.write(() => {
      connection.run("insert into timer values ('x', 1, 'half', '')");
      throw new Error('internal error: broken');
    });
    const [first, second] = await Promise.all([failure(before), failure(broken)]);
    expect([String(first), String(second)]).toEqual(Array(2).fill('Error: internal error: broken'));
    expect(await head('run/a')).toBe(0);
    expect(connection.all('select * from timer')).toEqual([]);
  });

  it('does not show half of a write that takes several turns', async () => {
    const seen: number[] = [];
    const big = append('run/a', 0, 5000);
    const look = async () => {
      for (let i = 0; i < 20; i++) {
        seen.push(await head('run/a'));
        await new Promise(setImmediate);
      }
    };
    await Promise.all([big, look()]);
    expect(new Set(seen)).toEqual(new Set([0, 5000]));
  });

  it('sees what another connection wrote since its last commit', async () => {
    await append('run/a', 0, 1);
    const clock = { now: () => 0, monotonic: () => 0, after: () => () => {} };
    const other = await openSqliteStore(file, { clock });
    await other.journal.append('run/a', 1, [event]);
    await other.close();
    expect(await failure(append('run/a', 1, 1))).toMatchObject({ actualSequence: 2 });
    expect(await append('run/a', 2, 1)).toEqual({ sequence: 3 });
    const database = new DatabaseSync(file);
    expect(database.prepare('select count(*) as count from event').get()).toEqual({ count: 3 });
    database.close();
  });
});
