import * as z from 'zod';
import { key } from './key.ts';
import { flag, text } from './text.ts';
import { variableName } from './variable.ts';

const scalar = () =>
  z.union([z.string(), z.number(), z.boolean()]).meta({ expects: 'text, a number, `true` or `false`' });

export const inputSchema = z
  .strictObject({
    description: key(text(), 'For people.', 'description: Where to deploy'),
    required: key(flag(), 'It must be given.', 'required: true'),
    default: key(scalar(), 'Its value when none is given.', 'default: staging'),
    options: key(
      z.array(scalar()).min(1).meta({ expects: 'a list of values' }),
      'The only values allowed.',
      'options: [staging, production]',
    ),
  })
  .meta({ id: 'input' });

/** Inputs by name; a plain value is the default. */
export const inputs = () =>
  z
    .record(
      variableName(),
      z.union([scalar(), z.null(), inputSchema]).meta({
        expects: 'a default value, or a mapping with `description`, `required`, `default`, `options`',
      }),
    )
    .meta({ expects: 'a mapping of inputs' });
