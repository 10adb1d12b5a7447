import type { DurableTimer, Timers } from '../contract.ts';
import type { Connection, Row } from './connection.ts';
import { checkSeal, sealOf } from './seal.ts';
import type { Writer } from './writer.ts';

/** Durable timers in the store. */
export class SqliteTimers implements Timers {
  readonly #connection: Connection;
  readonly #writer: Writer;

  constructor(connection: Connection, writer: Writer) {
    this.#connection = connection;
    this.#writer = writer;
  }

  set({ id, dueAtMs, payload }: DurableTimer): Promise<void> {
    const cells = [id, Math.ceil(dueAtMs), payload];
    return this.#writer.write(() => {
      this.#connection.run('insert or replace into timer values (?, ?, ?, ?)', ...cells, sealOf(...cells));
    });
  }

  remove(id: string): Promise<void> {
    return this.#writer.write(() => {
      this.#connection.run('delete from timer where id = ?', id);
    });
  }

  due(nowMs: number, limit = 1000): Promise<readonly DurableTimer[]> {
    const sql = 'select * from timer where due_at_ms <= ? order by due_at_ms, id limit ?';
    return this.#writer.read(() => this.#connection.all(sql, nowMs, limit).map((row) => this.#timer(row)));
  }

  next(): Promise<DurableTimer | null> {
    return this.#writer.read(() => {
      const row = this.#connection.get('select * from timer order by due_at_ms, id limit 1');
      return row === undefined ? null : this.#timer(row);
    });
  }

  #timer({ id, due_at_ms, payload, seal }: Row): DurableTimer {
    checkSeal(String(seal), `timer ${id}`, this.#connection.file, id!, due_at_ms!, payload!);
    return { id: String(id), dueAtMs: Number(due_at_ms), payload: String(payload) };
  }
}
