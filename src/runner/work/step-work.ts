import { join } from 'node:path';
import type { Fingerprint, WorkResult } from '../../cache/contract.ts';
import { fingerprintOf } from '../../cache/work/fingerprint.ts';
import { InputNames } from '../../cache/work/input-names.ts';
import type { WorkUse } from '../../journal/run-event.ts';
import type { PlanStep } from '../../pipeline/plan.ts';
import type { StepFinished } from '../contract.ts';
import type { JobState } from '../job-state.ts';
import { copyLog } from '../log/copy.ts';
import { logFile, stepKey } from '../log/paths.ts';
import type { RunnerOptions } from '../options.ts';
import { JobProblem } from '../problem.ts';
import type { JobSetup } from '../step-setup.ts';
import { unrunStep } from '../step-skip.ts';
import { listFolder } from '../workspace/source-list.ts';
import { watchFiles } from './check-files.ts';
import { canMark, withFolder, withoutFolder } from './folder-mark.ts';
import { lookAtContents, namesOf } from './inputs.ts';
import { ageOfFiles } from './report-age.ts';
import { reusedUse } from './reuse.ts';
import type { RunWork } from './run-work.ts';
import { type StepMake, stepMake } from './step-parts.ts';
import { keepingProblem, type RunnerWork } from './work.ts';

const CANNOT_CHECK = 'the inputs cannot be checked: this file system does not keep when a file was read';

/** Work of a step that is being done, and what is to be remembered of it. */
interface StepToDo {
  readonly run: RunWork;
  readonly fingerprint: Fingerprint;
  readonly outputs: readonly string[];
  readonly use: WorkUse;
  /** Only of a check. */
  readonly watched: ReturnType<typeof watchFiles>;
}

/**
 * The single steps of an attempt that declare what they read: whether their work was done before, and what is kept of it. Files
 * are looked at in the workspace right before the step, since steps before it may have made them.
 */
export class StepWork {
  readonly #options: RunnerOptions;
  readonly #work: RunnerWork;
  readonly #state: JobState;
  readonly #setup: JobSetup;
  readonly #toDo = new Map<string, StepToDo>();

  constructor(options: RunnerOptions, work: RunnerWork, state: JobState, setup: JobSetup) {
    this.#options = options;
    this.#work = work;
    this.#state = state;
    this.#setup = setup;
  }

  /**
   * To be called when nothing but the start of the step is left to do. Its receipt, when its work was taken over and the workspace
   * is as the step would leave it; null: it has to run. Nothing is told before all is in place, so a kill leaves a step that is done.
   */
  async find(step: PlanStep): Promise<StepFinished | null> {
    if (step.work === null || step.parallelGroup !== null || this.#state.failure || this.#state.isStopped)
      return null;
    const startedMs = this.#options.clock.monotonic();
    try {
      const run = await this.#work.open(this.#state.message);
      const { directory, folder } = this.#setup.workspace;
      const make = stepMake(step, this.#state, folder, this.#work.machine);
      const fingerprint = await this.#fingerprintOf(make, run, directory);
      const subject = this.#subjectOf(step);
      const isCheck = this.#options.work === 'check';
      const result = isCheck ? null : run.results.find(subject, fingerprint.digest);
      const loss = result && (await this.#takeOver(step, result, run));
      if (result && loss === null) {
        run.results.used(subject, fingerprint);
        return this.#receiptOf(step, fingerprint, result, startedMs);
      }
      this.#toDo.set(step.id, {
        run,
        fingerprint,
        outputs: make.declared.outputs,
        use: await this.#work.useToDo(subject, run, fingerprint, loss),
        watched: this.#isWatched ? watchFiles(directory) : null,
      });
      return null;
    } catch (error) {
      // A template that cannot be evaluated is told by the step itself, with its own words.
      if (error instanceof JobProblem) return null;
      const problem = keepingProblem(error);
      if (problem === null) throw error;
      this.#warn(step.id, `whether it was done before cannot be told: ${problem}`);
      return null;
    }
  }

  /** Keeps what the step made when it succeeded. To be called before another step begins; gives the receipt that tells of it. */
  async keep(finished: StepFinished): Promise<StepFinished> {
    const toDo = this.#toDo.get(finished.step);
    if (!toDo) return finished;
    this.#toDo.delete(finished.step);
    const { use, watched, outputs, fingerprint } = toDo;
    if (this.#isWatched) {
      const undeclared = watched?.(fingerprint.inputs, outputs);
      this.#warnOf(finished.step, undeclared);
      return { ...finished, work: { ...use, ...(undeclared ? { undeclared } : {}) } };
    }
    const isKept = finished.outcome === 'succeeded' && this.#options.work !== 'check';
    const unkept = isKept ? await this.#keep(finished, toDo) : null;
    if (unkept !== null)
      this.#warn(finished.step, `its result is not kept, so it will be done again: ${unkept}`);
    return { ...finished, work: use };
  }

  async #fingerprintOf({ parts, declared }: StepMake, run: RunWork, directory: string): Promise<Fingerprint> {
    const names = new InputNames(listFolder(directory).entries.map(({ path }) => path));
    const files = run.room.inputs(directory, false);
    const inputs = await lookAtContents(namesOf(declared.inputs, names), files, names);
    const tools = await this.#work.ask(this.#state.message, declared, run);
    return fingerprintOf({ ...parts, inputs, tools });
  }

  /** Brings files and log. Returns why that cannot be, or null. */
  async #takeOver(step: PlanStep, result: WorkResult, run: RunWork): Promise<string | null> {
    const { message } = this.#state;
    const age = ageOfFiles(result, message.job.reports, this.#options.clock.now());
    const loss = age ?? (await this.#work.lossOf(result, run));
    if (loss !== null) return loss;
    try {
      if (result.files) await run.results.bringFiles(result.files, this.#setup.workspace.directory);
      const { directory } = this.#options;
      const [log] = result.logs;
      if (log && log.bytes > 0) {
        const from = logFile(
          directory,
          result.runId,
          result.cell,
          result.attempt,
          stepKey(log.step, log.try),
        );
        copyLog(from, logFile(directory, message.runId, message.cell, message.attempt, stepKey(step.id, 1)));
      }
      return null;
    } catch (error) {
      const problem = keepingProblem(error);
      if (problem === null) throw error;
      return problem;
    }
  }

  #receiptOf(step: PlanStep, fingerprint: Fingerprint, result: WorkResult, startedMs: number): StepFinished {
    const { folder } = this.#setup.workspace;
    const { logs: _, ...use } = reusedUse(fingerprint, result);
    const [log] = result.logs;
    const exported = result.exported ?? { variables: {}, path: [] };
    return {
      ...unrunStep(this.#state.message, step),
      outcome: 'succeeded',
      durationMs: Math.round(this.#options.clock.monotonic() - startedMs),
      outputs: mapped(result.outputs, (text) => withFolder(text, folder)),
      exported: {
        variables: mapped(exported.variables, (text) => withFolder(text, folder)),
        path: exported.path.map((entry) => withFolder(entry, folder)),
      },
      log: { bytes: log?.bytes ?? 0, lines: log?.lines ?? 0 },
      work: use,
    };
  }

  async #keep(finished: StepFinished, { run, fingerprint, outputs }: StepToDo): Promise<string | null> {
    const { message } = this.#state;
    const { folder, directory } = this.#setup.workspace;
    const { variables, path } = finished.exported;
    const told = [...Object.values(finished.outputs), ...Object.values(variables), ...path];
    if (!told.every(canMark)) return 'a value that it left holds a NUL byte';
    try {
      const reveals =
        message.job.secrets.length === 0
          ? null
          : (name: string) => this.#setup.redaction.revealsFile(join(directory, name));
      const files = outputs.length === 0 ? null : await run.results.keepFiles(directory, outputs, reveals);
      if (typeof files === 'string') return files;
      const marked = (text: string) => withoutFolder(text, folder);
      const { step, try: tryNumber, log, durationMs } = finished;
      run.results.add(this.#subjectOf({ id: step }), fingerprint, {
        fingerprint: fingerprint.digest,
        runId: message.runId,
        cell: message.cell,
        attempt: message.attempt,
        logs: [{ step, try: tryNumber, ...log }],
        files,
        artifacts: [],
        outputs: mapped(finished.outputs, marked),
        exported: { variables: mapped(variables, marked), path: path.map(marked) },
        durationMs,
        doneAtMs: this.#options.clock.now(),
      });
      this.#work.noteDone(run);
      return null;
    } catch (error) {
      const problem = keepingProblem(error);
      if (problem === null) throw error;
      return problem;
    }
  }

  /** A whole job that declares its inputs is watched as one: watching a step of it makes forgotten what was read before. */
  get #isWatched(): boolean {
    return this.#options.work === 'check' && this.#state.message.job.work === null;
  }

  /** No cell has such a name. */
  #subjectOf({ id }: Pick<PlanStep, 'id'>): string {
    return JSON.stringify([this.#state.message.cell, id]);
  }

  #warnOf(step: string, undeclared: WorkUse['undeclared']): void {
    if (!undeclared) {
      this.#warn(step, CANNOT_CHECK);
      return;
    }
    const { read, written } = undeclared;
    if (read.length > 0) this.#warn(step, `read without being declared: ${read.join(', ')}`);
    if (written.length > 0) this.#warn(step, `written without being declared: ${written.join(', ')}`);
  }

  #warn(step: string, sentence: string): void {
    this.#state.warnings.push(`step ${step}: ${sentence}`);
  }
}

function mapped(
  values: Readonly<Record<string, string>>,
  change: (text: string) => string,
): Record<string, string> {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, change(value)]));
}
