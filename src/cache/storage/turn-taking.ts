import { setImmediate } from 'node:timers/promises';
import type { Clock } from '../../base/port.ts';

/** How long work may keep the loop before others have a turn. */
const TURN_MS = 10;

/**
 * Lets much work in small pieces be done synchronously, which is several times quicker, without keeping the loop: call the
 * returned function before each piece.
 */
export function takeTurns(clock: Clock): () => Promise<void> | undefined {
  let turn: Promise<void> | undefined;
  let startedMs = clock.monotonic();
  return () => {
    if (turn !== undefined) return turn;
    if (clock.monotonic() - startedMs < TURN_MS) return undefined;
    turn = setImmediate().then(() => {
      turn = undefined;
      startedMs = clock.monotonic();
    });
    return turn;
  };
}
