import type { Place } from '../base/diagnostic.ts';
import type { HealthCheck } from './plan-health-check.ts';

/** What a job may see and use. */
export interface PlanIsolation {
  /** null: the machine's rule for the run's trust, which may be stricter than any of these. A container is always `docker`. */
  readonly mode: 'process' | 'sandbox' | 'docker' | null;
  /** `none`: not even other addresses of this machine. */
  readonly network: 'host' | 'none';
  /** Absolute folders of the machine that the job may read besides the system's programs and libraries. */
  readonly readable: readonly string[];
  readonly limits: PlanLimits;
}

/** null: no limit of the pipeline's. */
export interface PlanLimits {
  /** Processors; may be a part of one. */
  readonly cpus: number | null;
  readonly memoryBytes: number | null;
  readonly processesMax: number | null;
  /** Of all that the job may write. */
  readonly diskBytes: number | null;
}

/** `image`, `container`, and what stands under `services` with an image. */
export interface PlanContainer {
  /** Template. */
  readonly image: string;
  /** Templates, usually over `secrets`. */
  readonly credentials: { readonly username: string; readonly password: string } | null;
  /** Templates. */
  readonly variables: Readonly<Record<string, string>>;
  /** `80` or `8080:80`, the machine's port first; `/udp` may stand behind. */
  readonly ports: readonly string[];
  /** `SOURCE:TARGET[:ro]`. Templates. */
  readonly volumes: readonly string[];
  /** User and group in the container; null: the image's. Template. */
  readonly user: string | null;
  /** Further options of `docker create`. Template. */
  readonly options: string | null;
  readonly place: Place;
}

/** Runs beside the steps of a job, from before the first one until the clean-up is over. */
export type PlanService = ContainerService | CommandService;

interface ServiceCommon {
  readonly name: string;
  /** The job starts when it answers. null: when it runs (a container: when its image's own check says so). */
  readonly health: HealthCheck | null;
  /** How long it may take until it is healthy. */
  readonly startTimeoutMs: number;
  readonly place: Place;
}

export interface ContainerService extends ServiceCommon {
  readonly kind: 'container';
  readonly container: PlanContainer;
  /** Instead of the image's own command. Template. */
  readonly command: string | null;
}

/** A command that goes on in the background; it is stopped like a step. */
export interface CommandService extends ServiceCommon {
  readonly kind: 'command';
  /** Template. */
  readonly run: string;
  readonly shell: string;
  readonly workingDirectory: string;
  readonly variables: Readonly<Record<string, string>>;
}
