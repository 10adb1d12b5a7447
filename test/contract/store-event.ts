import type { NewEvent } from '../../src/journal/event.ts';

/** A small event; `message` makes it recognisable. */
export function anEvent(message: string): NewEvent {
  return {
    schemaVersion: 1,
    at: 1_795_262_400_000,
    actor: { kind: 'controller', id: 'host-1' },
    body: { type: 'run.warning', message },
  };
}

export const messages = (events: readonly NewEvent[]): string[] =>
  events.map(({ body }) => (body.type === 'run.warning' ? body.message : body.type));
