import { type OutputSink, StartError } from '../../executor/contract.ts';
import type { Cause } from '../../journal/run-event.ts';
import type { PlanStep } from '../../pipeline/plan.ts';
import { causeOfEnd } from '../end-cause.ts';
import type { Environment } from '../environment.ts';
import { JobProblem, KeepProblem, machineProblem } from '../problem.ts';
import type { StepFiles } from '../step-files.ts';
import { type LeftRules, readStepLeft } from '../step-left.ts';
import type { StepScope } from '../step-setup.ts';
import type { TryPlace } from '../step-try.ts';
import { decidingCause } from '../stop.ts';
import type { Supervised } from '../supervised.ts';
import type { Tally } from './tally.ts';

/** One try of a step that performs an action. */
export interface ActionRun {
  readonly place: TryPlace;
  /** The step of the job. */
  readonly step: PlanStep;
  readonly tryNumber: number;
  /** Of the try, towards the executor. */
  readonly key: string;
  /** The file of the log. */
  readonly log: string;
  readonly rules: LeftRules;
  readonly supervised: Supervised;
  readonly sink: OutputSink;
  /** Writes a line of ours into the log. */
  readonly say: (line: string) => void;
  /** What the output says as commands is done: before the files of a process are read. */
  readonly flush: () => void;
  readonly stage: 'pre' | 'main' | 'post';
  /** What each part with a `pre` left for itself, by the ids of the steps that lead to it. What is not there had none. */
  readonly prepared: Prepared;
  /** All processes of the try write one summary. */
  readonly summary: string;
  readonly tally: Tally;
}

/** By part of an action: the state that its `pre` left. */
export type Prepared = Readonly<Record<string, Record<string, string>>>;

/** How an action, or a part of one, ended. */
export interface ActionEnd {
  /** null: it went well. */
  readonly cause: Cause | null;
  readonly outputs: Readonly<Record<string, string>>;
}

/** Runs one process to its end. null: it went well. What was told to stop starts nothing more. */
export async function runProcess(
  run: ActionRun,
  command: readonly string[],
  directory: string,
  environment: Environment,
  onOutput: OutputSink = run.sink,
): Promise<Cause | null> {
  const { supervised, tally, place } = run;
  if (supervised.stops.length > 0) return decidingCause(supervised.stops);
  const stepKey = tally.nextKey(run.key);
  const process = await place.job.start({
    stepKey,
    command,
    directory,
    environment,
    tty: false,
    onOutput,
  });
  const end = await supervised.watch(process, true);
  tally.add(end);
  return causeOfEnd(end, supervised.stops);
}

/** Takes in what a process wrote into its files. Returns its outputs, also those that the journal must not hold. */
export function takeLeft(run: ActionRun, scope: StepScope, files: StepFiles): Record<string, string> {
  run.flush();
  const { redaction } = run.place.setup;
  const shared = { ...files, summary: run.summary };
  const { outputs, variables, path, warnings, hidden } = readStepLeft(shared, redaction, run.log, run.rules);
  leave(run, scope, { ...variables, ...hidden?.variables }, path);
  run.tally.warnings.push(...warnings);
  return { ...outputs, ...hidden?.outputs };
}

/** Sets variables and folders of programs for whatever comes after. */
export function leave(
  run: ActionRun,
  scope: StepScope,
  variables: Readonly<Record<string, string>>,
  path: readonly string[],
): void {
  for (const target of [scope.variables, run.tally.variables]) Object.assign(target, variables);
  for (const target of [scope.path, run.tally.path]) target.unshift(...path);
}

/** What is wrong with the step, as its cause; a fault of ours is thrown on. */
export function causeOfProblem(error: unknown): Cause {
  if (error instanceof KeepProblem) return { kind: 'surroundings', message: error.message };
  if (error instanceof JobProblem) return { kind: 'invalid', message: error.message };
  if (error instanceof StartError) return { kind: 'could-not-start', reason: error.message };
  const problem = machineProblem(error);
  if (problem === null) throw error;
  return { kind: 'internal', message: `what the action needs or left could not be handled: ${problem}` };
}
