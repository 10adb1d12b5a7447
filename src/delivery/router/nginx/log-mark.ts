import type { Stats } from 'node:fs';

/** How long a log was at some time. */
export interface LogMark {
  /** Tells the file from another one that took its name, and maybe its number. */
  readonly file: string;
  readonly bytes: number;
}

export function markOf({ ino, birthtimeMs, size }: Stats): LogMark {
  return { file: `${ino}-${birthtimeMs}`, bytes: size };
}

/** Whether a log that has this mark now only grew since it had that one. */
export function isGrown(now: LogMark, then: LogMark | null): then is LogMark {
  return then !== null && now.file === then.file && now.bytes >= then.bytes;
}
