import * as z from 'zod';
import { key } from './key.ts';
import { choice, displayName, duration, flag, template, text, wholeNumber } from './text.ts';
import { variableName } from './variable.ts';

const scalar = () =>
  z.union([z.string(), z.number(), z.boolean()]).meta({ expects: 'text, a number, `true` or `false`' });

export const approvalFieldSchema = z
  .strictObject({
    description: key(text(), 'What is asked.', 'description: Which ticket?'),
    type: key(
      choice('text', 'flag', 'choice'),
      'Default: `choice` with `options`, else `text`.',
      'type: flag',
    ),
    required: key(flag(), 'It must be filled in. Default: false.', 'required: true'),
    default: key(scalar(), 'What stands in it at first.', 'default: none'),
    options: key(
      z.array(scalar()).min(1).meta({ expects: 'a list of values' }),
      'The only answers allowed.',
      'options: [planned, urgent]',
    ),
  })
  .meta({ id: 'approvalField' });

export const approvalSchema = z
  .strictObject({
    message: key(
      template('jobEnv'),
      'What is asked, for people.',
      'message: Ship ${{ git.short_sha }} to production?',
    ),
    approvers: key(
      z
        .union([displayName(), z.array(displayName())])
        .meta({ expects: 'an account or `team/NAME`, or a list of those' }),
      'Who may approve. Default: everyone who may in this repository.',
      'approvers: [alice, team/operations]',
    ),
    count: key(wholeNumber(1, 20), 'How many people must agree. Default: 1.', 'count: 2'),
    author: key(flag(), 'The author of the change may be one of them. Default: false.', 'author: true'),
    form: key(
      z
        .record(
          variableName(),
          z.union([z.string(), approvalFieldSchema]).meta({ expects: 'a question, or a mapping' }),
        )
        .meta({ expects: 'a mapping from name to question' }),
      'What whoever approves fills in; the answers are outputs of the job.',
      'form: {ticket: {description: Which ticket?, required: true}}',
    ),
    expires: key(duration(), 'How long it waits. Default: the time-out of the stage.', 'expires: 3d'),
    on_expiry: key(
      choice('reject', 'approve'),
      'What it is when nobody answered. Default: `reject`.',
      'expires: 1d\non_expiry: reject',
    ),
  })
  .meta({ id: 'approval' });

export const approval = () =>
  z
    .union([z.literal(true), wholeNumber(1, 20), approvalSchema])
    .meta({ expects: '`true`, a number of people, or a mapping' });
