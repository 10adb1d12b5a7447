import type { ReleaseRequest } from '../../src/delivery/release-request.ts';
import type { DeployCommand, EnvironmentDefinition } from '../../src/pipeline/plan-environment.ts';
import type { ServiceDefinition } from '../../src/pipeline/plan-service.ts';
import type { StrategyDefinition } from '../../src/pipeline/plan-strategy.ts';

const PLACE = { file: 'sluice.yaml', line: 1, column: 1 } as unknown as EnvironmentDefinition['place'];
const NO_RESOURCES = { cpus: null, memoryBytes: null, diskBytes: null, replicas: null };

export function aCommand(name: string): DeployCommand {
  return { name, run: `./${name}.sh`, timeoutMs: null, place: PLACE };
}

export function aService(more: Partial<ServiceDefinition> = {}): ServiceDefinition {
  return {
    name: 'api',
    description: null,
    artifact: null,
    image: null,
    environments: [],
    command: './serve',
    directory: '.',
    port: 8080,
    variables: {},
    secrets: [],
    healthChecks: [],
    resources: NO_RESOURCES,
    strategy: null,
    analysis: null,
    rollback: null,
    router: null,
    migrations: null,
    drainTimeoutMs: null,
    place: PLACE,
    ...more,
  };
}

export function anEnvironment(more: Partial<EnvironmentDefinition> = {}): EnvironmentDefinition {
  const hosts = ['web-1', 'web-2', 'web-3', 'web-4'];
  return {
    name: 'production',
    description: null,
    type: 'production',
    hosts: hosts.map((host) => ({ host, port: 22, user: null, key: null, hostKey: null, place: PLACE })),
    registry: null,
    target: null,
    router: null,
    variables: {},
    secrets: [],
    healthChecks: [],
    preDeployHooks: [],
    postDeployHooks: [],
    smokeTests: [],
    protection: null,
    promotion: null,
    resources: NO_RESOURCES,
    strategy: null,
    analysis: null,
    rollback: null,
    timeoutMs: null,
    place: PLACE,
    ...more,
  };
}

/** As after twenty quiet windows of the same version: no burst was seen, and the sign test need not agree. */
const QUIET = Object.fromEntries(
  ['errors', 'q50', 'q90', 'q95', 'q99', 'p95', 'health', 'resources'].map((metric) => [
    metric,
    { windows: 20, excess: 0, scale: 1 },
  ]),
);

/** A release of `api` to four hosts of production, with a healthy version there and everything measurable. */
export function aRelease(
  strategy: Partial<StrategyDefinition>,
  more: Partial<ReleaseRequest> = {},
): ReleaseRequest {
  return {
    service: aService(),
    environment: anEnvironment(),
    candidate: 'sha256:new',
    stable: { digest: 'sha256:old', isHealthy: true },
    author: 'ada',
    strategy,
    rollback: null,
    observed: {
      startMs: null,
      healthyMs: null,
      requestsPerSecond: null,
      errorRate: null,
      dispersion: QUIET,
      measurable: ['requests', 'latency', 'health', 'resources'],
      quarantine: null,
    },
    ...more,
  };
}
