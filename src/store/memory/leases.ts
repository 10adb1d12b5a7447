import type { Clock } from '../../base/port.ts';
import { type Fence, FencedError, type Lease, type Leases } from '../contract.ts';

interface HeldLease {
  readonly token: number;
  readonly owner: string;
  readonly held: boolean;
  readonly expiresMonotonicMs: number;
}

/** Leases in memory. */
export class MemoryLeases implements Leases {
  readonly #clock: Clock;
  readonly #leases = new Map<string, HeldLease>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  async acquire(name: string, owner: string, ttlMs: number): Promise<Lease | null> {
    const present = this.#leases.get(name);
    if (present !== undefined && present.owner !== owner && this.#isHeld(present)) return null;
    const token = (present?.token ?? 0) + 1;
    this.#leases.set(name, { token, owner, held: true, expiresMonotonicMs: this.#clock.monotonic() + ttlMs });
    return { lease: name, token, expiresAtMs: this.#clock.now() + ttlMs };
  }

  async renew(fence: Fence, ttlMs: number): Promise<boolean> {
    const present = this.#leases.get(fence.lease);
    if (!present?.held || present.token !== fence.token) return false;
    this.#leases.set(fence.lease, { ...present, expiresMonotonicMs: this.#clock.monotonic() + ttlMs });
    return true;
  }

  release(fence: Fence): Promise<void> {
    return this.break(fence.lease, fence.token);
  }

  async break(name: string, token: number): Promise<void> {
    const present = this.#leases.get(name);
    if (present?.held && present.token === token) this.#leases.set(name, { ...present, held: false });
  }

  async peek(name: string): ReturnType<Leases['peek']> {
    const present = this.#leases.get(name);
    if (present === undefined || !this.#isHeld(present)) return null;
    const remainingMs = present.expiresMonotonicMs - this.#clock.monotonic();
    return { owner: present.owner, token: present.token, expiresAtMs: this.#clock.now() + remainingMs };
  }

  async lastOwner(name: string): Promise<string | null> {
    return this.#leases.get(name)?.owner ?? null;
  }

  /** Throws `FencedError` when the fence's lease was released or has another token. */
  check(fence: Fence): void {
    const present = this.#leases.get(fence.lease);
    const current = present?.held ? present.token : null;
    if (current !== fence.token) throw new FencedError(fence.lease, fence.token, current);
  }

  #isHeld(lease: HeldLease): boolean {
    return lease.held && this.#clock.monotonic() < lease.expiresMonotonicMs;
  }
}
