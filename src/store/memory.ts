import type { Clock } from '../base/port.ts';
import type { Store } from './contract.ts';
import { MemoryJournal } from './memory/journal.ts';
import { MemoryLeases } from './memory/leases.ts';
import { MemoryTasks } from './memory/tasks.ts';
import { MemoryTimers } from './memory/timers.ts';

/** A store in memory, with the rules of the durable one and its hash chains, for tests and the simulator. Leases expire by `clock.monotonic`. */
export function openMemoryStore(clock: Clock): Store {
  const leases = new MemoryLeases(clock);
  return {
    journal: new MemoryJournal(leases),
    leases,
    timers: new MemoryTimers(),
    tasks: new MemoryTasks(clock),
    close: async () => {},
  };
}
