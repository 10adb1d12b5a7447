import { Cron } from 'croner';

/** A fixed day before a leap day, so that the answer depends on the pattern alone. */
const REFERENCE = new Date('2024-01-01T00:00:00Z');

/** What is wrong with a cron line of five fields, in words that follow it; null when it is right. */
export function cronProblem(pattern: string): string | null {
  const fields = pattern.trim().split(/\s+/).length;
  if (!pattern.startsWith('@') && fields !== 5) {
    return `has ${fields} ${fields === 1 ? 'field' : 'fields'}, but a cron line has five: minute, hour, day, month, weekday`;
  }
  try {
    const next = new Cron(pattern, { mode: '5-part', paused: true, timezone: 'UTC' }).nextRun(REFERENCE);
    return next ? null : 'names a day that never comes';
  } catch (error) {
    const why = error instanceof Error ? error.message.replace(/^CronPattern: /, '') : String(error);
    return `is no cron line: ${why.charAt(0).toLowerCase()}${why.slice(1).replace(/\.$/, '')}`;
  }
}
