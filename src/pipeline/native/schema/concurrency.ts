import * as z from 'zod';
import { type ContextName, key, requiredKey } from './key.ts';
import { choice, template } from './text.ts';

export const concurrencySchema = (contexts: ContextName) =>
  z.strictObject({
    group: requiredKey(
      template(contexts),
      'Runs (or jobs) whose group is the same text do not run at the same time.',
      'group: deploy-${{ git.branch }}',
    ),
    policy: key(
      choice('queue', 'newest-wins', 'cancel-running', 'never-cancel'),
      '`queue`: first come, first served. `newest-wins`: one waits, and a newer one replaces it. `cancel-running`: a newer one cancels the running one. `never-cancel`: a queue from which nothing may be superseded. Default: `queue`.',
      'group: deploy\npolicy: never-cancel',
    ),
  });

export const concurrency = (contexts: ContextName) =>
  z
    .union([template(contexts), concurrencySchema(contexts)])
    .meta({ expects: 'a group name, or a mapping with `group` and `policy`' });
