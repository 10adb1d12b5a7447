import { digestOf } from '../base/digest.ts';
import type { JsonObject } from '../base/json.ts';
import type { GateEvent } from '../journal/gate-event.ts';
import type { Waiver } from '../pipeline/plan-gate.ts';
import type { GateResult } from './result.ts';
import { waiverId } from './waiver.ts';

/** The review that an emergency bypass leaves open until somebody closes it with a text. */
export interface BypassReview {
  readonly bypass: string;
  readonly gate: string;
  readonly condition: string;
  readonly owner: string;
  readonly approver: string;
  readonly reason: string;
  readonly head: string | null;
  readonly openedAtMs: number;
  readonly closed: { readonly by: string; readonly text: string; readonly atMs: number } | null;
}

/** Shorter than this, a review says nothing. */
const TEXT_CHARACTERS_MIN = 20;

/** One bypass is one waiver on one commit; retries of a run open nothing new. */
function bypassId(waiver: string, head: string | null): string {
  return digestOf(`${waiver}\n${head ?? ''}`).slice(0, 16);
}

/** What is written to the journal of a verdict, in order. `reviews` are those that there are already. */
export function eventsOf(
  result: GateResult,
  waivers: readonly Waiver[],
  reviews: readonly BypassReview[],
): GateEvent[] {
  const { gate, verdict, effect, sentence, scope, artifactDigest, factsDigest, policyDigest } = result;
  const names = result.conditions.map(({ name }) => name);
  const own = waivers.filter(({ condition }) => names.includes(condition));
  const events: GateEvent[] = [
    {
      type: 'gate.judged',
      gate,
      verdict,
      effect,
      sentence,
      head: scope.head,
      base: scope.base,
      artifactDigest,
      factsDigest,
      policyDigest,
      ...(own.length === 0 ? {} : { waivers: own.map(waiverId) }),
      result: result as unknown as JsonObject,
    },
  ];
  for (const condition of result.conditions) {
    if (condition.verdict !== 'waived') continue;
    for (const waiver of waivers) {
      const id = waiverId(waiver);
      if (waiver.condition !== condition.name || !condition.waivers.includes(id)) continue;
      const { owner, approver, reason, ticket, expires, emergency } = waiver;
      const used = { waiver: id, gate, condition: condition.name, owner, approver, reason };
      events.push({ type: 'waiver.used', ...used, ticket, expires, emergency });
      const bypass = bypassId(id, scope.head);
      if (emergency && !reviews.some((review) => review.bypass === bypass)) {
        events.push({ type: 'bypass.opened', bypass, ...used, head: scope.head });
      }
    }
  }
  return events;
}

/** All reviews that ever were, from the events in their order. */
export function foldReviews(
  events: Iterable<{ readonly at: number; readonly body: GateEvent }>,
): readonly BypassReview[] {
  const reviews = new Map<string, BypassReview>();
  for (const { at, body } of events) {
    if (body.type === 'bypass.opened' && !reviews.has(body.bypass)) {
      const { bypass, gate, condition, owner, approver, reason, head } = body;
      reviews.set(bypass, {
        bypass,
        gate,
        condition,
        owner,
        approver,
        reason,
        head,
        openedAtMs: at,
        closed: null,
      });
    }
    const review = body.type === 'bypass.closed' ? reviews.get(body.bypass) : undefined;
    if (body.type === 'bypass.closed' && review && !review.closed) {
      reviews.set(body.bypass, { ...review, closed: { by: body.by, text: body.text, atMs: at } });
    }
  }
  return [...reviews.values()];
}

/** Closes a review, or says why it stays open. */
export function closeReview(
  review: BypassReview,
  by: string,
  text: string,
): { readonly ok: true; readonly event: GateEvent } | { readonly ok: false; readonly sentence: string } {
  if (review.closed)
    return { ok: false, sentence: `the review ${review.bypass} was closed by ${review.closed.by}` };
  if (by.trim() === '') return { ok: false, sentence: 'a review is closed by somebody with an account' };
  const written = text.trim();
  if (written.length < TEXT_CHARACTERS_MIN) {
    return {
      ok: false,
      sentence: `say in at least ${TEXT_CHARACTERS_MIN} characters what happened and what follows from it`,
    };
  }
  return { ok: true, event: { type: 'bypass.closed', bypass: review.bypass, by, text: written } };
}
