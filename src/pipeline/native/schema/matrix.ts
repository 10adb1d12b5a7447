import * as z from 'zod';
import { key } from './key.ts';
import { flag, wholeExpression, wholeNumber } from './text.ts';

/** A value of an axis: plain data without expressions. */
const cellValue = () => z.json().meta({ expects: 'plain data' });
const combination = () =>
  z.record(z.string().min(1).max(100), cellValue()).meta({ expects: 'a mapping from axis to value' });

const axis = () =>
  z.union([wholeExpression('matrix'), z.array(cellValue()).min(1)]).meta({
    expects: 'a list of values, or one `${{ }}` expression',
    description:
      'Every other key is an axis: the job runs once for each combination of their values, at most 256.',
    example: 'node: [22, 24]\nos: [linux, mac]',
  });

/**
 * Every further key is an axis. TypeScript cannot say "every other key": named keys must fit the index signature, too. So
 * the type of an axis is `unknown` there, and only the check knows it.
 */
export const matrixSchema = z
  .object({
    include: key(
      z.array(combination()),
      'Adds to the combinations that fit, or adds combinations.',
      'node: [22, 24]\ninclude:\n  - {node: 24, coverage: true}',
    ),
    exclude: key(
      z.array(combination()),
      'Takes away the combinations that fit.',
      'node: [22, 24]\nos: [linux, mac]\nexclude:\n  - {node: 22, os: mac}',
    ),
    fail_fast: key(
      flag(),
      'One failed combination cancels the others. Default: true.',
      'node: [22, 24]\nfail_fast: false',
    ),
    max_parallel: key(
      wholeNumber(1, 256),
      'How many combinations run at the same time.',
      'node: [22, 24]\nmax_parallel: 1',
    ),
  })
  .catchall(axis() as z.ZodType<unknown>)
  .meta({ id: 'matrix' });

export const matrix = () =>
  z
    .union([wholeExpression('matrix'), matrixSchema])
    .meta({ expects: 'a mapping of axes, or one `${{ }}` expression' });
