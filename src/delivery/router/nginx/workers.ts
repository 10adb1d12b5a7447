import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as wait } from 'node:timers/promises';

const POLL_MS = 10;

/** Worker processes of an nginx on this machine. */
export interface Workers {
  /** They take requests. */
  readonly serving: readonly number[];
  /** They end the requests that they have. */
  readonly leaving: readonly number[];
}

/** The workers of the nginx with this file of its master's number; null: it does not run, or cannot be seen from here. */
export function workersOf(pidFile: string): Workers | null {
  try {
    const master = Number(readFileSync(pidFile, 'utf8'));
    if (!commandOf(master).startsWith('nginx: master')) return null;
    const titles = childrenOf(master).map((pid) => [pid, commandOf(pid)] as const);
    const workers = titles.filter(([, title]) => title.startsWith('nginx: worker process'));
    const isLeaving = (title: string) => title.includes('is shutting down');
    return {
      serving: workers.filter(([, title]) => !isLeaving(title)).map(([pid]) => pid),
      leaving: workers.filter(([, title]) => isLeaving(title)).map(([pid]) => pid),
    };
  } catch {
    return null;
  }
}

/** Waits until none of `before` takes requests any more and others do. Returns whether that came in time. */
export async function untilReplaced(pidFile: string, before: Workers, timeoutMs: number): Promise<boolean> {
  const untilMs = performance.now() + timeoutMs;
  while (performance.now() < untilMs) {
    const now = workersOf(pidFile);
    const isOut = (pid: number) =>
      !now?.serving.includes(pid) && (!now?.leaving.includes(pid) || isAtRest(pid));
    if (now !== null && now.serving.length > 0 && before.serving.every(isOut)) return true;
    await wait(POLL_MS);
  }
  return false;
}

/**
 * Whether a process waits for something to happen. A worker that leaves says so before it closes the connections on which nothing
 * goes on: until it waits again, a request on one of those would still be served with the weights of before.
 */
function isAtRest(pid: number): boolean {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    return stat[stat.lastIndexOf(')') + 2] === 'S';
  } catch {
    return true; // It is gone.
  }
}

function childrenOf(pid: number): readonly number[] {
  return readdirSync(`/proc/${pid}/task`).flatMap((thread) =>
    readFileSync(`/proc/${pid}/task/${thread}/children`, 'utf8').split(' ').filter(Boolean).map(Number),
  );
}

function commandOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
  } catch {
    return '';
  }
}
