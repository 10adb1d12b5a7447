import type { Clock } from '../../base/port.ts';
import { type Fence, FencedError, type Lease, type Leases } from '../contract.ts';
import type { MachineTime } from '../machine-time.ts';
import type { Connection } from './connection.ts';
import { checkSeal, sealOf } from './seal.ts';
import type { Writer } from './writer.ts';

interface LeaseRow {
  readonly token: number;
  readonly owner: string;
  readonly held: boolean;
  readonly boot: string;
  /** In machine time of that boot. */
  readonly expiresMs: number;
}

/** Leases in the store. A row stays for ever, so that its token never comes again. */
export class SqliteLeases implements Leases {
  readonly #connection: Connection;
  readonly #writer: Writer;
  readonly #clock: Clock;
  readonly #machine: MachineTime;

  constructor(connection: Connection, writer: Writer, clock: Clock, machine: MachineTime) {
    this.#connection = connection;
    this.#writer = writer;
    this.#clock = clock;
    this.#machine = machine;
  }

  acquire(name: string, owner: string, ttlMs: number): Promise<Lease | null> {
    return this.#writer.write(() => {
      const present = readLease(this.#connection, name);
      if (present !== null && present.owner !== owner && this.#isHeld(present)) return null;
      const token = (present?.token ?? 0) + 1;
      this.#put(name, {
        token,
        owner,
        held: true,
        boot: this.#machine.boot,
        expiresMs: Math.ceil(this.#machine.nowMs() + ttlMs),
      });
      return { lease: name, token, expiresAtMs: this.#clock.now() + ttlMs };
    });
  }

  renew(fence: Fence, ttlMs: number): Promise<boolean> {
    return this.#writer.write(() => {
      const present = readLease(this.#connection, fence.lease);
      // One that has expired and that nobody took is still the owner's: after a stall it goes on.
      if (
        present === null ||
        !present.held ||
        present.token !== fence.token ||
        present.boot !== this.#machine.boot
      )
        return false;
      this.#put(fence.lease, { ...present, expiresMs: Math.ceil(this.#machine.nowMs() + ttlMs) });
      return true;
    });
  }

  release(fence: Fence): Promise<void> {
    return this.break(fence.lease, fence.token);
  }

  break(name: string, token: number): Promise<void> {
    return this.#writer.write(() => {
      const present = readLease(this.#connection, name);
      if (present?.held && present.token === token) this.#put(name, { ...present, held: false });
    });
  }

  peek(name: string): ReturnType<Leases['peek']> {
    return this.#writer.read(() => {
      const present = readLease(this.#connection, name);
      if (present === null || !this.#isHeld(present)) return null;
      const { owner, token, expiresMs } = present;
      return { owner, token, expiresAtMs: this.#clock.now() + expiresMs - this.#machine.nowMs() };
    });
  }

  #isHeld(lease: LeaseRow): boolean {
    return lease.held && lease.boot === this.#machine.boot && this.#machine.nowMs() < lease.expiresMs;
  }

  lastOwner(name: string): Promise<string | null> {
    return this.#writer.read(() => readLease(this.#connection, name)?.owner ?? null);
  }

  #put(name: string, { token, owner, held, boot, expiresMs }: LeaseRow): void {
    const cells = [name, token, owner, held ? 1 : 0, boot, expiresMs];
    this.#connection.run(
      'insert or replace into lease values (?, ?, ?, ?, ?, ?, ?)',
      ...cells,
      sealOf(...cells),
    );
  }
}

/** Throws `FencedError` when the fence's lease was released or has another token. */
export function checkFence(connection: Connection, fence: Fence): void {
  const present = readLease(connection, fence.lease);
  const current = present?.held ? present.token : null;
  if (current !== fence.token) throw new FencedError(fence.lease, fence.token, current);
}

function readLease(connection: Connection, name: string): LeaseRow | null {
  const row = connection.get('select * from lease where name = ?', name);
  if (row === undefined) return null;
  const { token, owner, held, boot, expires_ms, seal } = row;
  checkSeal(String(seal), `lease ${name}`, connection.file, name, token!, owner!, held!, boot!, expires_ms!);
  return {
    token: Number(token),
    owner: String(owner),
    held: held === 1,
    boot: String(boot),
    expiresMs: Number(expires_ms),
  };
}
