import { userError } from '../../base/diagnostic.ts';
import { nearestName } from '../../base/near.ts';
import { visible } from '../../base/text.ts';
import type { Context } from '../context.ts';
import { type CheckOptions, checkFiles } from '../gate/check.ts';
import { explain } from '../gate/explain.ts';
import { history } from '../gate/history.ts';

const ACTIONS = ['check', 'explain', 'history'] as const;

/** `sluice gate ACTION`: judge reports, and tell how and why they were judged. */
export async function perform(
  context: Context,
  [action = '', ...words]: readonly string[],
  options: CheckOptions & { readonly limit?: string },
): Promise<number> {
  switch (action) {
    case 'check':
      return checkFiles(context, words, options);
    case 'explain':
      return explain(context, words);
    case 'history':
      return history(context, words, options);
  }
  const near = nearestName(action, ACTIONS);
  throw userError(
    'unknown-action',
    `gate cannot ${visible(action)}`,
    near ? `did you mean sluice gate ${near}?` : `it can ${ACTIONS.join(', ')}`,
  );
}
