import type { Place } from '../../base/diagnostic.ts';

/** The systems that a plan can be written for. */
export const EXPORT_TARGETS = ['github', 'gitlab', 'jenkins', 'circleci', 'azure', 'codepipeline'] as const;
export type ExportTarget = (typeof EXPORT_TARGETS)[number];

/** Something of the plan that the target has no word for. */
export interface LossNote {
  /** Which word of the plan: `retry`, `step.tty`. */
  readonly feature: string;
  /** One sentence without a full stop: what is lost. */
  readonly message: string;
  /** What was written instead; one sentence without a full stop. */
  readonly instead: string;
  /** Where the user wrote it; null: it is in no file. */
  readonly place: Place | null;
}

/** A loss, with where it is told in what was written. */
export interface Loss extends LossNote {
  readonly file: string;
  /** From 1: the line of its comment. */
  readonly line: number;
}

export interface ExportedFile {
  /** Where the target looks for it, relative to the repository. */
  readonly path: string;
  readonly text: string;
}

export interface Exported {
  readonly target: ExportTarget;
  /** The file that the target reads, and then those that this one names. */
  readonly files: readonly ExportedFile[];
  /** In the order of the files and their lines. */
  readonly losses: readonly Loss[];
}
