import type { Diagnostic } from '../../base/diagnostic.ts';
import type { AskingJob, DeploymentDefinition } from '../../delivery/definition.ts';
import type { DeploymentPlan } from '../../delivery/plan.ts';
import type { DeploymentOutcome } from '../../journal/deployment-event.ts';
import type { PlacedEvent } from '../../journal/event.ts';
import type { RunSource } from '../../journal/run-event.ts';
import type { Plan } from '../../pipeline/plan.ts';
import type { EnvironmentType } from '../../pipeline/plan-environment.ts';
import type { RollbackStrategy, StrategyDefinition, StrategyType } from '../../pipeline/plan-strategy.ts';
import type { DeploymentView, Phase } from './view.ts';

export type { DeploymentDefinition, DeploymentPlan };

/**
 * What faces ask about deployments. Nothing here drives one: a deployment is accepted durably, and a supervisor of its own, which
 * outlives the caller and its terminal, drives it. Errors a person can act on are `UserError`.
 */
export interface Deployments {
  /**
   * What a deployment would do, and why it may not be. Changes nothing. Throws for what is not there: the environment, the service, the
   * artifact.
   */
  plan(ask: DeployAsk): Promise<PlannedDeployment>;
  /** The same for going back to a release that was proven before. */
  planRollback(ask: RollbackAsk): Promise<PlannedDeployment>;
  /** Accepts it durably and starts its supervisor. Throws all problems of the plan. Resolves to its id. */
  begin(planned: PlannedDeployment): Promise<string>;
  /** Newest first. */
  list(filter: DeploymentFilter): Promise<readonly DeploymentSummary[]>;
  /** A whole id, an unambiguous beginning or end of one, or `latest`. */
  resolve(text: string, repository?: string): Promise<string>;
  show(deploymentId: string): Promise<DeploymentView>;
  /** What people call the digests that the deployment names. */
  names(deploymentId: string): Promise<ReadonlyMap<string, string>>;
  /** All events so far and, with `follow`, further ones until it is over. */
  events(deploymentId: string, options: { readonly follow: boolean }): AsyncIterable<PlacedEvent>;
  /** Tells its owner durably; resolves when that one has taken it, or has said why it does not count. */
  tell(deploymentId: string, told: ToldDeployment): Promise<TakenByDeployment>;
  /** Starts a supervisor for it when nobody drives it; resolves to whether that was so. One that is over needs none. */
  keepDriven(deploymentId: string): Promise<boolean>;
  /** Starts a supervisor for each deployment that nobody drives any more; resolves to their ids. */
  takeOver(): Promise<readonly string[]>;
  /** What serves where, by the journal. */
  environments(plan: Plan, repository: string): Promise<readonly EnvironmentView[]>;
  /** The same, with what the places themselves say: health, drift, what is missing for the way back. `environment` null: all. */
  check(plan: Plan, source: RunSource, environment: string | null): Promise<readonly EnvironmentCheck[]>;
  /** Digests in quarantine. */
  quarantined(repository?: string): Promise<readonly QuarantineView[]>;
  /** Takes a digest, or the beginning of one, out of quarantine, by the actor's responsibility. Resolves to the whole digest. */
  liftQuarantine(digest: string, reason: string): Promise<string>;
}

export interface DeployAsk {
  readonly plan: Plan;
  readonly source: RunSource;
  /** null: the pipeline's only one. */
  readonly environment: string | null;
  readonly service: string | null;
  readonly release: ReleaseChoice;
  /** Over what is configured. */
  readonly strategy: Partial<StrategyDefinition> | null;
  readonly rollback: { readonly strategy?: RollbackStrategy; readonly automatic?: boolean } | null;
  /** Where nothing is configured. */
  readonly otherwise: {
    readonly strategy: StrategyType | null;
    readonly rollback: RollbackStrategy | null;
    readonly automatic: boolean | null;
  };
  readonly reason: string | null;
  /** An older deployment of the service that has the environment has to go back; otherwise it is waited for. */
  readonly supersede: boolean;
  /** Also what runs already is brought: its instances start anew, such as with other values of secrets. */
  readonly again: boolean;
  /** Left out: a person asks. */
  readonly job?: AskingJob;
}

/** Which release: all that are given must fit. With nothing, the newest artifact of the present commit. */
export interface ReleaseChoice {
  /** Name, name@version or digest of an artifact; `name@sha256:...` of an image. */
  readonly artifact: string | null;
  readonly version: string | null;
  readonly runId: string | null;
}

export interface RollbackAsk {
  readonly plan: Plan;
  readonly source: RunSource;
  readonly environment: string | null;
  readonly service: string | null;
  /** Digest (or its beginning) or version; null: the last proven release. */
  readonly to: string | null;
  readonly strategy: RollbackStrategy | null;
  readonly reason: string | null;
  /** It goes back to see that it can: nothing is said against the release. */
  readonly isRehearsal: boolean;
}

export interface PlannedDeployment {
  readonly kind: 'release' | 'rollback';
  readonly plan: DeploymentPlan;
  readonly definition: DeploymentDefinition;
  /** What people call the versions. */
  readonly version: string;
  readonly stableVersion: string | null;
  /** What is configured otherwise than when this content ran there last, in words of the pipeline file. */
  readonly differs: readonly string[];
  /** Why it may not begin, each with its cause and way out, and its place where it has one. Empty: it may. */
  readonly problems: readonly Diagnostic[];
  /** Gates that were demanded, and where each was passed. */
  readonly gates: readonly { readonly gate: string; readonly sentence: string }[];
  /** Digest over what protects the environment. */
  readonly policy: string;
  readonly reason: string | null;
  /** A release that somebody goes back from: it comes into quarantine. null: none does. */
  readonly condemned: string | null;
  readonly supersede: boolean;
}

export interface DeploymentFilter {
  readonly repository?: string;
  readonly environment?: string;
  readonly service?: string;
  readonly limit: number;
}

export interface DeploymentSummary {
  readonly deploymentId: string;
  readonly kind: 'release' | 'rollback';
  readonly service: string;
  readonly environment: string;
  readonly candidate: string;
  readonly version: string;
  readonly stable: string | null;
  readonly by: string;
  readonly reason: string | null;
  readonly requestedAtMs: number;
  readonly durationMs: number | null;
  readonly phase: Phase;
  readonly outcome: DeploymentOutcome | null;
  readonly candidatePercent: number;
  /** How it ended, or why it goes back. */
  readonly sentence: string | null;
  /** Not over, and nobody drives it. */
  readonly orphaned: boolean;
}

export type ToldDeployment =
  | { readonly kind: 'approve'; readonly reason: string | null }
  | { readonly kind: 'reject' | 'override' | 'proceed' | 'cancel'; readonly reason: string };

export interface TakenByDeployment {
  readonly by: string;
  readonly sentence: string;
}

export interface EnvironmentView {
  readonly name: string;
  readonly type: EnvironmentType;
  readonly description: string | null;
  readonly hosts: readonly string[];
  readonly services: readonly EnvironmentServiceView[];
}

export interface EnvironmentServiceView {
  readonly service: string;
  /** Digest; null: nothing was deployed. */
  readonly serving: string | null;
  readonly version: string | null;
  readonly sinceMs: number | null;
  readonly deploymentId: string | null;
  /** With any, it serves there only. */
  readonly partly: readonly string[];
  /** The deployment that goes on; null: none. */
  readonly going: {
    readonly deploymentId: string;
    readonly kind: 'release' | 'rollback';
    readonly version: string;
    readonly phase: Phase;
  } | null;
  /** The release that a rollback would bring; null with the reason why there is none. */
  readonly back: {
    readonly digest: string | null;
    readonly version: string | null;
    readonly sentence: string;
  };
}

export interface EnvironmentCheck {
  readonly environment: string;
  readonly service: string;
  readonly serving: string | null;
  readonly version: string | null;
  readonly health: 'healthy' | 'unhealthy' | 'unknown' | 'nothing';
  /** How what runs is supervised. */
  readonly target: string | null;
  readonly instances: readonly {
    readonly host: string;
    readonly digest: string;
    readonly version: string;
    readonly address: string | null;
    readonly isRunning: boolean;
  }[];
  /** Percent of the traffic by digest; null: no router, or it does not answer. */
  readonly weights: Readonly<Record<string, number>> | null;
  /** What is not as it should be. Sentences. */
  readonly findings: readonly string[];
}

export interface QuarantineView {
  readonly digest: string;
  readonly version: string | null;
  readonly service: string;
  readonly reason: string;
  readonly deploymentId: string;
  readonly atMs: number;
}
