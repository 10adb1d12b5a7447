import { safeName } from './log/paths.ts';

/** The key under which an executor knows one attempt of a cell. */
export function jobKey(runId: string, cell: string, attempt: number): string {
  return `${safeName(runId)}.${safeName(cell)}.${attempt}`;
}
