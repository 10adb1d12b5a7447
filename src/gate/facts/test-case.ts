/** What became of one test, by the precedence errored > failed > skipped > passed. */
export type TestStatus = 'passed' | 'failed' | 'errored' | 'skipped';

/** One test of a report. A report may hold several of the same `id`: repeated tries, or tests that share a name. */
export interface TestCase {
  /** Class and name joined; what tells that tests of two runs are the same. */
  readonly id: string;
  readonly suite: string;
  readonly name: string;
  readonly status: TestStatus;
  /** As the tool wrote it, so it may be negative; null when it wrote no number. */
  readonly durationMs: number | null;
  /** How often it was tried: 1 and what the report tells of failed tries and reruns. */
  readonly attempts: number;
  /** It failed and then passed. */
  readonly isFlaky: boolean;
  /** Of the failure, error or skip, cut at 2,000 characters; null when there is none. */
  readonly message: string | null;
  readonly file: string | null;
  readonly line: number | null;
}

/** Where the message of a test is cut: enough to see the cause, and a report of a million failures stays small. */
export const MESSAGE_CHARACTERS_MAX = 2000;
