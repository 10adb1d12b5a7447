import { ArtifactError } from '../artifact/contract.ts';
import { UserError } from '../base/diagnostic.ts';
import { BlobDamageError, TreeError } from '../cache/contract.ts';
import { fill, type JobState } from './job-state.ts';
import type { RunnerOptions } from './options.ts';
import { JobProblem, KeepProblem, machineProblem } from './problem.ts';
import type { JobSetup } from './step-setup.ts';

/** What is needed to bring something for a job, or to keep something of it. */
export interface KeepPlace {
  readonly options: RunnerOptions;
  readonly state: JobState;
  readonly setup: JobSetup;
}

/** A template of the job, without its secrets. Throws a `JobProblem`. */
export function filled({ state, setup }: KeepPlace, text: string, subject: string): string {
  return fill(text, subject, () => state.context(setup.variables, false));
}

/** Does the work; what goes wrong with it becomes a `KeepProblem` about the subject. */
export async function asKeepProblem(subject: string, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (error instanceof KeepProblem || error instanceof JobProblem) throw error;
    throw new KeepProblem(`${subject}: ${reasonOf(error)}`);
  }
}

/** What is wrong, for people; a fault of ours is thrown on. */
export function reasonOf(error: unknown): string {
  if (error instanceof ArtifactError || error instanceof BlobDamageError || error instanceof TreeError)
    return error.message;
  if (error instanceof UserError) return error.message;
  const problem = machineProblem(error);
  if (problem === null) throw error;
  return problem;
}
