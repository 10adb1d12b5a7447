import { join } from 'node:path';
import { digestOf } from '../../base/digest.ts';

/** Where the logs of a run lie, below Sluice's data folder. */
export function logFolder(directory: string, runId: string): string {
  return join(directory, 'logs', safeName(runId));
}

/** The log of one try of a step: exactly its masked output. `stepKey` as the runner makes it: step id and try. */
export function logFile(
  directory: string,
  runId: string,
  cell: string,
  attempt: number,
  stepKey: string,
): string {
  return join(logFolder(directory, runId), `${safeName(cell)}.${attempt}`, `${safeName(stepKey)}.log`);
}

/** The index beside a log: when which part arrived. */
export function indexFile(log: string): string {
  return `${log.slice(0, -'.log'.length)}.idx`;
}

/** What the step wrote for people, masked; Markdown. */
export function summaryFile(log: string): string {
  return `${log.slice(0, -'.log'.length)}.md`;
}

/** The name of one try of a step in file names and towards the executor. */
export function stepKey(step: string, tryNumber: number): string {
  return `${safeName(step)}.${tryNumber}`;
}

const SAFE = /^(?!.*--)[a-z0-9][a-z0-9_-]{0,63}(\.\d+)?$/;

/**
 * A file name for any text. Text that is already plain keeps its look; else a digest makes up for what is replaced, also
 * for capitals, which some file systems do not tell apart. Letters, digits, `-`, `_` and `.` only.
 */
export function safeName(text: string): string {
  if (SAFE.test(text)) return text;
  const slug = text
    .replace(/[^A-Za-z0-9_-]+/g, '-')
    .slice(0, 40)
    .replace(/^-+|-+$/g, '');
  return `${slug}--${digestOf(text).slice(0, 10)}`;
}
