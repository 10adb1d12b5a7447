import type { Cause } from '../../src/journal/run-event.ts';
import type { Emit, JobControl, JobMessage, JobReport, Runner } from '../../src/runner/contract.ts';

interface Running {
  readonly message: JobMessage;
  readonly emit: Emit;
  readonly resolve: (report: JobReport) => void;
  cancelled: Cause | null;
}

const SUCCEEDED: JobReport = {
  outcome: 'succeeded',
  cause: null,
  step: null,
  durationMs: 5,
  outputs: {},
  tail: [],
  patterns: [],
};

/** A runner whose jobs end when the test says so. A cancelled one ends at once as cancelled. */
export class ScriptedRunner implements Runner {
  readonly running = new Map<string, Running>();
  readonly started: string[] = [];
  /** Runs whose files were asked for before their first job. */
  readonly prepared: string[] = [];
  /** Tells of a run whether its files may go, as the controller said when it last had them tidied. */
  isOver: (runId: string) => Promise<boolean> = async () => false;
  #waiting: { cell: string; resolve: (running: Running) => void }[] = [];

  perform(message: JobMessage, emit: Emit, control: JobControl): Promise<JobReport> {
    this.started.push(message.cell);
    return new Promise((resolve) => {
      const running: Running = { message, emit, resolve, cancelled: null };
      this.running.set(message.cell, running);
      control.onCancel((cause) => {
        running.cancelled = cause;
        this.end(message.cell, { outcome: 'cancelled', cause });
      });
      for (const waiting of this.#waiting.filter((one) => one.cell === message.cell))
        waiting.resolve(running);
      this.#waiting = this.#waiting.filter((one) => one.cell !== message.cell);
    });
  }

  prepare(runId: string): void {
    this.prepared.push(runId);
  }

  async releaseAttempt(): Promise<null> {
    return null;
  }

  async tidy(isOver: (runId: string) => Promise<boolean>): Promise<void> {
    this.isOver = isOver;
  }

  async releaseRun(): Promise<null> {
    return null;
  }

  /** Resolves when the cell is with the runner. */
  async has(cell: string): Promise<Running> {
    return this.running.get(cell) ?? new Promise((resolve) => this.#waiting.push({ cell, resolve }));
  }

  /** Ends a running cell, as succeeded unless said otherwise. */
  end(cell: string, report: Partial<JobReport> = {}): void {
    const running = this.running.get(cell);
    if (!running) return;
    this.running.delete(cell);
    running.resolve({ ...SUCCEEDED, ...report });
  }
}
