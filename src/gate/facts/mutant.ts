/** One change that a mutation tester made. */
export interface Mutant {
  readonly path: string;
  readonly line: number | null;
  readonly mutator: string;
  /** As the tool says: `Killed`, `Timeout`, `Survived`, `NoCoverage`, and others, which do not count. */
  readonly status: string;
}
