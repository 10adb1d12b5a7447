import * as z from 'zod';
import { cellExpectation, logExpectation, words } from '../expectation.ts';

/*
 * The language of the workflow cases: a workflow, what happens, and what must come of it. A file holds one case for each of
 * its YAML documents. Unknown keys are refused.
 */

const texts = z.record(z.string(), z.string());

export const workflowCaseSchema = z.strictObject({
  /** One sentence: what is shown. */
  shows: z.string(),
  /** Programs without which it cannot be seen, with what installs each. */
  needs: texts.optional(),
  workflow: z.string(),
  /** Other files of the repository, by path. */
  files: texts.optional(),
  /** `push` when not said. */
  event: z.string().optional(),
  payload: z.record(z.string(), z.json()).optional(),
  branch: z.string().optional(),
  tag: z.string().optional(),
  changed: z.array(z.string()).optional(),
  inputs: texts.optional(),
  variables: texts.optional(),
  /** `NAME@ENVIRONMENT` is only for that environment. */
  secrets: texts.optional(),
  workers: z.int().optional(),

  /** The event does not start it, and why. */
  not_needed: z.string().optional(),
  /** It is refused: `line:column message`, each of these among what is said. */
  problems: words.optional(),
  /** Said, and yet it runs. */
  hints: words.optional(),
  outcome: z.string().optional(),
  cells: z.record(z.string(), cellExpectation).optional(),
  logs: z.record(z.string(), logExpectation).optional(),
  warnings: words.optional(),
  /** Of all cells: `level text`. */
  annotations: z.array(z.string()).optional(),
  /** By `cell/step`: a text of its summary. */
  summaries: texts.optional(),
  at_most_running: z.int().optional(),
});

export type WorkflowCase = z.infer<typeof workflowCaseSchema>;
