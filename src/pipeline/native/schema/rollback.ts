import * as z from 'zod';
import { key } from './key.ts';
import { choice, displayName, duration, flag, wholeNumber } from './text.ts';

export const ROLLBACK_STRATEGIES = [
  'immediate',
  'rolling',
  'gradual',
  'blue_green',
  'blue-green',
  'canary',
  'manual',
  'partial',
] as const;

export const rollbackSchema = z
  .strictObject({
    strategy: key(
      choice(...ROLLBACK_STRATEGIES),
      'How it goes back. `manual` only prints the plan. Default: `immediate`.',
      'strategy: immediate',
    ),
    automatic: key(flag(), 'It goes back by itself when a check says so. Default: true.', 'automatic: true'),
    only: key(
      z.array(displayName()).min(1).meta({ expects: 'a list of hosts or services' }),
      '`partial`: which hosts or services go back.',
      'strategy: partial\nonly: [web-1.example.com]',
    ),
    timeout: key(duration(), 'Longest time for each step of it.', 'timeout: 1m'),
    retries: key(wholeNumber(0, 10), 'Further attempts of each step.', 'retries: 2'),
    on_irreversible: key(
      choice('revert', 'freeze', 'roll_forward'),
      'When a migration cannot be taken back. Default: `freeze`.',
      'on_irreversible: freeze',
    ),
  })
  .meta({ id: 'rollback' });

export const rollback = () =>
  z
    .union([choice(...ROLLBACK_STRATEGIES), rollbackSchema])
    .meta({ expects: 'the name of a rollback strategy, or a mapping' });
