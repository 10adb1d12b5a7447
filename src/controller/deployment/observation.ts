import type { Clock } from '../../base/port.ts';
import type { DeploymentInput } from '../../delivery/machine/decide.ts';
import type { DeploymentState } from '../../delivery/machine/state.ts';
import { Observer, type ObserverOptions } from './observer.ts';
import type { Places } from './places.ts';

type Command = ObserverOptions['command'];
type Told = Extract<DeploymentInput, { type: 'window' | 'alarm' | 'warning' }>;

/** The present observation of a deployment: one at most, begun and ended as the machine says. */
export class Observation {
  readonly #clock: Clock;
  readonly #places: Places;
  readonly #tell: (input: Told) => void;
  #observer: Observer | null = null;
  /** Grows when one begins or ends: what was opened for an earlier one is not used. */
  #number = 0;
  #stopAgain: () => void = () => {};

  constructor(clock: Clock, places: Places, tell: (input: Told) => void) {
    this.#clock = clock;
    this.#places = places;
    this.#tell = tell;
  }

  /** Looks at both versions of `state` from now on, and no more at what was looked at before. */
  async begin(command: Command, state: DeploymentState): Promise<void> {
    this.stop();
    const number = this.#number;
    const surroundings = await this.#places.open().catch(() => null);
    if (number !== this.#number) return;
    if (surroundings === null) {
      // The step's deadline runs meanwhile: without evidence it goes back.
      this.#stopAgain = this.#clock.after(command.intervalMs, () => void this.begin(command, state));
      return;
    }
    this.#observer = new Observer({
      clock: this.#clock,
      surroundings,
      state,
      command,
      onLook: (look) => this.#tell({ type: 'window', ...look }),
      onAlarm: (name, reason) => this.#tell({ type: 'alarm', name, reason }),
      onWarning: (message) => this.#tell({ type: 'warning', message }),
    });
  }

  stop(): void {
    this.#number += 1;
    this.#stopAgain();
    this.#observer?.stop();
    this.#observer = null;
  }
}
