import type { RunViewFold } from '../../client/fold-run.ts';
import type { RunView } from '../../client/run-view.ts';
import type { PlacedEvent } from '../../journal/event.ts';

/** Shows a run while it goes on. `begin` once, `event` for each event in order, `end` once. */
export interface Display {
  /** After each event, which the fold has taken in. */
  event(event: PlacedEvent, fold: RunViewFold): void;
  /** Something to say in between, such as that the run is being cancelled. */
  notice(text: string): void;
  /** Ends drawing and leaves the final state and the report on the output; null: the run is left before it is over. */
  end(view: RunView | null): Promise<void>;
}
