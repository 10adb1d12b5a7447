import type { Place } from '../base/diagnostic.ts';

/** Files that a job keeps under a name, after its steps and before its clean-up. */
export interface PlanArtifact {
  /** Template; of a job with a matrix it names the cell, so that no two cells write the same one. */
  readonly name: string;
  /** Globs relative to the workspace; `!` before one leaves out. Templates. */
  readonly paths: readonly string[];
  /** Template. null: semver from the tag, else build number and commit, with the branch. */
  readonly version: string | null;
  /** Data by which it can be found. The values are templates. */
  readonly tags: Readonly<Record<string, string>>;
  /** null: 7 days for a pull request, 30 for a branch, 90 for a tag. */
  readonly retentionMs: number | null;
  readonly when: 'success' | 'failure' | 'always';
  readonly place: Place;
}

/** Files of an artifact that a job gets before its first step. */
export interface PlanDownload {
  /** Template: the name of an artifact of this run. */
  readonly artifact: string;
  /** Id of the job that made it. null: whichever of the jobs before this one has an artifact of that name. */
  readonly from: string | null;
  /** Globs inside of the artifact. Empty: all of it. Templates. */
  readonly files: readonly string[];
  /** Where it is put, relative to the workspace. Template. */
  readonly path: string;
  /** The job only reads it: files may be linked instead of copied. */
  readonly readonly: boolean;
  readonly place: Place;
}
