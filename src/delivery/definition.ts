import type { JsonObject } from '../base/json.ts';
import type { EnvironmentDefinition } from '../pipeline/plan-environment.ts';
import type { ServiceDefinition } from '../pipeline/plan-service.ts';

/**
 * What is deployed and where, as plain data in `deployment.requested`: enough to do it, or to bring it back, without the pipeline file.
 * It holds names of secrets and never a value.
 */
export interface DeploymentDefinition {
  readonly environment: EnvironmentDefinition;
  readonly service: ServiceDefinition;
  readonly release: ReleaseOrigin;
  /** Left out: a person asked. */
  readonly job?: AskingJob;
  /** Variables of the pipeline, as templates see them. */
  readonly variables: JsonObject;
  /** The repository whose secrets and artifacts are meant. */
  readonly source: {
    /** Absolute path on the machine where it was asked for. */
    readonly path: string;
    readonly repository: string;
    readonly branch: string | null;
    readonly commit: string | null;
    readonly commitTimeMs: number | null;
  };
}

/** The job of a run that asks for a deployment. */
export interface AskingJob {
  readonly runId: string;
  readonly cell: string;
  readonly attempt: number;
}

/** Where the content of a release comes from. */
export type ReleaseOrigin =
  | {
      readonly kind: 'artifact';
      readonly digest: string;
      readonly version: string;
      readonly name: string;
      readonly runId: string;
      readonly cell: string;
    }
  | {
      readonly kind: 'image';
      /** `sha256:...` */
      readonly digest: string;
      readonly version: string;
      /** Without tag and digest. */
      readonly name: string;
    };
