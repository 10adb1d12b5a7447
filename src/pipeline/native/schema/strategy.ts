import * as z from 'zod';
import { key, requiredKey } from './key.ts';
import { choice, duration, flag, text, wholeNumber } from './text.ts';

export const STRATEGIES = ['rolling', 'blue_green', 'blue-green', 'canary', 'recreate'] as const;

const headerName = () =>
  z
    .string()
    .regex(/^[A-Za-z0-9!#$%&'*+.^_`|~-]+$/)
    .meta({ expects: 'the name of a header or cookie' });

const weights = () =>
  z
    .array(z.number())
    .superRefine((list, context) => {
      const problem = weightsProblem(list);
      if (problem) context.addIssue({ code: 'custom', message: problem });
    })
    .meta({ expects: 'a list of percentages' });

function weightsProblem(list: readonly number[]): string | null {
  if (list.length === 0) return 'is empty; write the percentages, such as `[5, 25, 50, 100]`';
  const outside = list.find((weight) => !(weight > 0 && weight <= 100));
  if (outside !== undefined) return `has ${outside}, but a weight is more than 0 and at most 100`;
  const back = list.findIndex((weight, index) => index > 0 && weight <= list[index - 1]!);
  if (back > 0)
    return `goes from ${list[back - 1]} to ${list[back]}, but each weight must be more than the one before`;
  return list.at(-1) === 100 ? null : `ends at ${list.at(-1)}, but the last weight must be 100`;
}

export const trafficMatchSchema = z
  .strictObject({
    header: key(headerName(), 'The name of a header.', 'header: X-Version\nvalue: next'),
    cookie: key(headerName(), 'The name of a cookie.', 'cookie: version\nvalue: next'),
    value: requiredKey(text(), 'The value that it must have.', 'header: X-Version\nvalue: next'),
  })
  .meta({ id: 'trafficMatch' });

export const strategySchema = z
  .strictObject({
    type: requiredKey(choice(...STRATEGIES), 'How the new version takes over.', 'type: canary', ['name']),
    weights: key(
      weights(),
      'Canary: percent of traffic at each step, ascending to 100. Default: 5, 25, 50, 100.',
      'type: canary\nweights: [10, 50, 100]',
      ['steps'],
    ),
    observe: key(
      duration(),
      'Canary: how long each step is watched. Default: 15m.',
      'type: canary\nobserve: 10m',
      ['observation'],
    ),
    batch: key(
      z
        .union([wholeNumber(1, 1000), z.string().regex(/^(100|[1-9]\d?)%$/)])
        .meta({ expects: 'a number of hosts, or a percentage such as `25%`' }),
      'Rolling: how many hosts at a time. Default: 25%.',
      'type: rolling\nbatch: 25%',
    ),
    max_failures: key(
      wholeNumber(0, 1000),
      'Rolling: failed hosts in a row after which it goes back. Default: 0.',
      'type: rolling\nmax_failures: 1',
    ),
    bake: key(duration(), 'How long the old version stays warm at the end.', 'type: blue_green\nbake: 10m'),
    advance: key(
      choice('timed', 'proven'),
      '`proven`: a step may end early when it is proven safe. Default: `timed`.',
      'type: canary\nadvance: proven',
    ),
    min_sample: key(
      wholeNumber(0, 1_000_000_000),
      'Requests that a step must have seen.',
      'type: canary\nmin_sample: 500',
    ),
    on_undecided: key(
      choice('hold', 'proceed', 'rollback'),
      'When evidence decides nothing. `hold`, the default, waits to the deadline of the step; then it goes back in production, and on elsewhere.',
      'type: canary\non_undecided: rollback',
    ),
    on_no_data: key(
      choice('hold', 'proceed', 'rollback'),
      'When there is no evidence. `hold`, the default, waits to the deadline of the step; then it goes back in production, and on elsewhere.',
      'type: canary\non_no_data: rollback',
    ),
    match: key(
      z
        .union([trafficMatchSchema, z.array(trafficMatchSchema).min(1)])
        .meta({ expects: 'a mapping with `header` or `cookie`, or a list of those' }),
      'Requests that always get the new version while it goes out.',
      'type: canary\nmatch: {header: X-Version, value: next}',
    ),
    sticky: key(flag(), 'A visitor stays on one version.', 'type: canary\nsticky: true'),
  })
  .meta({ id: 'strategy' });

export const strategy = () =>
  z
    .union([choice(...STRATEGIES), strategySchema])
    .meta({ expects: 'one of `rolling`, `blue_green`, `canary` and `recreate`, or a mapping with `type`' });
