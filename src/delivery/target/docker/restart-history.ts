import type { Container } from './container.ts';

const WINDOW_MS = 60_000;
const RESTARTS_MAX = 3;

/** Tells which containers were started again three times within a minute, from what is seen of them now and then. */
export class RestartHistory {
  readonly #seen = new Map<string, { readonly atMs: number; readonly restarts: number }[]>();

  /** Takes a look at a container. Returns whether it is down for good. */
  isDown({ id, restarts, createdAtMs }: Container, nowMs: number): boolean {
    // Of one that is younger than the window every restart counts.
    const first =
      nowMs - createdAtMs < WINDOW_MS ? { atMs: createdAtMs, restarts: 0 } : { atMs: nowMs, restarts };
    const seen = this.#seen.get(id) ?? [first];
    seen.push({ atMs: nowMs, restarts });
    while (nowMs - seen[0]!.atMs > WINDOW_MS) seen.shift();
    this.#seen.set(id, seen);
    return restarts - seen[0]!.restarts >= RESTARTS_MAX;
  }
}
