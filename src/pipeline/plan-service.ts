import type { Place } from '../base/diagnostic.ts';
import type { AnalysisDefinition } from './plan-analysis.ts';
import type { ResourceDefinition, RouterDefinition } from './plan-environment.ts';
import type { HealthCheck } from './plan-health-check.ts';
import type { RollbackDefinition, StrategyDefinition } from './plan-strategy.ts';

/** Something that is deployed. */
export interface ServiceDefinition {
  readonly name: string;
  readonly description: string | null;
  /** Name of the artifact that is deployed; null: the run's single one. */
  readonly artifact: string | null;
  /** Image that is deployed instead of an artifact, by name; the digest comes from the run. Template. */
  readonly image: string | null;
  /** Environments that it may run in. Empty: all. */
  readonly environments: readonly string[];
  /** How an instance starts; null: the image's own command. Template. */
  readonly command: string | null;
  /** Where in the artifact it starts. */
  readonly directory: string;
  /** Where an instance listens; it is also told by the variable PORT. */
  readonly port: number | null;
  /** Templates. */
  readonly variables: Readonly<Record<string, string>>;
  readonly secrets: readonly string[];
  readonly healthChecks: readonly HealthCheck[];
  readonly resources: ResourceDefinition;
  readonly strategy: StrategyDefinition | null;
  readonly analysis: AnalysisDefinition | null;
  readonly rollback: RollbackDefinition | null;
  readonly router: RouterDefinition | null;
  readonly migrations: MigrationDefinition | null;
  /** How long an instance has to end its requests before it is stopped. */
  readonly drainTimeoutMs: number | null;
  readonly place: Place;
}

/** Changes of its data around the switch. The commands are templates. */
export interface MigrationDefinition {
  /** Whether the old version can run on the new data (`expand`), or not, and whether there is a way back. */
  readonly kind: 'expand' | 'contract' | 'irreversible';
  readonly up: string | null;
  readonly down: string | null;
  readonly place: Place;
}
