import type { DurableTimer, Timers } from '../contract.ts';

/** Timers in memory. */
export class MemoryTimers implements Timers {
  readonly #timers = new Map<string, DurableTimer>();

  async set({ id, dueAtMs, payload }: DurableTimer): Promise<void> {
    this.#timers.set(id, { id, dueAtMs: Math.ceil(dueAtMs), payload });
  }

  async remove(id: string): Promise<void> {
    this.#timers.delete(id);
  }

  async due(nowMs: number, limit = 1000): Promise<readonly DurableTimer[]> {
    return this.#inOrder()
      .filter((timer) => timer.dueAtMs <= nowMs)
      .slice(0, limit);
  }

  async next(): Promise<DurableTimer | null> {
    return this.#inOrder()[0] ?? null;
  }

  #inOrder(): DurableTimer[] {
    return [...this.#timers.values()].sort((a, b) => a.dueAtMs - b.dueAtMs || (a.id < b.id ? -1 : 1));
  }
}
