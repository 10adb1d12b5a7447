import * as z from 'zod';
import { key } from './key.ts';
import { choice, idText, text, wholeNumber } from './text.ts';

const limit = () => z.number().meta({ expects: 'a number' });

export const gateSchema = z
  .strictObject({
    name: key(
      idText(),
      'What the condition is called.',
      'name: coverage\nmetric: coverage.line\nat_least: 80',
    ),
    preset: key(idText(), 'A ready condition by its name.', 'preset: coverage-unit'),
    metric: key(
      text().min(1),
      'The figure to judge, as an expression over facts.',
      'metric: coverage.line\nat_least: 80',
      ['condition'],
    ),
    at_least: key(limit(), 'Passes at this value or above.', 'metric: coverage.line\nat_least: 80'),
    at_most: key(limit(), 'Passes at this value or below.', 'metric: findings.critical\nat_most: 0'),
    not_below: key(
      choice('target'),
      'Passes when it is not worse than on the target branch.',
      'metric: coverage.line\nnot_below: target',
    ),
    tolerance: key(
      limit().min(0),
      'How much worse `not_below` allows.',
      'metric: coverage.line\nnot_below: target\ntolerance: 0.1',
    ),
    scope: key(
      choice('all', 'new'),
      '`new`: only changed lines. Default: `all`.',
      'metric: coverage.line\nat_least: 90\nscope: new',
    ),
    min_sample: key(
      wholeNumber(0, 1_000_000_000),
      'Fewer than this decide nothing.',
      'metric: coverage.line\nat_least: 80\nmin_sample: 20',
    ),
    mode: key(
      choice('block', 'warn', 'shadow'),
      'What a failure does. Default: `block`.',
      'preset: mutation\nmode: warn',
    ),
    missing: key(
      choice('fail', 'warn', 'skip'),
      'What an absent report means. Default: `fail`.',
      'preset: load\nmissing: warn',
    ),
  })
  .meta({ id: 'gate' });

export const gates = () =>
  z
    .array(z.union([idText(), gateSchema]).meta({ expects: 'the name of a preset, or a condition' }))
    .min(1)
    .meta({ expects: 'a list of gates' });
