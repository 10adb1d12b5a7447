import type { DeployFreeze, DeployWindow } from '../../pipeline/plan-environment.ts';
import { type CalendarDay, dayOf, ruleHolds } from './recurrence.ts';

export interface Opening {
  /** Why it is closed, a sentence without a full stop; null: it is open. */
  readonly closed: string | null;
  /** When it opens; null: it is open, or does not open within a year. */
  readonly untilMs: number | null;
}

const OPEN: Opening = { closed: null, untilMs: null };
const DAY_MS = 86_400_000;
const MINUTE_MS = 60_000;
const DAYS_AHEAD = 370;

/** Whether a deployment may begin at a moment, and when it may. Windows count in their own time zones, through clock changes too. */
export function openingAt(
  windows: readonly DeployWindow[],
  freezes: readonly DeployFreeze[],
  nowMs: number,
): Opening {
  let atMs = nowMs;
  let closed: string | null = null;
  // Leaving a freeze may lead outside of the windows, and a window's beginning into a freeze.
  for (let turns = 0; turns < 100; turns++) {
    const freeze = freezes.find(({ start, end }) => Date.parse(start) <= atMs && atMs < Date.parse(end));
    if (freeze) {
      const why = freeze.reason === null ? '' : ` (${freeze.reason})`;
      closed ??= `deployments are frozen until ${new Date(freeze.end).toISOString()}${why}`;
      atMs = Date.parse(freeze.end);
      continue;
    }
    if (windows.length === 0 || windows.some((window) => isWithin(window, atMs)))
      return closed === null ? OPEN : { closed, untilMs: atMs };
    closed ??= 'it is outside of the windows for deployments';
    const starts = windows.map((window) => nextStart(window, atMs)).filter((start) => start !== null);
    if (starts.length === 0) return { closed, untilMs: null };
    atMs = Math.min(...starts);
  }
  return { closed, untilMs: null };
}

/** A window that ends on the next day belongs to the day on which it begins. */
function isWithin(window: DeployWindow, atMs: number): boolean {
  const { day, minute } = localTime(atMs, window.timeZone);
  const { fromMinute, toMinute } = window;
  if (fromMinute < toMinute) return minute >= fromMinute && minute < toMinute && holds(window, day);
  return (minute >= fromMinute && holds(window, day)) || (minute < toMinute && holds(window, day - 1));
}

function holds({ rule }: DeployWindow, day: number): boolean {
  return rule === null || ruleHolds(rule, dayOf(day));
}

function nextStart(window: DeployWindow, atMs: number): number | null {
  const { day: today } = localTime(atMs, window.timeZone);
  for (let day = today; day <= today + DAYS_AHEAD; day++) {
    if (!holds(window, day)) continue;
    const start = momentOf(day, window.fromMinute, window.timeZone);
    if (start > atMs) return start;
  }
  return null;
}

/** The moment of a local time. One that a clock change leaves out is as much later as the clock was moved. */
function momentOf(day: number, minute: number, timeZone: string): number {
  const wanted = day * DAY_MS + minute * MINUTE_MS;
  const offset = (ms: number): number => {
    const local = localTime(ms, timeZone);
    return local.day * DAY_MS + local.minute * MINUTE_MS - Math.floor(ms / MINUTE_MS) * MINUTE_MS;
  };
  const guess = wanted - offset(wanted);
  const better = wanted - offset(guess);
  return offset(better) === offset(guess) ? better : Math.max(guess, better);
}

const FORMATS = new Map<string, Intl.DateTimeFormat>();

function localTime(ms: number, timeZone: string): { readonly day: number; readonly minute: number } {
  let format = FORMATS.get(timeZone);
  if (!format) {
    const parts = { year: 'numeric', month: 'numeric', day: 'numeric', hour: 'numeric', minute: 'numeric' };
    format = new Intl.DateTimeFormat('en-US', { timeZone, hourCycle: 'h23', ...(parts as object) });
    FORMATS.set(timeZone, format);
  }
  const found = new Map(format.formatToParts(ms).map(({ type, value }) => [type, Number(value)]));
  const date: CalendarDay = {
    year: found.get('year')!,
    month: found.get('month')!,
    day: found.get('day')!,
  };
  return {
    day: Date.UTC(date.year, date.month - 1, date.day) / DAY_MS,
    minute: found.get('hour')! * 60 + found.get('minute')!,
  };
}
