/** Something in the job itself that makes going on impossible: told in one sentence, ends the step `errored`. */
export class JobProblem extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'JobProblem';
  }
}

/** An artifact that the job needs or makes cannot be brought or kept: told in one sentence, the job `failed`. */
export class KeepProblem extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'KeepProblem';
  }
}

/** The sentence of what the file system or the machine refused, or null when the error is a fault of ours. */
export function machineProblem(error: unknown): string | null {
  return error instanceof Error && typeof (error as NodeJS.ErrnoException).code === 'string'
    ? error.message
    : null;
}
