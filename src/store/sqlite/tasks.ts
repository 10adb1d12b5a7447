import type { Clock } from '../../base/port.ts';
import type { ClaimedTask, Task, TaskQueue } from '../contract.ts';
import type { Connection, Row } from './connection.ts';
import { type Cell, checkSeal, sealOf } from './seal.ts';
import type { Writer } from './writer.ts';

/** The row of a task that is done stays this long, so that its attempts are not counted from 1 again by a task of the same id. */
const KEEP_DONE_MS = 30 * 24 * 3_600_000;

interface TaskRow {
  readonly id: string;
  readonly added: number;
  readonly payload: string;
  /** JSON array. */
  readonly labels: string;
  readonly priority: number;
  readonly attempt: number;
  /** null when nobody has claimed it. */
  readonly worker: string | null;
  readonly claimedUntilMs: number | null;
  readonly notBeforeMs: number;
  readonly doneAtMs: number | null;
}

/** The task queue in the store. */
export class SqliteTasks implements TaskQueue {
  readonly #connection: Connection;
  readonly #writer: Writer;
  readonly #clock: Clock;

  constructor(connection: Connection, writer: Writer, clock: Clock) {
    this.#connection = connection;
    this.#writer = writer;
    this.#clock = clock;
  }

  enqueue(task: Task): Promise<void> {
    return this.#writer.write(() => {
      const present = this.#get(task.id);
      if (present !== null && present.doneAtMs === null) return;
      const { added } = this.#connection.get('select coalesce(max(added), 0) + 1 as added from task')!;
      this.#put({
        id: task.id,
        added: Number(added),
        payload: task.payload,
        labels: JSON.stringify(task.labels),
        priority: task.priority,
        attempt: present?.attempt ?? 0,
        worker: null,
        claimedUntilMs: null,
        notBeforeMs: 0,
        doneAtMs: null,
      });
    });
  }

  claim(
    labels: readonly string[],
    worker: string,
    ttlMs: number,
    nowMs: number,
  ): Promise<ClaimedTask | null> {
    const offered = JSON.stringify(labels);
    return this.#writer.write(() => {
      const row = this.#connection.get(
        `select * from task
          where done_at_ms is null and not_before_ms <= ? and (claimed_until_ms is null or claimed_until_ms <= ?)
            and not exists (select 1 from json_each(labels) as needed
                             where needed.value not in (select value from json_each(?)))
          order by priority desc, added limit 1`,
        nowMs,
        nowMs,
        offered,
      );
      if (row === undefined) return null;
      const task = this.#checked(row);
      const attempt = task.attempt + 1;
      this.#put({ ...task, attempt, worker, claimedUntilMs: Math.ceil(nowMs + ttlMs) });
      return {
        id: task.id,
        payload: task.payload,
        labels: JSON.parse(task.labels),
        priority: task.priority,
        attempt,
      };
    });
  }

  touch(id: string, attempt: number, ttlMs: number, nowMs: number): Promise<boolean> {
    return this.#change(id, attempt, (task) => ({ ...task, claimedUntilMs: Math.ceil(nowMs + ttlMs) }));
  }

  complete(id: string, attempt: number): Promise<boolean> {
    const doneAtMs = Math.floor(this.#clock.now());
    return this.#change(id, attempt, (task) => {
      this.#connection.run('delete from task where done_at_ms < ?', doneAtMs - KEEP_DONE_MS);
      return { ...task, payload: '', worker: null, claimedUntilMs: null, doneAtMs };
    });
  }

  fail(id: string, attempt: number, notBeforeMs: number): Promise<boolean> {
    return this.#change(id, attempt, (task) => ({
      ...task,
      worker: null,
      claimedUntilMs: null,
      notBeforeMs: Math.ceil(notBeforeMs),
    }));
  }

  waiting(): Promise<number> {
    const sql = `select count(*) as waiting from task
                  where done_at_ms is null and (claimed_until_ms is null or claimed_until_ms <= ?)`;
    return this.#writer.read(() => Number(this.#connection.get(sql, this.#clock.now())!.waiting));
  }

  /** Changes a task for the worker that holds it with this attempt; false when that worker does not. */
  #change(id: string, attempt: number, change: (task: TaskRow) => TaskRow): Promise<boolean> {
    return this.#writer.write(() => {
      const task = this.#get(id);
      if (task === null || task.worker === null || task.attempt !== attempt) return false;
      this.#put(change(task));
      return true;
    });
  }

  #get(id: string): TaskRow | null {
    const row = this.#connection.get('select * from task where id = ?', id);
    return row === undefined ? null : this.#checked(row);
  }

  #put(task: TaskRow): void {
    const cells = cellsOf(task);
    this.#connection.run(
      'insert or replace into task values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)',
      ...cells,
      sealOf(...cells),
    );
  }

  #checked(row: Row): TaskRow {
    const task: TaskRow = {
      id: row.id as string,
      added: row.added as number,
      payload: row.payload as string,
      labels: row.labels as string,
      priority: row.priority as number,
      attempt: row.attempt as number,
      worker: row.worker as string | null,
      claimedUntilMs: row.claimed_until_ms as number | null,
      notBeforeMs: row.not_before_ms as number,
      doneAtMs: row.done_at_ms as number | null,
    };
    checkSeal(String(row.seal), `task ${task.id}`, this.#connection.file, ...cellsOf(task));
    return task;
  }
}

function cellsOf(task: TaskRow): Cell[] {
  return [
    task.id,
    task.added,
    task.payload,
    task.labels,
    task.priority,
    task.attempt,
    task.worker,
    task.claimedUntilMs,
    task.notBeforeMs,
    task.doneAtMs,
  ];
}
