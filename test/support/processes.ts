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
