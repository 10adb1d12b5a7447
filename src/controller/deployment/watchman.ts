import type { DeploymentInput } from '../../delivery/machine/decide.ts';
import type { DeploymentState } from '../../delivery/machine/state.ts';
import type { HealthCheck } from '../../pipeline/plan-health-check.ts';
import type { Surroundings } from './contract.ts';
import { checksFor, unhealthyHosts } from './effect/health.ts';
import type { Places } from './places.ts';

/**
 * Listens for instances of the candidate that go down, from when it was healthy until it is proven or gone back from. Also between the
 * steps that look at evidence: a crash is known within seconds whatever is done just then.
 */
export class Watchman {
  readonly #places: Places;
  readonly #tell: (input: DeploymentInput) => void;
  #state: DeploymentState | null = null;
  #end: (() => void) | null = null;
  #isWatching = false;

  constructor(places: Places, tell: (input: DeploymentInput) => void) {
    this.#places = places;
    this.#tell = tell;
  }

  /** Begins or ends to listen, as the state asks for it. */
  look(state: DeploymentState): void {
    this.#state = state;
    const shouldWatch = isExposed(state);
    if (shouldWatch && !this.#isWatching) void this.#begin();
    if (!shouldWatch && this.#isWatching) this.stop();
  }

  stop(): void {
    this.#isWatching = false;
    this.#end?.();
    this.#end = null;
  }

  async #begin(): Promise<void> {
    this.#isWatching = true;
    const surroundings = await this.#places.open().catch(() => null);
    if (!this.#isWatching || this.#end !== null) return;
    if (surroundings === null) {
      // Looked at again with the next event.
      this.#isWatching = false;
      return;
    }
    const state = this.#state!;
    const checks = checksThatFit(state, surroundings);
    this.#end = surroundings.target.watch(state.request.candidate, checks, ({ host, reason }) => {
      if (!this.#isWatching || unhealthyHosts(this.#state!.outputs, 'candidate').includes(host)) return;
      this.#tell({ type: 'unhealthy', version: 'candidate', host, reason });
    });
  }
}

/** A check that is about one instance's own address cannot be asked of all at once; that an instance ends is seen without. */
function checksThatFit(state: DeploymentState, surroundings: Surroundings): readonly HealthCheck[] {
  return state.plan.healthChecks.flatMap((check) => {
    try {
      return checksFor({ plan: { ...state.plan, healthChecks: [check] } }, surroundings, 'candidate', null);
    } catch {
      return [];
    }
  });
}

/** The candidate was healthy once, and what becomes of it decides. */
function isExposed({ token, route, isBaked, phase, plan, step }: DeploymentState): boolean {
  if (token === null || route !== null || isBaked || phase === 'finished' || phase === 'asking') return false;
  return plan.steps
    .slice(0, Math.max(0, step))
    .some(({ action }) => action.type === 'await-healthy' && action.version === 'candidate');
}
