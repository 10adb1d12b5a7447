import type { Clock, Random } from '../../base/port.ts';
import type { DeploymentRequested } from '../../delivery/machine/state.ts';
import type { Version } from '../../delivery/plan.ts';
import type { Router } from '../../delivery/router/contract.ts';
import type { Alarm, Source } from '../../delivery/source/contract.ts';
import type { Instance, Release, Target } from '../../delivery/target/contract.ts';
import type { DeploymentOutcome } from '../../journal/deployment-event.ts';
import type { NewEvent, StoredEvent, Subject } from '../../journal/event.ts';
import type { Store } from '../../store/contract.ts';
import type { Owners } from '../contract.ts';

/** A deployment as it is asked for; the controller gives it its id. */
export type NewDeployment = Omit<DeploymentRequested, 'type' | 'deploymentId'>;

/** All that one deployment acts on and asks. Whoever opens it fills in every template but those that `template` is asked for. */
export interface Surroundings {
  readonly target: Target;
  /** null: nothing stands before the service, and weights are shares of its hosts. */
  readonly router: Router | null;
  /** Evidence of the standard checks: requests, errors, latencies. null: there is none. */
  readonly source: Source | null;
  /** Sources of checks that have one of their own, by the name of the check's samples. */
  readonly checks: Readonly<Record<string, Source>>;
  readonly alarms: readonly Alarm[];
  /** A release by its digest, as it is to run here. Rejects with a `UserError` when it cannot be had. */
  release(digest: string): Promise<Release>;
  /**
   * Fills in `deploy.*` as it is for a version, and for one instance of it where there is one: `deploy.host` and `deploy.port` are that
   * instance's. Throws a `UserError` for a text that says what is not there.
   */
  template(text: string, version: Version, instance: Instance | null): string;
  close(): Promise<void>;
}

export interface DeploymentControllerOptions {
  readonly store: Store;
  readonly clock: Clock;
  readonly random: Random;
  readonly owners: Owners;
  /**
   * Opens what a deployment acts on; called when it is first needed, and again when it failed. What rejects before the first step ends the
   * deployment with that reason; later it is an unknown outcome, which is asked about again until its deadline.
   */
  open(request: DeploymentRequested): Promise<Surroundings>;
  /** Sees every event of the driven deployments in order, as soon as it is durable. */
  readonly onEvents?: (
    deploymentId: string,
    events: readonly (NewEvent | StoredEvent)[],
    sequence: number,
  ) => void;
}

/** What `accept` needs besides the request. */
export interface AcceptOptions {
  readonly store: Store;
  readonly clock: Clock;
  readonly random: Random;
  readonly owners: Owners;
  /** Repository, commit and commit time, as far as they are known; service, environment and digest are added. */
  readonly subject: Subject;
}

export interface DrivenDeployment {
  readonly deploymentId: string;
  /** Rejects only when Sluice itself could not go on; the deployment can then be resumed. */
  readonly finished: Promise<DeploymentOutcome>;
  /**
   * Leaves the deployment when nothing but people can bring it on: whoever answers takes it over. Resolves to whether it was left; then
   * `finished` has rejected.
   */
  leaveIfAsked(): Promise<boolean>;
}
