import * as z from 'zod';
import { cronProblem } from './cron.ts';
import { inputs } from './input.ts';
import { key } from './key.ts';
import { choice, globs } from './text.ts';

export const TRIGGER_EVENTS = ['push', 'pull_request', 'tag', 'schedule', 'manual', 'api'] as const;
const event = () => choice(...TRIGGER_EVENTS);

const cron = () =>
  z
    .string()
    .superRefine((pattern, context) => {
      const problem = cronProblem(pattern);
      if (problem) context.addIssue({ code: 'custom', message: problem });
    })
    .meta({ expects: 'a cron line with five fields, such as `0 3 * * 1-5`' });

export const manualSchema = z
  .strictObject({
    inputs: key(inputs(), 'What a person may give.', 'inputs:\n  target: {options: [staging, production]}'),
  })
  .meta({ id: 'manual' });

export const triggerSchema = z
  .strictObject({
    events: key(
      z.union([event(), z.array(event()).min(1)]).meta({ expects: 'an event or a list of events' }),
      'Which events start the pipeline. Default: those that the other keys speak of.',
      'events: [push, pull_request]',
      ['event'],
    ),
    branches: key(
      globs(),
      'Only these branches (of a pull request: its target).',
      'branches: [main, "release/*"]',
      ['branch'],
    ),
    branches_ignore: key(globs(), 'Not these branches.', 'branches_ignore: ["dependabot/**"]'),
    tags: key(globs(), 'Only these tags.', 'tags: ["v*"]', ['tag']),
    paths: key(globs(), 'Only when one of the changed files fits.', 'paths: ["src/**"]', ['path']),
    paths_ignore: key(globs(), 'Not when all the changed files fit.', 'paths_ignore: ["docs/**"]'),
    schedule: key(
      z.union([cron(), z.array(cron()).min(1).max(20)]).meta({ expects: 'a cron line or a list of those' }),
      'At these times (UTC), as cron lines with five fields: minute, hour, day, month, weekday.',
      'schedule: "0 3 * * 1-5"',
    ),
    manual: key(
      z.union([z.boolean(), manualSchema]).meta({ expects: '`true`, or a mapping with `inputs`' }),
      'A person may start it, with these inputs.',
      'manual:\n  inputs:\n    target: {default: staging}',
    ),
  })
  .meta({ id: 'trigger' });

export const trigger = () =>
  z
    .union([event(), z.array(event()).min(1), triggerSchema])
    .meta({ expects: 'an event, a list of events, or a mapping with `branches`, `events` and so on' });
