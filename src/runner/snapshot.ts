import { UserError } from '../base/diagnostic.ts';
import type { Digest } from '../base/digest.ts';
import { BlobDamageError, StorageError, TreeError } from '../cache/contract.ts';
import type { PlanStep } from '../pipeline/plan.ts';
import type { JobMessage, StepFinished } from './contract.ts';
import type { JobState } from './job-state.ts';
import type { RunnerOptions } from './options.ts';
import { JobProblem, machineProblem } from './problem.ts';

const NAMED_MAX = 3;

/** Keeps the workspace of an attempt as its steps leave it. */
export class WorkspaceKeeper {
  readonly #options: RunnerOptions;
  readonly #state: JobState;
  #last: Promise<Digest | null>;

  constructor(options: RunnerOptions, state: JobState) {
    this.#options = options;
    this.#state = state;
    this.#last = Promise.resolve(lastSnapshot(state.message.sealed));
  }

  /**
   * The workspace after the step; null when it could not be kept, which is told as a warning: the step itself was done. No
   * step may be running.
   */
  async take(step: PlanStep): Promise<Digest | null> {
    const before = this.#last;
    let taken: Digest | null = null;
    // Steps that ended together wait for each other: one reading of the files is enough to keep the disk busy.
    const taking = before.then(async (previous) => {
      taken = await this.#take(step, previous);
      return taken ?? previous;
    });
    this.#last = taking;
    await taking;
    return taken;
  }

  async #take(step: PlanStep, previous: Digest | null): Promise<Digest | null> {
    const { message, directory, warnings } = this.#state;
    try {
      const { runId, cell, attempt } = message;
      const snapshots = await this.#options.rooms.snapshots();
      const { digest, leftOut } = await snapshots.take({
        root: directory!,
        previous,
        runId,
        cell,
        attempt,
        step: step.id,
      });
      if (leftOut.length > 0) warnings.push(leftOutSentence(step.id, leftOut));
      return digest;
    } catch (error) {
      warnings.push(`step ${step.id}: its workspace was not kept: ${reasonOf(error)}`);
      return null;
    }
  }
}

/** Makes a folder what the last of the steps left; null when the steps kept nothing. The promise rejects with a `JobProblem`. */
export function restoringOf(
  options: RunnerOptions,
  { sealed }: JobMessage,
): ((target: string) => Promise<void>) | null {
  const digest = lastSnapshot(sealed);
  if (digest === null) return null;
  return async (target) => {
    try {
      await (await options.rooms.snapshots()).restore(digest, target);
    } catch (error) {
      throw new JobProblem(`the workspace that the job goes on with cannot be had: ${reasonOf(error)}`);
    }
  };
}

/** What the last step that ran left. One that was skipped changed nothing. */
function lastSnapshot(sealed: readonly StepFinished[]): Digest | null {
  return sealed.findLast(({ outcome }) => outcome !== 'skipped')?.snapshot ?? null;
}

function leftOutSentence(step: string, leftOut: readonly string[]): string {
  const named = leftOut.slice(0, NAMED_MAX).join(', ');
  const more = leftOut.length > NAMED_MAX ? ` and ${leftOut.length - NAMED_MAX} more` : '';
  return `step ${step}: sockets, devices and FIFOs are not kept with its workspace: ${named}${more}`;
}

/** What is wrong, for people; a fault of ours is thrown on. */
function reasonOf(error: unknown): string {
  if (error instanceof TreeError) return `${error.path}: ${error.message}`;
  if (error instanceof StorageError || error instanceof BlobDamageError || error instanceof UserError)
    return error.message;
  const problem = machineProblem(error);
  if (problem === null) throw error;
  return problem;
}
