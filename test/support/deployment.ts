import type { JsonObject } from '../../src/base/json.ts';
import { type DeploymentInput, decide, decideRequest } from '../../src/delivery/machine/decide.ts';
import type { DeploymentRequested, DeploymentState } from '../../src/delivery/machine/state.ts';
import type { Decided, DeploymentCommand } from '../../src/delivery/machine/turn.ts';
import type { DeploymentPlan } from '../../src/delivery/plan.ts';
import type { DeploymentEvent } from '../../src/journal/deployment-event.ts';

export const BINDING = { commit: 'c0ffee', artifact: 'sha256:new', plan: 'plan-1', policy: null };

export function aDeployment(
  plan: DeploymentPlan,
  kind: DeploymentRequested['kind'] = 'release',
): DeploymentRequested {
  return {
    type: 'deployment.requested',
    deploymentId: 'd1',
    repository: 'shop',
    service: plan.service,
    environment: plan.environment,
    kind,
    candidate: plan.candidate,
    stable: plan.stable,
    plan: plan as unknown as JsonObject,
    by: 'ada',
    reason: null,
    trainId: null,
    binding: BINDING,
  };
}

/** Plays a deployment against the machine by hand: the test is the world. */
export class DeploymentPlay {
  state: DeploymentState;
  now = 1_000_000;
  readonly events: DeploymentEvent[] = [];
  commands: DeploymentCommand[] = [];

  constructor(plan: DeploymentPlan, kind: DeploymentRequested['kind'] = 'release') {
    this.state = null as unknown as DeploymentState;
    this.#take(decideRequest(aDeployment(plan, kind), this.now));
  }

  feed(input: DeploymentInput): this {
    this.#take(decide(this.state, input, this.now));
    return this;
  }

  admit(token = 1): this {
    return this.feed({ type: 'admitted', token, running: this.state.request.stable });
  }

  /** The effect that is waited for ends like this. */
  end(outcome: 'done' | 'failed' | 'unknown' = 'done', reason: string | null = null): this {
    return this.feed({ type: 'result', key: this.state.intent!.key, outcome, reason, outputs: {} });
  }

  /** All effects succeed until a step is watched or the deployment is over. */
  toWatch(): this {
    while (this.state.phase === 'forth-acting') this.end();
    return this;
  }

  /** One look at both versions. */
  look(canary: { requests: number; errors: number }, coveredMs = 60_000): this {
    const baseline = { requests: canary.requests * 3, errors: 0 };
    const whole = <T extends object>(counts: T) => ({
      ...counts,
      exceed: { q50: 0, q90: 0, q95: 0, q99: 0 },
      samples: {
        p95: { taken: 10, bad: 0 },
        health: { taken: 10, bad: 0 },
        resources: { taken: 10, bad: 0 },
      },
    });
    return this.see({ at: this.now, canary: whole(canary), baseline: whole(baseline) }, coveredMs);
  }

  see(window: unknown, coveredMs = 60_000): this {
    const step = this.state.plan.steps[this.state.step]!.id;
    const problem = window === null ? 'the source did not answer' : null;
    return this.feed({ type: 'window', step, look: this.state.looks + 1, coveredMs, window, problem });
  }

  deadline(): this {
    return this.feed({ type: 'timer', id: `deadline/${this.state.epoch}` });
  }

  of<T extends DeploymentEvent['type']>(type: T): Extract<DeploymentEvent, { type: T }>[] {
    return this.events.filter((one): one is Extract<DeploymentEvent, { type: T }> => one.type === type);
  }

  ordered<T extends DeploymentCommand['type']>(type: T): Extract<DeploymentCommand, { type: T }>[] {
    return this.commands.filter((one): one is Extract<DeploymentCommand, { type: T }> => one.type === type);
  }

  /** What the machine did so far in a few words, for snapshots. */
  get weights(): number[] {
    return this.of('deployment.weight-set').map(({ candidatePercent }) => candidatePercent);
  }

  #take({ state, events, commands }: Decided): void {
    this.state = state;
    this.events.push(...events);
    this.commands.push(...commands);
  }
}
