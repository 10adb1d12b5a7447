import type { ReleaseEvent } from '../journal/deployment-event.ts';

/**
 * Why a digest is in quarantine, by the events of its stream; null: it is not. What was lifted is in quarantine again when it harms
 * again.
 */
export function quarantineOf(events: readonly ReleaseEvent[]): string | null {
  const last = events.at(-1);
  return last?.type === 'release.quarantined' ? last.reason : null;
}
