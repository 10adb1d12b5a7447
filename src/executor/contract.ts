/**
 * Where a job's steps run. One contract suite (test/contract/executor.contract.ts) is passed by every implementation.
 *
 * Order of calls: `openJob` once per attempt of a cell, `start` or `attach` per step, `close` once at the end, also after
 * a failure, then `forget`. Steps of one job may run at the same time. `close` is idempotent and returns only when no process of the job
 * is left. Nothing here reads or writes the journal; the caller records the intent before `start` and the receipt after.
 */
export interface Executor {
  /** How the steps are kept apart, as a word for the journal and a sentence for people. */
  readonly isolation: Isolation;
  openJob(spec: JobSpec): Promise<ExecutorJob>;
  /**
   * Kills what an earlier, dead owner left of this job and forgets it. For a job nothing is known of it does nothing.
   * Returns the number of processes killed.
   */
  sweep(jobKey: string): Promise<number>;
  /** The groups of jobs of which anything is kept. */
  groups(): readonly string[];
  /** Sweeps every job of the group of which anything is kept. */
  sweepGroup(group: string): Promise<number>;
  /**
   * Makes an image from a file and the folder that it is about, and returns its name. Rejects with `StartError`. An executor
   * without images leaves it out.
   */
  makeImage?(folder: string, file: string): Promise<string>;
  /** Ends helpers. No job may be open. */
  shutdown(): Promise<void>;
}

export interface Isolation {
  readonly kind: 'process' | 'sandbox' | 'docker' | 'scripted';
  /** How a process tree is killed: the rung of the ladder that this machine allows. */
  readonly rung: 'cgroup' | 'pid-namespace' | 'subreaper' | 'process-group' | 'scripted';
  readonly sentence: string;
}

export interface JobSpec {
  /**
   * Unique over all runs on the machine. Letters, digits, `-`, `_`, `~`, `.`. What stands before the first dot is the job's
   * group: its run.
   */
  readonly jobKey: string;
  /** What the job may see and use. Without it: what the user's own processes may. */
  readonly confinement?: Confinement;
}

/**
 * What a job may see and use. The sandbox and the container hold to all of it; without isolation only the limits apply,
 * where the machine can give them. What cannot be held to is refused with a `StartError`, never dropped.
 */
export interface Confinement {
  /** Absolute paths that the job may write (workspace, private temporary folder). They have the same names inside. */
  readonly writable: readonly string[];
  /** Absolute paths that it may read besides the system's programs and libraries. They have the same names inside. */
  readonly readable: readonly string[];
  /** `none`: not even other addresses of this machine. */
  readonly network: 'host' | 'none';
  readonly limits: Limits;
  /** null: the machine's own programs. */
  readonly container: ContainerSpec | null;
}

/** null: no limit of ours. */
export interface Limits {
  readonly cpus: number | null;
  readonly memoryBytes: number | null;
  readonly processesMax: number | null;
  /** Of all that the job may write. */
  readonly diskBytes: number | null;
}

export interface ContainerSpec {
  readonly image: string;
  readonly environment: Readonly<Record<string, string>>;
  /** `8080:80`, `80`, with `/udp` behind. */
  readonly ports: readonly string[];
  /** `SOURCE:TARGET[:ro]`; the source is a path below the workspace or a named volume. */
  readonly volumes: readonly string[];
  readonly user: string | null;
  /** For pulling the image. Without them: what the engine knows itself. */
  readonly credentials?: { readonly username: string; readonly password: string } | null;
  /** Further options of `docker run`, as a shell parts words. Only harmless ones are taken. */
  readonly options?: string | null;
}

/** Long-lived containers beside a job: databases and the like. */
export interface ServiceHost {
  /**
   * Starts all and waits until each is healthy. A job in a container reaches them by name, one on the machine by
   * `127.0.0.1` and the port that was mapped. Rejects with `StartError`, and its last lines of output, when one is not
   * healthy in time; then none is left. Called after `openJob`. `folders`: absolute paths, of which volumes may have a part.
   */
  start(
    jobKey: string,
    services: readonly ServiceSpec[],
    folders: readonly string[],
  ): Promise<readonly StartedService[]>;
  /** The job's services end, and what they kept. Also for a job that nothing is known of. */
  stop(jobKey: string): Promise<void>;
}

export interface ServiceSpec extends ContainerSpec {
  readonly name: string;
  readonly command: readonly string[] | null;
  /** Runs inside; exit code 0 means healthy. null: the image's own health check, or that it runs. */
  readonly health: {
    readonly command: readonly string[];
    readonly intervalMs: number;
    readonly timeoutMs: number;
    readonly retries: number;
  } | null;
  readonly startTimeoutMs: number;
}

export interface StartedService {
  readonly name: string;
  readonly containerId: string;
  /** The name of the network that all services of the job are in, and its container. */
  readonly network: string;
  /** Port in the container to port on this machine. */
  readonly ports: Readonly<Record<string, number>>;
}

export interface ExecutorJob {
  /** Starts one process. Throws `StartError` when it could not be started; then nothing is left of it. */
  start(step: StepSpec): Promise<StepProcess>;
  /**
   * Takes over a step that an earlier owner started: still running, or over with its exit status kept.
   * null: nothing is known of it, so whether it ran cannot be told.
   */
  attach(stepKey: string, onOutput: OutputSink): Promise<StepProcess | null>;
  /**
   * After `attach` found nothing: true when it is certain that nobody began the step, as long as the machine was not
   * restarted, and that nobody but this job can begin it any more. Not to be asked of what was forgotten or swept. An
   * executor that cannot know leaves it out.
   */
  claim?(stepKey: string): Promise<boolean>;
  /** The job's container, and the network it is in without services, by which the engine knows them. Only where there is one. */
  readonly container?: { readonly id: string; readonly network: string };
  /** What the image of the job runs by itself. An executor without images leaves it out. Rejects with `StartError`. */
  imageCommand?(): Promise<{ readonly entrypoint: readonly string[]; readonly command: readonly string[] }>;
  /**
   * Kills every process of the job. Returns how many processes had been left behind. How the steps ended is kept for a
   * later owner that `attach`es, until `forget`.
   */
  close(): Promise<{ readonly killed: number }>;
  /** Removes what is kept of a closed job; to be called when the caller's own receipts are durable. Needs no waiting. */
  forget(): void;
}

/**
 * Receives output as it comes. While the returned promise is pending no more is read (back-pressure). The bytes are only
 * valid until the call returns, or its promise resolves.
 */
export type OutputSink = (chunk: Uint8Array) => void | Promise<void>;

export interface StepSpec {
  /** Unique in the job: step id and try. Letters, digits, `-`, `_`, `.`. */
  readonly stepKey: string;
  /** Program and arguments. Holds no secret: every user of the machine can read it. */
  readonly command: readonly string[];
  readonly directory: string;
  /** The whole environment; nothing is inherited. */
  readonly environment: Readonly<Record<string, string>>;
  /** Give the process a terminal of 80 x 24 instead of a pipe. */
  readonly tty: boolean;
  /** Standard output and standard error in the order in which they were written. */
  readonly onOutput: OutputSink;
}

export interface StepProcess {
  readonly pid: number;
  /** Sends the signal to every process of the step. */
  signal(signal: 'SIGTERM' | 'SIGKILL' | 'SIGINT'): Promise<void>;
  /**
   * Resolves when the step's own process is over and its output was handed to the sink: to the end of the stream, or for
   * at most `drainMs` when a background process keeps the stream open. What that one prints later goes on to the sink
   * until `close`. Never rejects.
   */
  readonly ended: Promise<StepEnd>;
}

export interface StepEnd {
  readonly exit:
    | { readonly kind: 'code'; readonly code: number }
    | { readonly kind: 'signal'; readonly signal: string }
    /** The helper that watched the process is gone too; how it ended is not known. */
    | { readonly kind: 'lost'; readonly reason: string };
  /** Of the step's process and the children it waited for; null when not known. */
  readonly usage: { readonly cpuMs: number; readonly memoryMaxBytes: number } | null;
  /** The limit of the job that ended the step, with a sentence for people: "out of memory: limit 512 MiB". */
  readonly limit?: { readonly kind: 'memory' | 'processes' | 'disk'; readonly message: string };
  /** Of what it wrote something may not have come to the sink, and nothing else says so. */
  readonly outputLost?: boolean;
}

/** The process could not be started: no such program or directory, argument list too long, process limit. */
export class StartError extends Error {
  readonly code: string;
  constructor(code: string, message: string) {
    super(message);
    this.name = 'StartError';
    this.code = code;
  }
}
