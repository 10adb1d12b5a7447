import type { ResourceDefinition } from '../../pipeline/plan-environment.ts';
import type { HealthCheck } from '../../pipeline/plan-health-check.ts';
import type { Fence } from '../fence.ts';

/**
 * Where releases of one environment run: processes of this machine, hosts over SSH, containers. One contract suite
 * (test/contract/target.contract.ts) is passed by every implementation.
 *
 * What runs outlives the command that started it, and the owner of the deployment. Order of calls for a release on a host:
 * `install`, `start`, `health`, and at the end `stop`, then `remove`. Several hosts may be asked at the same time; of one host
 * there is one change at a time, in the order of their fences. Nothing here reads or writes the journal: the caller wrote its
 * intent before, and writes the receipt after.
 *
 * Every change has a key. The target keeps what became of a key, durably, on its own side, for as long as the environment's
 * deployment may ask (30 days). A change under a key that is done already does nothing and answers the same again. A change
 * that may be half done when the connection breaks is finished or undone by whoever asks next, under the same key.
 *
 * Nothing here rejects for what a host does: `unknown` is an answer, after which the caller will `probe`. `refused` means that it
 * is certain that nothing was changed. No call waits longer than its `timeoutMs`.
 */
export interface Target {
  readonly kind: 'process' | 'ssh' | 'docker' | 'scripted';
  /** For people: how what runs is supervised, and what keeps it apart. */
  readonly sentence: string;
  /** Its hosts, by the names that the plan uses. */
  readonly hosts: readonly string[];
  /**
   * Brings the release's files, or its image, and configuration to a host, whole or not at all. What is there already by this
   * digest is checked and not brought again. Nothing that runs is touched.
   */
  install(change: Change, release: Release): Promise<TargetReply>;
  /**
   * Starts as many instances as the release says, each on a free port of the environment's range, beside whatever else runs
   * there. They get no traffic by that. Resolves when they were started, healthy or not.
   */
  start(change: Change, release: Release): Promise<TargetReply>;
  /** Ends the instances of a digest: asks them, and after the release's drain time kills their whole process trees. */
  stop(change: Change, digest: string): Promise<TargetReply>;
  /** Removes what `install` brought. What runs, or is the newest but `keepReleases`, stays. */
  remove(change: Change, digest: string): Promise<TargetReply>;
  /**
   * Runs a command once, in the release's folder or container, with its environment: hooks, smoke tests, migrations. It goes on when
   * the connection breaks, and its receipt is kept under the key; `probe` finds it. One that has not ended when its time is over
   * is ended with all that it started, and its code is 124.
   */
  run(change: Change, command: CommandSpec): Promise<TargetReply>;
  /**
   * What became of a change. From the moment it answers `not-done`, an earlier request under this key does nothing any more, should it
   * still come; a later one is done. The fence counts as seen.
   */
  probe(change: Change): Promise<Probed>;
  /** What runs on a host, asked of the host itself and never from memory. */
  instances(host: string): Promise<readonly Instance[]>;
  /**
   * Asks the health checks of the instances until each has reached its success threshold (`healthy`) or failed for good: a failure
   * threshold, an instance that ended, or that was started again three times within a minute (`unhealthy`, within seconds).
   */
  health(
    instances: readonly Instance[],
    checks: readonly HealthCheck[],
    timeoutMs: number,
  ): Promise<HealthEnd>;
  /**
   * Calls back when an instance of the digest is down and does not come back by itself. The returned function ends the watch. What
   * flaps below the failure threshold is counted in `samples` and not told here.
   */
  watch(digest: string, checks: readonly HealthCheck[], onDown: (down: Down) => void): () => void;
  /** Counts of health probes and readings of processor and memory (0 to 1 of what the instance may use) since the last call. */
  samples(digest: string): Promise<TargetSamples>;
  /** What is not as the environment says it is: files that were changed, instances that run without a deployment. Sentences. */
  drift(): Promise<readonly string[]>;
  /**
   * Whether a digest could be started again now: its files or image are whole, its configuration and secrets can be had, and there is
   * room for it. Empty: yes; else sentences that end with what to do.
   */
  missing(release: Release): Promise<readonly string[]>;
  close(): Promise<void>;
}

/** What a change is about, and what makes it one change. */
export interface Change {
  readonly key: string;
  readonly fence: Fence;
  readonly host: string;
  readonly timeoutMs: number;
}

/** A release as it is to run; all templates are filled in. */
export interface Release {
  readonly service: string;
  readonly digest: string;
  /** A folder with the artifact's files on this machine, or an image by digest. */
  readonly content:
    | { readonly kind: 'files'; readonly folder: string }
    | { readonly kind: 'image'; readonly image: string };
  readonly command: string | null;
  readonly directory: string;
  readonly environment: Readonly<Record<string, string>>;
  /** Values that never appear in a command line, a log or a message. */
  readonly secrets: Readonly<Record<string, string>>;
  readonly port: number | null;
  readonly resources: ResourceDefinition;
  readonly drainMs: number;
}

/** One running copy of a release. */
export interface Instance {
  /** Unique on its target; the same for as long as it is the same process or container. */
  readonly id: string;
  readonly host: string;
  readonly digest: string;
  /** Where the router reaches it; null: it listens nowhere. */
  readonly address: string | null;
  readonly startedAtMs: number;
  readonly isRunning: boolean;
}

export interface CommandSpec {
  readonly run: string;
  readonly digest: string;
  readonly environment: Readonly<Record<string, string>>;
}

export interface CommandEnd {
  /** 0 is good. */
  readonly code: number;
  /** The last lines, masked; at most 20. */
  readonly tail: readonly string[];
}

export type TargetReply =
  /** `end`: of a command, whatever its code; otherwise null. */
  | { readonly outcome: 'done'; readonly end: CommandEnd | null }
  | {
      readonly outcome: 'refused';
      readonly cause: 'older-fence' | 'no-room' | 'not-found' | 'invalid' | 'failed';
      /** Ends with what to do. */
      readonly reason: string;
    }
  | { readonly outcome: 'unknown'; readonly reason: string };

export type Probed =
  | { readonly found: 'done'; readonly end: CommandEnd | null }
  | { readonly found: 'not-done' }
  | { readonly found: 'failed'; readonly reason: string }
  /** It is still going on, or the host cannot tell. */
  | { readonly found: 'unknown'; readonly reason: string };

export type HealthEnd =
  | { readonly state: 'healthy' }
  | {
      readonly state: 'unhealthy';
      readonly host: string;
      readonly reason: string;
      readonly tail: readonly string[];
    }
  /** Its time was over before either. */
  | { readonly state: 'undecided'; readonly host: string; readonly reason: string };

export interface Down {
  readonly host: string;
  readonly reason: string;
  readonly tail: readonly string[];
}

export interface TargetSamples {
  readonly health: { readonly taken: number; readonly bad: number };
  /** The larger of processor and memory at each reading. */
  readonly resources: readonly number[];
}
