import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect } from 'vitest';
import { artifactStore } from '../../src/artifact/artifact-store.ts';
import type { Storage, WorkRoom } from '../../src/cache/contract.ts';
import { reportArchive } from '../../src/cache/report-archive.ts';
import { openMemoryStorage } from '../../src/cache/storage/memory-storage.ts';
import { treeStore } from '../../src/cache/tree/tree-store.ts';
import { workRoom } from '../../src/cache/work/work-room.ts';
import type { Behaviour } from '../../src/executor/scripted.ts';
import type { PlanJob } from '../../src/pipeline/plan.ts';
import type { JobMessage, JobReport, StepFinished, StepStarted } from '../../src/runner/contract.ts';
import type { RunnerOptions } from '../../src/runner/options.ts';
import { type JobRig, jobRig, machineOf, messageFor, realClock, realRandom } from './job-rig.ts';
import { noRooms } from './rooms.ts';

const place = { file: 'f', start: { line: 1, column: 1 }, end: { line: 1, column: 1 } };
/** The declaration of a job or step. */
export const declares = (inputs: readonly string[], more: object = {}) => ({
  work: { inputs, outputs: [], variables: [], tools: [], place, ...more },
});

/** Runs jobs, each in a run of its own, over one storage; counts how often work was done. */
export class WorkRig {
  readonly storage: Storage = openMemoryStorage(realClock);
  readonly rig: JobRig;
  done = 0;
  /** Of the last run. */
  readonly events: (StepStarted | StepFinished)[] = [];
  #runs = 0;

  constructor(behaviour: Behaviour = (process) => process.exit(0), more: Partial<RunnerOptions> = {}) {
    const counted: Behaviour = (process) => {
      this.done += 1;
      return behaviour(process);
    };
    const executor = machineOf({ a: counted, b: counted }).executor();
    const rooms = {
      ...noRooms,
      executor: async () => executor,
      work: async () => this.room(),
      artifacts: async () => this.artifacts(),
      reports: async () => this.reports(),
      changes: async () => ({ changeOf: async () => null }),
    };
    this.rig = jobRig(executor, { rooms, ...more });
  }

  trees() {
    const { blobs } = this.storage;
    return treeStore({
      blobs,
      directory: join(this.rig.root, 'trees'),
      clock: realClock,
      random: realRandom,
    });
  }

  artifacts() {
    return artifactStore({ references: this.storage.references, trees: this.trees(), clock: realClock });
  }

  reports() {
    return reportArchive({ references: this.storage.references, trees: this.trees() });
  }

  room(): WorkRoom {
    const { references, blobs } = this.storage;
    const directory = join(this.rig.root, 'index');
    return workRoom({
      references,
      blobs,
      trees: this.trees(),
      clock: realClock,
      random: realRandom,
      directory,
    });
  }

  write(path: string, text: string): void {
    mkdirSync(dirname(join(this.rig.source, path)), { recursive: true });
    writeFileSync(join(this.rig.source, path), text);
  }

  message(planJob: PlanJob, more: Partial<JobMessage> = {}): JobMessage {
    const runId = more.runId ?? `run${this.#runs++}`;
    const contexts = {
      git: { branch: 'main' },
      event: { name: 'manual', payload: {} },
      run: { id: runId },
      pipeline: { name: 'p' },
      inputs: {},
      vars: {},
    };
    return messageFor(planJob, this.rig.source, { contexts, ...more, runId });
  }

  async run(planJob: PlanJob, more: Partial<JobMessage> = {}): Promise<JobReport> {
    const message = this.message(planJob, more);
    this.events.length = 0;
    const emit = async (event: StepStarted | StepFinished) => {
      this.events.push(event);
    };
    const report = await this.rig.runner.perform(message, emit, {
      onCancel: () => {},
      onCancelStep: () => {},
    });
    await this.rig.runner.releaseAttempt(message.runId, message.cell, 1);
    await this.rig.runner.releaseRun(message.runId);
    return report;
  }

  /** Whether the work was taken over. */
  async reuses(planJob: PlanJob, more: Partial<JobMessage> = {}): Promise<boolean> {
    const before = this.done;
    const report = await this.run(planJob, more);
    expect(report.outcome).toBe('succeeded');
    const isReused = report.extras?.work?.reusedFrom != null;
    expect(this.done - before).toBe(isReused ? 0 : 1);
    return isReused;
  }
}
