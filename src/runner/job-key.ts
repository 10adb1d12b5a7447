import { safeName } from './log/paths.ts';

/** The group that all attempts of a run are in. A run's own id is plain and stays as it is. */
export function runGroup(runId: string): string {
  return safeName(runId);
}

/** The key under which an executor knows one attempt of a cell. */
export function jobKey(runId: string, cell: string, attempt: number): string {
  return `${runGroup(runId)}.${safeName(cell)}.${attempt}`;
}
