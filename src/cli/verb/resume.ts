import { userError } from '../../base/diagnostic.ts';
import type { Client } from '../../client/contract.ts';
import { chosenRun } from '../chosen-run.ts';
import type { Context } from '../context.ts';
import { type DriveOptions, driveRun } from '../drive.ts';
import { openFailedPlace } from '../failed-place.ts';
import { requireFiles } from '../given.ts';

interface ResumeOptions extends DriveOptions {
  readonly secrets?: readonly string[];
  readonly shellOnFailure?: boolean;
}

/** `sluice resume [run]`: takes over a run whose process is gone, at its first step that is not over. */
export async function perform(
  context: Context,
  [run]: readonly string[],
  options: ResumeOptions,
): Promise<number> {
  const secretFiles = await requireFiles(context, '--secrets', options.secrets);
  const client = await context.client(true);
  const runId = run === undefined ? await theOrphan(context, client) : await chosenRun(context, client, run);
  const keepWorkspaces = options.shellOnFailure === true;
  const started = await client.resume(runId, { secretFiles, keepWorkspaces });
  const driven = await driveRun(context, client, started, options);
  if (options.shellOnFailure) await openFailedPlace(context, driven, started);
  return driven.code;
}

/** The one run of this repository that was left behind. */
async function theOrphan(context: Context, client: Client): Promise<string> {
  const { repository } = await context.ports.repository(null);
  const all = await client.orphans(repository);
  const idle = all.filter((orphan) => orphan.approvals.length === 0);
  // Those that people must answer first are meant only where there are no others.
  const orphans = idle.length > 0 ? idle : all;
  if (orphans.length === 1) return orphans[0]!.runId;
  if (orphans.length === 0) {
    throw userError('no-orphan', 'no run of this repository was left behind', 'see the runs: sluice list');
  }
  const ids = orphans.map((orphan) => orphan.runId).join(', ');
  throw userError(
    'several-orphans',
    `${orphans.length} runs were left behind: ${ids}`,
    `name one: sluice resume ${orphans[0]!.runId}`,
  );
}
