import { userError } from '../../base/diagnostic.ts';
import { nearestName } from '../../base/near.ts';
import type { Clock } from '../../base/port.ts';
import { visible } from '../../base/text.ts';
import { type BypassReview, closeReview, foldReviews } from '../../gate/bypass.ts';
import { accountOf } from '../../journal/account.ts';
import type { Actor, StoredEvent } from '../../journal/event.ts';
import type { GateEvent } from '../../journal/gate-event.ts';
import { gateStreamPrefix } from '../../journal/stream.ts';
import { ConflictError, type Journal } from '../../store/contract.ts';

const GATES_MAX = 10_000;
const TRIES_MAX = 20;

export interface ReviewOptions {
  readonly journal: Journal;
  readonly clock: Clock;
  readonly actor: Actor;
}

/** See `Gates.reviews`. */
export async function reviewsOf(journal: Journal, repository: string): Promise<readonly BypassReview[]> {
  const all: BypassReview[] = [];
  for (const stream of await journal.streams(gateStreamPrefix(repository), GATES_MAX))
    all.push(...foldReviews((await journal.read(stream)) as readonly StoredEvent<GateEvent>[]));
  return all.sort((a, b) => a.openedAtMs - b.openedAtMs);
}

/** See `Gates.closeReview`. Runs write to the same stream, so that another writer may come first. */
export async function closeBypass(
  repository: string,
  bypass: string,
  text: string,
  { journal, clock, actor }: ReviewOptions,
): Promise<BypassReview> {
  const known: BypassReview[] = [];
  for (const stream of await journal.streams(gateStreamPrefix(repository), GATES_MAX)) {
    for (let tries = 1; ; tries++) {
      const events = (await journal.read(stream)) as readonly StoredEvent<GateEvent>[];
      const reviews = foldReviews(events);
      const review = reviews.find((one) => one.bypass === bypass);
      if (!review) {
        known.push(...reviews);
        break;
      }
      const closed = closeReview(review, accountOf(actor), text);
      if (!closed.ok) throw userError('review-not-closed', closed.sentence);
      const at = clock.now();
      try {
        await journal.append(stream, events.at(-1)!.sequence, [
          { schemaVersion: 1, at, actor, body: closed.event },
        ]);
        return { ...review, closed: { by: accountOf(actor), text: text.trim(), atMs: at } };
      } catch (error) {
        if (!(error instanceof ConflictError) || tries === TRIES_MAX) throw error;
      }
    }
  }
  const open = known.filter(({ closed }) => closed === null).map((one) => one.bypass);
  const near = nearestName(bypass, open);
  throw userError(
    'review-unknown',
    `there is no review ${visible(bypass)} of a bypass`,
    near ? `did you mean ${near}?` : 'list them: sluice gate reviews',
  );
}
