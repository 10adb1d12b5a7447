const DAY = '(MO|TU|WE|TH|FR|SA|SU)';
const NUMBER = (digits: number) => `-?[1-9]\\d{0,${digits - 1}}`;
const listed = (one: string) => new RegExp(`^${one}(,${one})*$`);

/** The parts of a rule that choose days. Times of day are the window's own `from` and `to`. */
const PARTS: Readonly<Record<string, RegExp>> = {
  FREQ: /^(DAILY|WEEKLY|MONTHLY|YEARLY)$/,
  INTERVAL: /^[1-9]\d{0,3}$/,
  BYDAY: listed(`(${NUMBER(2)})?${DAY}`),
  BYMONTHDAY: listed(NUMBER(2)),
  BYMONTH: listed('([1-9]|1[0-2])'),
  BYWEEKNO: listed(NUMBER(2)),
  BYYEARDAY: listed(NUMBER(3)),
  BYSETPOS: listed(NUMBER(3)),
  WKST: new RegExp(`^${DAY}$`),
  COUNT: /^[1-9]\d{0,5}$/,
  UNTIL: /^\d{8}(T\d{6}Z)?$/,
};

/** What is wrong with a recurrence rule of RFC 5545 that chooses days, in words that follow its key; null when it is right. */
export function recurrenceProblem(rule: string): string | null {
  const seen = new Set<string>();
  for (const part of rule.split(';')) {
    const [name = '', value = ''] = part.split(/=(.*)/s);
    const pattern = Object.hasOwn(PARTS, name) ? PARTS[name] : undefined;
    if (/^BY(HOUR|MINUTE|SECOND)$/.test(name))
      return `has \`${name}\`; times of day stand under \`from\` and \`to\``;
    if (!pattern)
      return `has \`${name.slice(0, 30)}\`, which is no part of a rule; there are ${Object.keys(PARTS).join(', ')}`;
    if (!pattern.test(value)) return `has \`${part.slice(0, 40)}\`, which cannot be read`;
    if (seen.has(name)) return `has \`${name}\` twice`;
    seen.add(name);
  }
  if (!seen.has('FREQ')) return 'has no `FREQ`, such as `FREQ=WEEKLY`';
  return seen.has('COUNT') && seen.has('UNTIL') ? 'has `COUNT` and `UNTIL`, but may have one of them' : null;
}
