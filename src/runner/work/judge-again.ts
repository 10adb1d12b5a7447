import { formatDuration } from '../../base/duration.ts';
import type { WorkResult } from '../../cache/contract.ts';
import type { ReportUse, WorkUse } from '../../journal/run-event.ts';
import type { JobMessage, JobReport } from '../contract.ts';
import { judgeJob } from '../gate/judge-job.ts';
import { judgedReport } from '../gate/judged-report.ts';
import { noteFacts } from '../gate/note-facts.ts';
import type { RunnerOptions } from '../options.ts';
import { RETENTION_MS } from '../reports.ts';

/**
 * Adds to the report of work that was taken over what it reported then, kept for this run as well, and what the gates of today say
 * to that. Returns why that cannot be, when the reports are not kept any more. Rejects as the storage does.
 */
export async function judgeAgain(
  options: RunnerOptions,
  message: JobMessage,
  result: WorkResult,
  report: JobReport,
): Promise<JobReport | string> {
  const { job, cell, runId, source } = message;
  const tree = result.reports?.tree ?? null;
  const madeBy = { runId: result.runId, atMs: result.doneAtMs ?? 0 };
  const reports: readonly ReportUse[] = result.reports?.uses.map((use) => ({ ...use, madeBy })) ?? [];
  if (tree !== null) {
    const archive = await options.rooms.reports();
    const expiresAtMs = options.clock.now() + RETENTION_MS;
    if (!(await archive.keepAgain({ repository: source.repository, runId, cell, tree, expiresAtMs })))
      return `the reports of run ${result.runId} are not kept whole any more`;
    await noteFacts(options, message, reports, tree);
  }
  const extras = { ...report.extras, ...(tree === null ? {} : { reports, reportTree: tree }) };
  const told: JobReport = { ...report, extras: { ...extras, work: withAge(extras.work!, result, options) } };
  if (job.gates.length === 0) return told;
  const gates = await judgeJob(options, message, {
    id: job.id,
    outcome: 'succeeded',
    kinds: job.reports.map(({ kind }) => kind),
    notApplicable: null,
    reports: [{ cell, reports, tree }],
    kept: extras.kept ?? [],
  });
  return judgedReport(told, gates);
}

function withAge(work: WorkUse, { reports, doneAtMs }: WorkResult, { clock }: RunnerOptions): WorkUse {
  if (!reports || doneAtMs === undefined) return work;
  const age = formatDuration(Math.max(0, clock.now() - doneAtMs));
  return { ...work, sentence: `${work.sentence}; its reports were made ${age} before` };
}
