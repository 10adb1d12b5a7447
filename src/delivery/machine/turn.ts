import type { DeploymentEvent, DeploymentOutcome, Way } from '../../journal/deployment-event.ts';
import type { StepAction } from '../plan.ts';
import { apply } from './apply.ts';
import type { DeploymentState } from './state.ts';

/** What the host is to do once the events that go with it are durable. Doing one twice is harmless. */
export type DeploymentCommand =
  /** Feed back `queued`, `superseded` and `admitted`. After a change of owner too: the token is a new one. */
  | { readonly type: 'claim-environment' }
  | { readonly type: 'release-environment' }
  /**
   * Feed back `timer` with this id, not before the time has passed by a clock that does not jump. Setting one that is set moves
   * nothing.
   */
  | { readonly type: 'set-timer'; readonly id: string; readonly afterMs: number }
  /** Have the effect done, once at most under this key, and feed back `result`; after `timeoutMs` with `unknown`. */
  | ({ readonly type: 'perform'; readonly timeoutMs: number } & Effect)
  /** Ask the world what became of the effect, and feed back `probed`. */
  | ({ readonly type: 'probe' } & Effect)
  /**
   * Feed back `window` every `intervalMs` and `alarm` when one fires, until `stop-observing`. Counts begin now; the first look has
   * the number `look`.
   */
  | {
      readonly type: 'observe';
      readonly step: string;
      readonly intervalMs: number;
      readonly candidatePercent: number;
      readonly look: number;
    }
  | { readonly type: 'stop-observing' }
  | { readonly type: 'quarantine'; readonly digest: string; readonly reason: string }
  /** What the environment is to run from now on. */
  | { readonly type: 'pin'; readonly digest: string; readonly reason: string }
  | { readonly type: 'finish'; readonly outcome: DeploymentOutcome };

/** An effect on target or router, with all that makes it one effect. */
export interface Effect {
  readonly key: string;
  readonly way: Way;
  readonly step: string;
  readonly action: StepAction;
  /** Target and router refuse what comes with an older token, or with this token and an older order, than they have seen. */
  readonly token: number;
  readonly order: number;
}

export interface Decided {
  readonly state: DeploymentState;
  /** To be journaled, all or none, in this order. The state already holds them. */
  readonly events: readonly DeploymentEvent[];
  readonly commands: readonly DeploymentCommand[];
}

/** One call of `decide`: every event is applied the moment it is decided, so that later decisions see it. */
export class Turn implements Decided {
  state: DeploymentState;
  readonly now: number;
  readonly events: DeploymentEvent[] = [];
  readonly commands: DeploymentCommand[] = [];

  constructor(state: DeploymentState, now: number) {
    this.state = state;
    this.now = now;
  }

  emit(event: DeploymentEvent): void {
    this.state = apply(this.state, event, this.now);
    this.events.push(event);
  }
}
