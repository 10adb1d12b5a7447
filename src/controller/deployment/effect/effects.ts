import type { Clock } from '../../../base/port.ts';
import type { DeploymentInput } from '../../../delivery/machine/decide.ts';
import type { DeploymentState } from '../../../delivery/machine/state.ts';
import type { DeploymentCommand, Effect } from '../../../delivery/machine/turn.ts';
import type { Places } from '../places.ts';
import { perform, probe } from './perform.ts';
import { type Scene, unknown } from './scene.ts';

export interface EffectsOptions {
  readonly clock: Clock;
  readonly places: Places;
  readonly state: () => DeploymentState;
  readonly onInput: (input: Extract<DeploymentInput, { type: 'result' | 'probed' }>) => void;
}

/** Asking what became of something may take so long. */
const PROBE_MS = 15_000;

/**
 * Has the machine's effects done, one at a time, and tells it what became of them, in time: what does not answer is not known. A reply
 * that comes later still counts until the effect is asked for again.
 */
export class Effects {
  readonly #options: EffectsOptions;
  /** Of the newest request to do something; nobody waits for those before. */
  #ticket = 0;
  #probing = 0;
  #isStopped = false;
  #stopWaiting: () => void = () => {};

  constructor(options: EffectsOptions) {
    this.#options = options;
  }

  perform(command: Extract<DeploymentCommand, { type: 'perform' }>): void {
    const { type: _, timeoutMs, ...effect } = command;
    const ticket = ++this.#ticket;
    let isInTime = true;
    const tell = (answer: Awaited<ReturnType<typeof perform>>) => {
      if (!this.#isStopped && ticket === this.#ticket)
        this.#options.onInput({ type: 'result', key: effect.key, ...answer });
    };
    this.#waitAtMost(timeoutMs, () => {
      isInTime = false;
      tell(unknown(`it did not answer within ${timeoutMs} ms`));
    });
    const isCurrent = () => !this.#isStopped && isInTime && ticket === this.#ticket;
    void this.#withScene(effect, timeoutMs, isCurrent, (scene) =>
      perform(scene, this.#options.clock.now()),
    ).then(
      (answer) => {
        if (isInTime) this.#stopWaiting();
        tell(answer);
      },
      (error: Error) => {
        if (isInTime) this.#stopWaiting();
        tell(unknown(error.message));
      },
    );
  }

  probe(command: Extract<DeploymentCommand, { type: 'probe' }>): void {
    const { type: _, ...effect } = command;
    const number = ++this.#probing;
    let isTold = false;
    const tell = (found: Awaited<ReturnType<typeof probe>>) => {
      if (isTold || this.#isStopped || number !== this.#probing) return;
      isTold = true;
      this.#stopWaiting();
      this.#options.onInput({ type: 'probed', key: effect.key, ...found });
    };
    const unknownFor = (reason: string) => tell({ found: 'unknown', reason, outputs: {} });
    this.#waitAtMost(PROBE_MS, () => unknownFor(`nothing answered within ${PROBE_MS} ms`));
    void this.#withScene(effect, PROBE_MS, () => !isTold, probe).then(tell, (error: Error) =>
      unknownFor(error.message),
    );
  }

  stop(): void {
    this.#isStopped = true;
    this.#stopWaiting();
  }

  #waitAtMost(delayMs: number, callback: () => void): void {
    this.#stopWaiting();
    this.#stopWaiting = this.#options.clock.after(delayMs, callback);
  }

  async #withScene<T>(
    effect: Effect,
    limitMs: number,
    isCurrent: () => boolean,
    act: (scene: Scene) => Promise<T>,
  ): Promise<T> {
    const state = this.#options.state();
    const surroundings = await this.#options.places.open();
    // A call ends a little before it is waited for no more, so that its own reason is heard.
    const timeoutMs = limitMs - Math.min(1000, limitMs / 10);
    return act({ surroundings, state, effect, timeoutMs, isCurrent });
  }
}
