import type { Place } from '../base/diagnostic.ts';

/**
 * What decides the result of a job or step and what it makes, so that work whose fingerprint was seen can be skipped and its
 * outputs brought back. The script, its shell and directory, the job's own variables and the results of its needs count
 * always and are not said here.
 */
export interface WorkDeclaration {
  /** Globs of the files that it reads, relative to the workspace; `!` before one leaves out. Templates. */
  readonly inputs: readonly string[];
  /** Globs of the files that it makes. Empty: only its log and its output values. Templates. */
  readonly outputs: readonly string[];
  /** Names of variables from outside of the pipeline whose values count. */
  readonly variables: readonly string[];
  /** Commands whose output counts, such as `node --version`. Templates. */
  readonly tools: readonly string[];
  readonly place: Place;
}
