import * as z from 'zod';
import { key } from './key.ts';
import { duration, wholeNumber } from './text.ts';

const exitCode = () => wholeNumber(1, 255);
const signalName = () =>
  z
    .string()
    .regex(/^SIG[A-Z0-9]+$/)
    .meta({ expects: 'a signal name such as `SIGKILL`' });
/** `*` stands for any characters within a line; nothing else is special, so that no output can make the search slow. */
const outputPattern = () =>
  z
    .string()
    .min(3)
    .max(200)
    .meta({ expects: 'text of 3 to 200 characters, in which `*` stands for anything' });

export const retryCauseSchema = z
  .strictObject({
    exit_code: key(
      z
        .union([exitCode(), z.array(exitCode()).min(1)])
        .meta({ expects: 'an exit code from 1 to 255, or a list of those' }),
      'The command ended with this exit code, or one of these.',
      'exit_code: [75, 137]',
    ),
    signal: key(
      z
        .union([signalName(), z.array(signalName()).min(1)])
        .meta({ expects: 'a signal name such as `SIGKILL`, or a list of those' }),
      'The command was ended by this signal.',
      'signal: SIGKILL',
    ),
    output: key(
      outputPattern(),
      'The output has this text; `*` stands for anything within a line.',
      'output: "connection reset*"',
    ),
  })
  .meta({ id: 'retryCause' })
  .meta({ expects: 'a mapping with one of `exit_code`, `signal` and `output`' });

export const retrySchema = z
  .strictObject({
    max: key(wholeNumber(0, 10), 'Attempts after the first one.', 'max: 2'),
    delay: key(duration(), 'Time before the next attempt. Default: none.', 'delay: 10s'),
    backoff: key(
      z.number().min(1).max(10).meta({ expects: 'a number from 1 to 10' }),
      'Each further delay is the last one times this. Default: 1.',
      'delay: 10s\nbackoff: 2',
    ),
    on: key(
      z
        .array(
          z
            .union([z.enum(['timeout', 'lost']), retryCauseSchema])
            .meta({ expects: '`timeout`, `lost`, or `exit_code: 75`, `signal: SIGKILL` or `output: text`' }),
        )
        .meta({ expects: 'a list of causes' }),
      'Causes that are worth another attempt; any one is enough. Default: every failure but a cancellation.',
      'on: [timeout, lost, {exit_code: 75}]',
    ),
  })
  .meta({ id: 'retry' });

export const retry = () =>
  z.union([wholeNumber(0, 10), retrySchema]).meta({
    expects:
      'a number of further attempts from 0 to 10, or a mapping with `max`, `delay`, `backoff` and `on`',
  });
