import type { ArtifactStore } from '../../artifact/contract.ts';
import type { Surroundings } from '../../controller/deployment/contract.ts';
import type { DeploymentRequested } from '../../delivery/machine/state.ts';
import type { Measurable } from '../../delivery/release-request.ts';
import type { Journal } from '../../store/contract.ts';

/** What deployments stand on besides the journal; main.ts opens it when it is first asked for. */
export interface DeploymentRooms {
  artifacts(): Promise<ArtifactStore>;
  /** The places of a deployment as they are; nothing is started or changed by that. The caller closes them. */
  look(request: LookedAt): Promise<Places>;
  /** Starts the process that drives the deployment to its end, whatever becomes of this one. */
  supervise(deploymentId: string): Promise<void>;
}

/** As much of a deployment as its places need. */
export type LookedAt = Pick<
  DeploymentRequested,
  'repository' | 'service' | 'environment' | 'candidate' | 'stable' | 'definition'
>;

export interface Places extends Surroundings {
  /** What target, router and source can measure here. */
  readonly measurable: readonly Measurable[];
  /** What keeps a deployment from beginning, in sentences with what to do. */
  readonly missing: readonly string[];
}

/** What planning asks. */
export interface PlanningRooms {
  readonly journal: Journal;
  readonly rooms: DeploymentRooms;
}
