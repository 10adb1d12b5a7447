import { userError } from '../../base/diagnostic.ts';
import { visible } from '../../base/text.ts';
import type { BypassReview } from '../../gate/bypass.ts';
import { type Context, EXIT } from '../context.ts';
import type { Look } from '../look.ts';
import { hanging } from '../row.ts';
import { dateTime } from '../time-text.ts';

/** Lists the reviews that emergency bypasses opened, the oldest first: those that are open, or with `all` every one. */
export async function reviews(context: Context, options: { readonly all?: boolean }): Promise<number> {
  const { repository } = await context.ports.repository(null);
  const gates = await (await context.client()).gates();
  const found = (await gates.reviews(repository)).filter(({ closed }) => options.all || closed === null);
  if (context.json) context.printJson(found);
  else if (found.length === 0) context.note('no review of a bypass is open');
  else context.print(found.flatMap((review) => reviewLines(review, context.look)));
  return EXIT.done;
}

/** Closes the review of a bypass with a text, for good. */
export async function close(
  context: Context,
  [bypass]: readonly string[],
  { text }: { readonly text?: string },
): Promise<number> {
  if (bypass === undefined || text === undefined)
    throw userError(
      'review-unsaid',
      'say which review, and what came of it',
      'sluice gate close REVIEW --text "what happened, and what follows from it"; sluice gate reviews lists them',
    );
  const { repository } = await context.ports.repository(null);
  const gates = await (await context.client()).gates();
  const closed = await gates.closeReview(repository, bypass, text);
  if (context.json) context.printJson(closed);
  else context.print(reviewLines(closed, context.look));
  return EXIT.done;
}

function reviewLines(review: BypassReview, look: Look): string[] {
  const { bypass, gate, condition, owner, approver, reason, head, openedAtMs, closed } = review;
  const state = closed === null ? look.paint('yellow', 'open') : look.paint('green', 'closed');
  const at = head === null ? '' : `, commit ${head.slice(0, 7)}`;
  const about = `${visible(gate)}/${visible(condition)} by ${visible(owner)}, approved by ${visible(approver)}${at}: ${visible(reason)}`;
  const end =
    closed === null
      ? []
      : hanging(
          '    ',
          `${dateTime(closed.atMs)}  ${visible(closed.by)}: ${visible(closed.text)}`,
          look.width,
        );
  return [
    ...hanging('', `${dateTime(openedAtMs)}  ${bypass}  ${state}`, look.width),
    ...hanging('    ', about, look.width),
    ...end,
  ];
}
