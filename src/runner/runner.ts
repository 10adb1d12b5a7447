import { rm } from 'node:fs/promises';
import type { Cause } from '../journal/run-event.ts';
import { Attempt } from './attempt.ts';
import type { Emit, JobControl, JobMessage, JobReport, Runner } from './contract.ts';
import { allowedEnvironment, type Environment, jobEnvironment } from './environment.ts';
import { JobState } from './job-state.ts';
import { logFolder, safeName } from './log/paths.ts';
import { createRedaction } from './mask/redaction.ts';
import type { RunnerOptions } from './options.ts';
import { JobProblem } from './problem.ts';
import { readSecrets } from './secrets.ts';
import { jobVariables } from './step-setup.ts';
import { type Workspace, Workspaces } from './workspace/workspace.ts';

/** A runner on this machine, which also keeps files between the jobs of a run. */
export interface LocalRunner extends Runner {
  /**
   * Removes the files that the jobs of a run share, when the run is over; kept workspaces stay with `keepWorkspaces`.
   * Returns the name of what could not be removed, or null.
   */
  releaseRun(runId: string): Promise<string | null>;
}

/** Makes a runner. It starts nothing by itself and holds nothing that must be closed; the executor is the caller's. */
export function createRunner(options: RunnerOptions): LocalRunner {
  const workspaces = new Workspaces(options.workspaceRoot, options.directory);
  const allowed = allowedEnvironment(options.hostEnvironment);
  return {
    perform: (message, emit, control) => performJob(options, workspaces, allowed, message, emit, control),
    releaseRun: (runId) => workspaces.releaseRun(runId),
  };
}

/** The key under which an executor knows one attempt of a cell. */
export function jobKey(runId: string, cell: string, attempt: number): string {
  return `${safeName(runId)}.${safeName(cell)}.${attempt}`;
}

/** Removes the logs of a run and, with a root, its workspaces. Returns the name of what could not be removed, or null. */
export async function removeRunFiles(
  directory: string,
  runId: string,
  workspaceRoot: string | null = null,
): Promise<string | null> {
  await rm(logFolder(directory, runId), { recursive: true, force: true });
  return workspaceRoot === null ? null : new Workspaces(workspaceRoot, directory).removeRun(runId);
}

async function performJob(
  options: RunnerOptions,
  workspaces: Workspaces,
  allowed: Environment,
  message: JobMessage,
  emit: Emit,
  control: JobControl,
): Promise<JobReport> {
  const startedMs = options.clock.monotonic();
  const { job } = message;
  const ended = (cause: Cause): JobReport => ({
    outcome: 'errored',
    cause,
    step: null,
    durationMs: Math.round(options.clock.monotonic() - startedMs),
    outputs: {},
    tail: cause.kind === 'invalid' ? [cause.message] : cause.kind === 'refused' ? cause.sentences : [],
    patterns: [],
  });
  if (job.refusals.length > 0)
    return ended({ kind: 'refused', sentences: job.refusals.map((refusal) => refusal.message) });
  let workspace: Workspace | null = null;
  try {
    const secrets = job.secrets.length === 0 ? {} : await readSecrets(job.secrets, options.secrets);
    const state = new JobState(message, secrets);
    const variables = jobVariables(state);
    workspace = await workspaces.open(
      message.runId,
      message.source,
      message.cell,
      message.attempt,
      message.resumed,
    );
    state.warnings.push(...workspace.warnings);
    const base = { ...allowed, ...jobEnvironment(message, workspace.directory, workspace.temporary) };
    const setup = { workspace, redaction: createRedaction(Object.values(secrets)), base, variables };
    const executorJob = await options.executor.openJob({
      jobKey: jobKey(message.runId, message.cell, message.attempt),
    });
    const attempt = new Attempt(options, state, setup, executorJob, emit, startedMs);
    let report: JobReport;
    try {
      report = await attempt.perform(control);
    } finally {
      await executorJob.close();
    }
    return await leave(options, workspaces, workspace, message.cell, report, attempt.failedEnvironment);
  } catch (error) {
    if (!(error instanceof JobProblem)) throw error;
    if (workspace) await workspaces.remove(workspace);
    return ended({ kind: 'invalid', message: error.message });
  }
}

/** Nothing of the job runs any more: shows its place to whoever asked, then removes it. */
async function leave(
  options: RunnerOptions,
  workspaces: Workspaces,
  workspace: Workspace,
  cell: string,
  report: JobReport,
  failedEnvironment: Readonly<Record<string, string>> | null,
): Promise<JobReport> {
  const succeeded = report.outcome === 'succeeded' || report.outcome === 'warned';
  if (failedEnvironment && options.onFailedPlace) {
    await options.onFailedPlace(cell, { directory: workspace.directory, environment: failedEnvironment });
  }
  if (!succeeded && options.keepWorkspaces === 'failed') return report;
  const left = await workspaces.remove(workspace);
  if (left === null) return report;
  return {
    ...report,
    warnings: [...(report.warnings ?? []), `the workspace could not be removed and was left at ${left}`],
  };
}
