import type { ArtifactStore } from '../artifact/contract.ts';
import type { DeploymentRooms } from '../client/deployment/rooms.ts';
import type { Journal } from '../store/contract.ts';
import { startSupervisor } from './deployment/supervisor.ts';

export interface OpenDeploymentsOptions {
  /** Sluice's data folder. */
  readonly directory: string;
  readonly environment: NodeJS.ProcessEnv;
  readonly journal: Journal;
  readonly artifacts: () => Promise<ArtifactStore>;
}

/** What deployments stand on: their places, and the process that drives each. */
export function openDeployments(options: OpenDeploymentsOptions): DeploymentRooms {
  const { directory, artifacts } = options;
  return {
    artifacts,
    // Most commands look at no place: places are many files.
    look: async (request) =>
      (await import('./deployment/places.ts')).openPlaces(options, request, { starts: false }),
    supervise: (deploymentId) => startSupervisor(directory, deploymentId),
  };
}
