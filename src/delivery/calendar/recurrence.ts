/** A day of a calendar, without a time zone. `month` is 1 to 12. */
export interface CalendarDay {
  readonly year: number;
  readonly month: number;
  readonly day: number;
}

const DAY_MS = 86_400_000;
const NAMES = ['SU', 'MO', 'TU', 'WE', 'TH', 'FR', 'SA'] as const;

/**
 * Whether a recurrence rule of RFC 5545 that chooses days holds on a day. The rule is one that the pipeline's reader accepted. It
 * has no beginning of its own: INTERVAL and COUNT count from 1970-01-01.
 */
export function ruleHolds(rule: string, day: CalendarDay): boolean {
  const parts = partsOf(rule);
  const until = parts.get('UNTIL');
  if (until !== undefined && stamp(day) > until.slice(0, 8)) return false;
  if (!onPeriod(parts, day)) return false;
  const set = setOf(parts, day);
  if (!set.some((one) => stamp(one) === stamp(day))) return false;
  const count = parts.get('COUNT');
  return count === undefined || occurrencesBefore(parts, day) < Number(count);
}

function partsOf(rule: string): ReadonlyMap<string, string> {
  return new Map(rule.split(';').map((part) => part.split('=') as [string, string]));
}

const EPOCH: CalendarDay = { year: 1970, month: 1, day: 1 };

/** With COUNT the days before are counted; a rule that ended long ago is left at once. */
function occurrencesBefore(parts: ReadonlyMap<string, string>, day: CalendarDay): number {
  const max = Number(parts.get('COUNT'));
  const end = serial(day);
  let found = 0;
  for (let at = serial(EPOCH); at < end && found < max; at++) {
    const one = dayOf(at);
    if (onPeriod(parts, one) && setOf(parts, one).some((other) => stamp(other) === stamp(one))) found += 1;
  }
  return found;
}

/** Whether the day's period (day, week, month, year) is one of every INTERVAL. */
function onPeriod(parts: ReadonlyMap<string, string>, day: CalendarDay): boolean {
  const interval = Number(parts.get('INTERVAL') ?? 1);
  if (interval === 1) return true;
  const index = {
    DAILY: serial(day),
    WEEKLY: Math.floor((serial(weekStart(parts, day)) - serial(weekStart(parts, EPOCH))) / 7),
    MONTHLY: (day.year - 1970) * 12 + day.month - 1,
    YEARLY: day.year - 1970,
  }[parts.get('FREQ') as 'DAILY'];
  return index % interval === 0;
}

/** All days that the rule chooses in the period of this day, in order. */
function setOf(parts: ReadonlyMap<string, string>, day: CalendarDay): readonly CalendarDay[] {
  const all = periodOf(parts, day).filter((one) => chosen(parts, one));
  const positions = parts.get('BYSETPOS')?.split(',').map(Number);
  if (!positions) return all;
  return all.filter((_, index) => positions.includes(index + 1) || positions.includes(index - all.length));
}

function periodOf(parts: ReadonlyMap<string, string>, day: CalendarDay): readonly CalendarDay[] {
  switch (parts.get('FREQ')) {
    case 'WEEKLY':
      return days(serial(weekStart(parts, day)), 7);
    case 'MONTHLY':
      return days(serial({ ...day, day: 1 }), monthLength(day));
    case 'YEARLY':
      return days(serial({ year: day.year, month: 1, day: 1 }), yearLength(day.year));
    default:
      return [day];
  }
}

function chosen(parts: ReadonlyMap<string, string>, day: CalendarDay): boolean {
  const numbers = (name: string) => parts.get(name)?.split(',').map(Number);
  const months = numbers('BYMONTH');
  if (months && !months.includes(day.month)) return false;
  const monthDays = numbers('BYMONTHDAY');
  if (monthDays && !hasPosition(monthDays, day.day, monthLength(day))) return false;
  const yearDays = numbers('BYYEARDAY');
  const yearDay = serial(day) - serial({ year: day.year, month: 1, day: 1 }) + 1;
  if (yearDays && !hasPosition(yearDays, yearDay, yearLength(day.year))) return false;
  const weeks = numbers('BYWEEKNO');
  if (weeks && !weeks.includes(weekNumber(day))) return false;
  const byDay = parts.get('BYDAY')?.split(',');
  if (byDay) return byDay.some((one) => isNamed(parts, one, day));
  return isAnchored(parts, day);
}

/** What is not said is as on 1970-01-01: weekly a Thursday, monthly the 1st, yearly the 1st of January. */
function isAnchored(parts: ReadonlyMap<string, string>, day: CalendarDay): boolean {
  const has = (...names: string[]) => names.some((name) => parts.has(name));
  switch (parts.get('FREQ')) {
    case 'WEEKLY':
      return weekday(day) === weekday(EPOCH);
    case 'MONTHLY':
      return has('BYMONTHDAY') || day.day === 1;
    case 'YEARLY':
      if (has('BYMONTHDAY', 'BYYEARDAY')) return true;
      if (has('BYWEEKNO')) return weekday(day) === weekday(EPOCH);
      return day.day === 1 && (has('BYMONTH') || day.month === 1);
    default:
      return true;
  }
}

/** `MO`, or with a position: the second Monday (`2MO`), the last Friday (`-1FR`) of the month or year. */
function isNamed(parts: ReadonlyMap<string, string>, name: string, day: CalendarDay): boolean {
  if (NAMES[weekday(day)] !== name.slice(-2)) return false;
  const position = Number(name.slice(0, -2));
  if (name.length === 2) return true;
  const isYear = parts.get('FREQ') === 'YEARLY' && !parts.has('BYMONTH');
  const first = isYear ? { year: day.year, month: 1, day: 1 } : { ...day, day: 1 };
  const before = serial(day) - serial(first);
  const length = isYear ? yearLength(day.year) : monthLength(day);
  return position > 0
    ? Math.floor(before / 7) + 1 === position
    : -Math.floor((length - 1 - before) / 7) - 1 === position;
}

function hasPosition(wanted: readonly number[], position: number, length: number): boolean {
  return wanted.includes(position) || wanted.includes(position - length - 1);
}

/** The week of ISO 8601. */
function weekNumber(day: CalendarDay): number {
  const thursday = serial(day) + 4 - (weekday(day) || 7);
  const { year } = dayOf(thursday);
  return Math.floor((thursday - serial({ year, month: 1, day: 1 })) / 7) + 1;
}

function weekStart(parts: ReadonlyMap<string, string>, day: CalendarDay): CalendarDay {
  const first = NAMES.indexOf((parts.get('WKST') ?? 'MO') as 'MO');
  return dayOf(serial(day) - ((weekday(day) - first + 7) % 7));
}

function days(from: number, count: number): CalendarDay[] {
  return Array.from({ length: count }, (_, index) => dayOf(from + index));
}

function monthLength({ year, month }: CalendarDay): number {
  return new Date(Date.UTC(year, month, 0)).getUTCDate();
}

function yearLength(year: number): number {
  return serial({ year: year + 1, month: 1, day: 1 }) - serial({ year, month: 1, day: 1 });
}

function weekday(day: CalendarDay): number {
  return new Date(serial(day) * DAY_MS).getUTCDay();
}

/** Days since 1970-01-01, and back. */
function serial({ year, month, day }: CalendarDay): number {
  return Date.UTC(year, month - 1, day) / DAY_MS;
}

export function dayOf(days: number): CalendarDay {
  const date = new Date(days * DAY_MS);
  return { year: date.getUTCFullYear(), month: date.getUTCMonth() + 1, day: date.getUTCDate() };
}

function stamp({ year, month, day }: CalendarDay): string {
  return `${year}${String(month).padStart(2, '0')}${String(day).padStart(2, '0')}`;
}
