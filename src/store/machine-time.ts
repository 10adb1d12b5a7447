import { readFileSync } from 'node:fs';
import type { Clock } from '../base/port.ts';

/**
 * The time that leases expire by. It must be the same for all processes of one machine and must not follow the wall
 * clock, whose jumps would end leases of living owners or keep those of dead ones.
 */
export interface MachineTime {
  /** Names the boot. A lease of another boot has no living owner. */
  readonly boot: string;
  /** Milliseconds since an instant that all processes of this boot share; never goes back. */
  nowMs(): number;
}

/**
 * The machine's own: the kernel's boot id, and CLOCK_MONOTONIC, which process.hrtime reads and which counts from the
 * boot in every process. (/proc/uptime also counts while the machine sleeps, so a lease would be over after a nap of
 * the laptop although its owner wakes up with it.) Where no boot id can be read, the wall clock has to do.
 */
export function machineTime(clock: Clock): MachineTime {
  try {
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
    return { boot, nowMs: () => Math.floor(Number(process.hrtime.bigint() / 1_000_000n)) };
  } catch {
    return { boot: 'wall-clock', nowMs: () => clock.now() };
  }
}

/** Milliseconds from an arbitrary start, for durations. What Node loads for `performance` takes a millisecond of every run. */
export function elapsedMs(): number {
  const [seconds, nanoseconds] = process.hrtime();
  return seconds * 1e3 + nanoseconds / 1e6;
}
