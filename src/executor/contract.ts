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
