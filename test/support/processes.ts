import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';

export interface ProcessSeen {
  readonly pid: number;
  readonly command: string;
}

/** Processes that have to do with a test's folder: it is in their command line, environment or working directory. */
export function processesOf(folder: string): ProcessSeen[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .flatMap((name) => {
      const command = contentOf(`/proc/${name}/cmdline`).replaceAll('\0', ' ').trim();
      const about = [command, contentOf(`/proc/${name}/environ`), linkOf(`/proc/${name}/cwd`)];
      return about.some((text) => text.includes(folder)) ? [{ pid: Number(name), command }] : [];
    });
}

/** What is left of `processesOf` when it has had so long to go. */
export async function processesAfter(folder: string, waitMs: number): Promise<ProcessSeen[]> {
  const end = Date.now() + waitMs;
  for (;;) {
    const left = processesOf(folder);
    if (left.length === 0 || Date.now() > end) return left;
    await delay(50);
  }
}

/** Kills what a program left behind of a test's folder: its helper, steps and their children. */
export function killProcessesOf(folder: string): void {
  // The helper first: it would tell how the steps ended.
  const all = processesOf(folder).sort((one, other) => Number(isHelper(other)) - Number(isHelper(one)));
  for (const { pid } of all) killProcess(pid);
}

/** Whether it is the program's helper that starts steps. */
export function isHelper({ command }: ProcessSeen): boolean {
  return command.includes('supervisor.pl');
}

/** Kills with SIGKILL; false when it is gone already. */
export function killProcess(pid: number): boolean {
  try {
    return process.kill(pid, 'SIGKILL');
  } catch {
    return false;
  }
}

function contentOf(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}

function linkOf(file: string): string {
  try {
    return readlinkSync(file);
  } catch {
    return '';
  }
}
