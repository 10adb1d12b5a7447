import { join } from 'node:path';
import { inputText } from '../../cache/work/fingerprint.ts';
import { InputNames } from '../../cache/work/input-names.ts';
import type { JobMessage, JobReport, StepFinished } from '../contract.ts';
import type { Redaction } from '../mask/redaction.ts';
import type { Workspace, Workspaces } from '../workspace/workspace.ts';
import { namesOf } from './inputs.ts';
import { keepingProblem, type WorkToDo } from './work.ts';

/**
 * Whether the workspace, just made, holds the inputs that the fingerprint tells of: a file may have changed in between. Returns
 * the first that is different, or null.
 */
export async function differingInput(
  work: WorkToDo,
  message: JobMessage,
  workspace: Workspace,
  workspaces: Workspaces,
): Promise<string | null> {
  const { run, fingerprint, declared, isEarly } = work;
  const { inputs } = fingerprint;
  if (run.taken === null) {
    const { entries } = await workspaces.listSource(message.runId, message.source);
    run.taken = new InputNames(entries.map(({ path }) => path));
  }
  const unknown = namesOf(declared.inputs, run.taken).find((path) => !Object.hasOwn(inputs, path));
  if (unknown !== undefined) return unknown;
  // A file that is still what it was before the copy was made was that in between, too.
  const doubtful = Object.keys(inputs).filter((path) => !(isEarly && run.files.isUnchanged(path)));
  if (doubtful.length === 0) return null;
  const copies = run.room.inputs(workspace.directory, false);
  await copies.look(doubtful);
  const isSame = (path: string) => {
    const copy = copies.get(path);
    return copy ? inputText(copy.digest, copy.isExecutable) === inputs[path] : false;
  };
  return doubtful.find((path) => !isSame(path)) ?? null;
}

/** What an attempt leaves when it is over. */
export interface Done {
  readonly message: JobMessage;
  readonly report: JobReport;
  /** Of the last try of each step. */
  readonly steps: readonly StepFinished[];
  readonly workspace: Workspace;
  readonly redaction: Redaction;
  /** By wall clock. */
  readonly doneAtMs: number;
}

/**
 * Keeps the result of work that succeeded; also of such as its gates only warn of, since they judge again whoever takes it over.
 * Returns why it is not kept, or null.
 */
export async function keepWork(work: WorkToDo, done: Done): Promise<string | null> {
  const { message, report, steps, workspace, redaction, doneAtMs } = done;
  const { run, declared, fingerprint } = work;
  const isGateWarning = report.outcome === 'warned' && report.cause?.kind === 'gate';
  if (report.outcome !== 'succeeded' && !isGateWarning) return `the job ${report.outcome}`;
  if (steps.some(({ outcome }) => outcome === 'warned')) return 'a step of it failed';
  const { reports: uses = [], reportTree: tree = null, kept = [] } = report.extras ?? {};
  const silent = uses.find(({ digest, isStale }) => digest === null || isStale);
  if (silent) return `report ${silent.file} says nothing`;
  try {
    const reveals =
      message.job.secrets.length === 0
        ? null
        : (path: string) => redaction.revealsFile(join(workspace.directory, path));
    const files =
      declared.outputs.length === 0
        ? null
        : await run.results.keepFiles(workspace.directory, declared.outputs, reveals);
    if (typeof files === 'string') return files;
    run.results.add(message.cell, fingerprint, {
      fingerprint: fingerprint.digest,
      runId: message.runId,
      cell: message.cell,
      attempt: message.attempt,
      logs: steps.map(({ step, try: tryNumber, log }) => ({ step, try: tryNumber, ...log })),
      files,
      artifacts: kept.map(({ name, digest }) => ({ name, digest })),
      outputs: report.outputs,
      ...(tree === null ? {} : { reports: { uses, tree } }),
      durationMs: report.durationMs,
      // How old what a step left is that was itself taken over is not known here.
      ...(steps.some(({ work }) => (work?.reusedFrom ?? null) !== null) ? {} : { doneAtMs }),
    });
    return null;
  } catch (error) {
    const problem = keepingProblem(error);
    if (problem === null) throw error;
    return problem;
  }
}
