import type { Place } from '../base/diagnostic.ts';
import type { AnalysisDefinition } from './plan-analysis.ts';
import type { GateCondition } from './plan-gate.ts';
import type { HealthCheck } from './plan-health-check.ts';
import type { RollbackDefinition, StrategyDefinition } from './plan-strategy.ts';

export const ENVIRONMENT_TYPES = ['development', 'testing', 'staging', 'production', 'preview'] as const;
export type EnvironmentType = (typeof ENVIRONMENT_TYPES)[number];

/** A place where releases run. */
export interface EnvironmentDefinition {
  readonly name: string;
  readonly description: string | null;
  /** Given, or told by the name; `production` brings the strict defaults. */
  readonly type: EnvironmentType;
  readonly hosts: readonly HostDefinition[];
  /** Where images come from, such as `registry.example.com:5000/team`. null: as their names say. */
  readonly registry: string | null;
  /** How the registry is asked. Left out: as your own `docker login` has it. */
  readonly registryLogin?: RegistryLogin;
  /** null: `ssh` when there are hosts, else `process`. */
  readonly target: TargetDefinition | null;
  /** null: that of the service, else the built-in proxy where the strategy needs one. */
  readonly router: RouterDefinition | null;
  /** Of what is deployed here, over those of the service. Templates. */
  readonly variables: Readonly<Record<string, string>>;
  /** Names of the secrets of what is deployed here. */
  readonly secrets: readonly string[];
  /** Besides those of the service. */
  readonly healthChecks: readonly HealthCheck[];
  readonly preDeployHooks: readonly DeployCommand[];
  readonly postDeployHooks: readonly DeployCommand[];
  readonly smokeTests: readonly DeployCommand[];
  /** Null: that of its type. */
  readonly protection: Protection | null;
  readonly promotion: Promotion | null;
  readonly resources: ResourceDefinition;
  readonly strategy: StrategyDefinition | null;
  readonly analysis: AnalysisDefinition | null;
  readonly rollback: RollbackDefinition | null;
  /** Longest time for a deployment. */
  readonly timeoutMs: number | null;
  readonly place: Place;
}

export interface HostDefinition {
  readonly host: string;
  readonly port: number;
  /** null: the user who deploys. */
  readonly user: string | null;
  /** Name of the secret with the private key; null: the user's agent or key files. */
  readonly key: string | null;
  /** The host's own key as in `known_hosts`, such as `ssh-ed25519 AAAA...`; null: as the user's `known_hosts` says. */
  readonly hostKey: string | null;
  readonly place: Place;
}

export interface RegistryLogin {
  readonly user: string;
  /** Name of the secret with the password, or token. */
  readonly password: string;
}

/** A command around a deployment. Its text is a template that sees `deploy`. */
export interface DeployCommand {
  readonly name: string;
  readonly run: string;
  readonly timeoutMs: number | null;
  readonly place: Place;
}

export interface TargetDefinition {
  readonly kind: 'process' | 'ssh' | 'docker';
  /** Where releases are put: a folder of the target. null: one below Sluice's own folder. */
  readonly directory: string | null;
  /** How many old releases stay. */
  readonly keepReleases: number | null;
  /** Ports for instances, both included. null: the service's own port. */
  readonly ports: { readonly first: number; readonly last: number } | null;
  /** `process` and `ssh`: systemd supervises. null: where there is one. */
  readonly systemd: boolean | null;
  /** `docker`: the network that instances join. */
  readonly network: string | null;
  readonly place: Place;
}

export type RouterDefinition =
  /** The built-in proxy. `listen`: `8080` or `address:port`. */
  | { readonly kind: 'proxy'; readonly listen: string; readonly place: Place }
  /** `socket`: path or `host:port` of the runtime API. */
  | {
      readonly kind: 'haproxy';
      readonly socket: string;
      readonly backend: string;
      readonly place: Place;
    }
  /** `config`: the file with the upstream, which Sluice writes. `reload`: how nginx is told. */
  | {
      readonly kind: 'nginx';
      readonly config: string;
      readonly upstream: string;
      readonly reload: string | null;
      readonly place: Place;
    };

/** What must be true before a deployment. */
export interface Protection {
  readonly approvals: number;
  /** Accounts, or `team/NAME`. Empty: everyone who may approve in this repository. */
  readonly approvers: readonly string[];
  /** Whether the author of the change may be one of them. */
  readonly authorAllowed: boolean;
  /** Deployments only in one of these. Empty: always. */
  readonly windows: readonly DeployWindow[];
  readonly freezes: readonly DeployFreeze[];
  /** Conditions that must have passed for this commit. */
  readonly gates: readonly GateCondition[];
  /** Names of branches, as globs, whose commits may be deployed. Empty: all. */
  readonly branches: readonly string[];
}

export interface DeployWindow {
  /** Recurrence rule of RFC 5545 for the days, such as `FREQ=WEEKLY;BYDAY=MO,TU`. null: every day. */
  readonly rule: string | null;
  /** Minutes after midnight in the time zone. `to` is exclusive; when it is not after `from`, it is on the next day. */
  readonly fromMinute: number;
  readonly toMinute: number;
  /** IANA name. */
  readonly timeZone: string;
  readonly place: Place;
}

/** No deployments from `start` (included) to `end` (excluded), both UTC in ISO 8601. */
export interface DeployFreeze {
  readonly start: string;
  readonly end: string;
  readonly reason: string | null;
  readonly place: Place;
}

export interface Promotion {
  /** Environments that must run the release before. */
  readonly after: readonly string[];
  readonly sameArtifact: boolean;
}

/** What one instance gets. null: not limited. */
export interface ResourceDefinition {
  readonly cpus: number | null;
  readonly memoryBytes: number | null;
  readonly diskBytes: number | null;
  /** How many instances. */
  readonly replicas: number | null;
}
