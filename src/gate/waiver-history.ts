import type { GateEvent } from '../journal/gate-event.ts';
import type { GateResult } from './result.ts';
import type { WaiverHistory } from './waiver.ts';

/** When each waiver was first seen and last covered something, from the gate's events in their order. */
export function foldWaivers(
  events: Iterable<{ readonly at: number; readonly body: GateEvent }>,
): WaiverHistory {
  const history = new Map<string, WaiverHistory[string]>();
  for (const { at, body } of events) {
    if (body.type !== 'gate.judged') continue;
    const { conditions } = body.result as unknown as GateResult;
    const used = conditions.flatMap(({ waivers, waiversIdle = [] }) => [...waivers, ...waiversIdle]);
    for (const id of [...(body.waivers ?? []), ...used]) {
      const known = history.get(id) ?? { firstSeenAtMs: at, lastUsedAtMs: null };
      history.set(id, used.includes(id) ? { ...known, lastUsedAtMs: at } : known);
    }
  }
  return Object.fromEntries(history);
}
