import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import process from 'node:process';
import type { Owners } from '../controller/contract.ts';

/**
 * Owners by machine, boot, process id and start time, so that neither a reused process id nor a restart is mistaken for
 * a living owner. Written `machine:boot:pid:start`.
 */
export function machineOwners(): Owners {
  const machine = hostname();
  const boot = readText('/proc/sys/kernel/random/boot_id')?.slice(0, 8) ?? 'unknown';
  const self = `${machine}:${boot}:${process.pid}:${startTime(process.pid) ?? 'unknown'}`;
  return {
    self,
    alive(owner) {
      const [ownerMachine, ownerBoot, pid, start] = owner.split(':');
      if (ownerMachine !== machine) return null;
      if (ownerBoot !== boot) return false;
      return startTime(Number(pid)) === start;
    },
    isSameBoot(owner) {
      const [ownerMachine, ownerBoot] = owner.split(':');
      return ownerMachine === machine && ownerBoot === boot && boot !== 'unknown';
    },
    describe(owner) {
      const [ownerMachine, , pid] = owner.split(':');
      return ownerMachine === machine
        ? `process ${pid} on this machine`
        : `process ${pid} on ${ownerMachine}`;
    },
  };
}

/** Field 22 of /proc/PID/stat, counted behind the program's name, which may hold spaces and brackets. */
function startTime(pid: number): string | null {
  const stat = readText(`/proc/${pid}/stat`);
  const fields = stat?.slice(stat.lastIndexOf(')') + 2).split(' ');
  if (!fields || fields[0] === 'Z') return null;
  return fields[19] ?? null;
}

function readText(file: string): string | null {
  try {
    return readFileSync(file, 'utf8').trim();
  } catch {
    return null;
  }
}
