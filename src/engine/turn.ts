import type { Cause, RunEvent, RunOutcome } from '../journal/run-event.ts';
import type { Concurrency } from '../pipeline/plan.ts';
import { apply } from './apply.ts';
import type { RunState } from './state.ts';

/** What the host is to do once the events that go with it are durable. Doing one twice is harmless. */
export type Command =
  | {
      readonly type: 'start-cell';
      readonly cell: string;
      readonly attempt: number;
      readonly resumed: boolean;
    }
  | { readonly type: 'cancel-cell'; readonly cell: string; readonly cause: Cause }
  | { readonly type: 'cancel-step'; readonly cell: string; readonly step: string; readonly cause: Cause }
  /** Feed back `timer` with this id, not before the time. Setting it again moves nothing. */
  | { readonly type: 'set-timer'; readonly id: string; readonly atMs: number }
  /** Feed back `waiting` and `admitted`. `cell` null: the run itself. */
  | {
      readonly type: 'join-group';
      readonly cell: string | null;
      readonly group: string;
      readonly policy: Concurrency['policy'];
    }
  | { readonly type: 'leave-group'; readonly cell: string | null; readonly group: string }
  | { readonly type: 'finish'; readonly outcome: RunOutcome };

export interface Decided {
  readonly state: RunState;
  /** To be journaled, all or none, in this order. The state already holds them. */
  readonly events: readonly RunEvent[];
  readonly commands: readonly Command[];
}

/** One call of `decide`: every event is applied the moment it is decided, so that later decisions see it. */
export class Turn implements Decided {
  state: RunState;
  readonly now: number;
  readonly events: RunEvent[] = [];
  readonly commands: Command[] = [];

  constructor(state: RunState, now: number) {
    this.state = state;
    this.now = now;
  }

  emit(event: RunEvent): void {
    this.state = apply(this.state, event, this.now);
    this.events.push(event);
  }
}
