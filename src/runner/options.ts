import type { Clock, Random } from '../base/port.ts';
import type { Executor } from '../executor/contract.ts';
import type { SecretSource } from '../secret/contract.ts';
import type { RunnerRooms } from './rooms.ts';

/** What a runner on this machine is made of. */
export interface RunnerOptions {
  /** Runs steps on the machine itself. */
  readonly executor: Executor;
  readonly rooms: RunnerRooms;
  readonly secrets: SecretSource;
  readonly clock: Clock;
  readonly random: Random;
  /** Sluice's data folder; logs lie below it. */
  readonly directory: string;
  /** Workspaces lie below it, a folder for each run. */
  readonly workspaceRoot: string;
  /** The environment of this process; jobs see only the allowed part. */
  readonly hostEnvironment: Readonly<Record<string, string | undefined>>;
  /** Whether the workspace of a job that did not succeed stays for a look. */
  readonly keepWorkspaces: 'failed' | 'never';
  /**
   * Work that declares its inputs: `reuse` takes results over and is the default; `anew` does all of it; `check` does it and
   * reports files that were read or written without being declared.
   */
  readonly work?: 'reuse' | 'anew' | 'check';
  /** `off`: also the actions that Sluice can perform itself are performed as they are written. */
  readonly adapters?: 'off';
  /** Between SIGTERM and SIGKILL; 10 s when not given. */
  readonly killGraceMs?: number;
  /** The log of a step ends at this size; 1 GiB when not given. */
  readonly logBytesMax?: number;
  /** Called when a step of a cell failed, while its workspace is still there. */
  readonly onFailedPlace?: (cell: string, place: FailedPlace) => void | Promise<void>;
}

export interface FailedPlace {
  readonly directory: string;
  readonly environment: Readonly<Record<string, string>>;
}
