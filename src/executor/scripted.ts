import {
  type Executor,
  type ExecutorJob,
  type OutputSink,
  StartError,
  type StepEnd,
  type StepProcess,
  type StepSpec,
} from './contract.ts';

type StepSignal = 'SIGTERM' | 'SIGKILL' | 'SIGINT';

/** What a scripted process does from its start on. A `StartError` thrown synchronously: it could not be started. */
export type Behaviour = (process: ScriptedProcess) => void | Promise<void>;

/** A process that does what a test tells it. */
export interface ScriptedProcess {
  readonly jobKey: string;
  readonly spec: StepSpec;
  /** Resolves when the sink has taken it; while nobody owns the process, when the next owner has. */
  print(output: string | Uint8Array): Promise<void>;
  exit(code: number): void;
  /** Ends as if by this signal. */
  die(signal: string): void;
  /** Takes over what happens at SIGTERM and SIGINT; without a listener the process dies of them. SIGKILL is not asked about. */
  onSignal(listener: (signal: 'SIGTERM' | 'SIGINT') => void): void;
  /** Leaves processes behind that live until the job is closed. */
  leaveBehind(count: number): void;
  /** Of what it printed something never comes to the sink: its end will say so. */
  loseOutput(): void;
  /** Makes it vanish together with the knowledge of how it ended. */
  vanish(reason: string): void;
}

/**
 * A machine whose processes are scripted. It outlives its executors, as a real machine outlives a killed Sluice:
 * `crash` ends the present owner, `executor` gives the next one, which can attach and sweep.
 */
export interface ScriptedMachine {
  /** The executor of the present owner. */
  executor(): Executor;
  /** The owner dies: its sinks hear nothing more, the processes go on. */
  crash(): void;
  /** Every process in the order of start, also ended ones. */
  readonly started: readonly ScriptedProcess[];
  /** Resolves with the process of this step as soon as it is started. */
  waitFor(stepKey: string): Promise<ScriptedProcess>;
}

/** `behave` chooses what a step does; without it every step succeeds at once and without output. */
export function scriptedMachine(behave: (spec: StepSpec) => Behaviour = () => succeed): ScriptedMachine {
  const processes = new Map<string, Process>();
  const waiting = new Map<string, PromiseWithResolvers<ScriptedProcess>>();
  const started: Process[] = [];
  let owner = 0;
  let lastPid = 1000;

  const start = (jobKey: string, spec: StepSpec): Process => {
    const process = new Process(jobKey, spec, ++lastPid);
    // A StartError thrown here is a failed start; so nothing is registered before.
    void behave(spec)(process);
    processes.set(keyOf(jobKey, spec.stepKey), process);
    started.push(process);
    waiting.get(spec.stepKey)?.resolve(process);
    waiting.delete(spec.stepKey);
    return process;
  };
  const close = (jobKey: string): number => {
    let killed = 0;
    for (const process of processes.values()) if (process.jobKey === jobKey) killed += process.kill();
    return killed;
  };
  const forget = (jobKey: string): void => {
    for (const [key, process] of processes) if (process.jobKey === jobKey) processes.delete(key);
  };
  const openJob = (jobKey: string, me: number): ExecutorJob => {
    let closed: Promise<{ killed: number }> | null = null;
    const alive = () => me === owner;
    return {
      start: async (spec) => {
        if (closed !== null) throw new StartError('ECANCELED', 'the job is closed');
        return start(jobKey, spec).handle(spec.onOutput, alive);
      },
      attach: async (stepKey, onOutput) =>
        processes.get(keyOf(jobKey, stepKey))?.handle(onOutput, alive) ?? null,
      claim: async (stepKey) => !processes.has(keyOf(jobKey, stepKey)),
      close: () => {
        closed ??= Promise.resolve({ killed: close(jobKey) });
        return closed;
      },
      forget: () => forget(jobKey),
    };
  };

  return {
    executor: () => {
      const me = owner;
      return {
        isolation: { kind: 'scripted', rung: 'scripted', sentence: 'Scripted: nothing runs.' },
        openJob: async ({ jobKey }) => openJob(jobKey, me),
        sweep: async (jobKey) => {
          const killed = close(jobKey);
          forget(jobKey);
          return killed;
        },
        groups: () => [...new Set([...processes.values()].map((process) => groupOf(process.jobKey)))],
        sweepGroup: async (group) => {
          let killed = 0;
          for (const { jobKey } of processes.values()) {
            if (groupOf(jobKey) !== group) continue;
            killed += close(jobKey);
            forget(jobKey);
          }
          return killed;
        },
        shutdown: async () => {},
      };
    },
    crash: () => {
      owner++;
      for (const process of processes.values()) process.disown();
    },
    started,
    waitFor: async (stepKey) => {
      const found = started.findLast((process) => process.spec.stepKey === stepKey);
      if (found) return found;
      const next = waiting.get(stepKey) ?? Promise.withResolvers<ScriptedProcess>();
      waiting.set(stepKey, next);
      return next.promise;
    },
  };
}

/** Ends with exit code 0 and no output. */
export const succeed: Behaviour = (process) => process.exit(0);

function groupOf(jobKey: string): string {
  return jobKey.split('.')[0]!;
}

function keyOf(jobKey: string, stepKey: string): string {
  return `${jobKey}/${stepKey}`;
}

class Process implements ScriptedProcess {
  readonly jobKey: string;
  readonly spec: StepSpec;
  readonly #pid: number;
  readonly #end = Promise.withResolvers<StepEnd>();
  #running = true;
  #left = 0;
  #outputLost = false;
  #sink: OutputSink | null = null;
  #owned = Promise.withResolvers<void>();
  /** Resolves when the job is closed: from then on nothing is handed on. */
  readonly #closed = Promise.withResolvers<void>();
  /** One chunk after the other, however slow the sink is. */
  #written: Promise<void> = Promise.resolve();
  #listener: ((signal: 'SIGTERM' | 'SIGINT') => void) | null = null;

  constructor(jobKey: string, spec: StepSpec, pid: number) {
    this.jobKey = jobKey;
    this.spec = spec;
    this.#pid = pid;
  }

  print(output: string | Uint8Array): Promise<void> {
    const bytes = typeof output === 'string' ? new TextEncoder().encode(output) : output;
    this.#written = this.#written.then(async () => {
      while (this.#sink === null) await this.#owned.promise;
      await this.#sink(bytes);
    });
    return Promise.race([this.#written, this.#closed.promise]);
  }

  exit(code: number): void {
    this.#over({ exit: { kind: 'code', code }, usage: { cpuMs: 1, memoryMaxBytes: 1_048_576 } });
  }

  die(signal: string): void {
    this.#over({ exit: { kind: 'signal', signal }, usage: { cpuMs: 1, memoryMaxBytes: 1_048_576 } });
  }

  loseOutput(): void {
    this.#outputLost = true;
  }

  vanish(reason: string): void {
    this.#over({ exit: { kind: 'lost', reason }, usage: null });
  }

  onSignal(listener: (signal: 'SIGTERM' | 'SIGINT') => void): void {
    this.#listener = listener;
  }

  leaveBehind(count: number): void {
    this.#left += count;
  }

  /** Kills all of it and returns how many processes that were. */
  kill(): number {
    const count = (this.#running ? 1 : 0) + this.#left;
    this.#left = 0;
    this.die('SIGKILL');
    this.#sink = () => {};
    this.#owned.resolve();
    this.#closed.resolve();
    return count;
  }

  disown(): void {
    this.#sink = null;
    this.#owned = Promise.withResolvers();
  }

  /** The process as its owner sees it; after that owner's crash `ended` stays open and nothing is handed on. */
  handle(sink: OutputSink, alive: () => boolean): StepProcess {
    this.#sink = sink;
    this.#owned.resolve();
    return {
      pid: this.#pid,
      signal: async (signal) => this.#signal(signal),
      ended: new Promise((resolve) => {
        void this.#end.promise
          .then((end) => Promise.race([this.#written, this.#closed.promise]).then(() => end))
          .then((end) => (alive() ? resolve(end) : undefined));
      }),
    };
  }

  #signal(signal: StepSignal): void {
    if (!this.#running) return;
    if (signal === 'SIGKILL' || this.#listener === null) this.die(signal);
    else this.#listener(signal);
  }

  #over(end: StepEnd): void {
    this.#running = false;
    this.#end.resolve(this.#outputLost ? { ...end, outputLost: true } : end);
  }
}
