import type { Environment } from '../environment.ts';
import type { StepFiles } from '../step-files.ts';
import type { JobSetup } from '../step-setup.ts';

/** Where one part of an action works. */
export interface PartPlace {
  /** Of the job, with the variables of the actions around it. */
  readonly setup: JobSetup;
  readonly directory: string;
  /** All variables of the part. */
  readonly environment: Environment;
  readonly files: StepFiles;
}
