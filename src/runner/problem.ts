/** Something in the job itself that makes going on impossible: told in one sentence, ends the step `errored`. */
export class JobProblem extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'JobProblem';
  }
}
