import { userError } from '../../base/diagnostic.ts';
import type { RerunWhat } from '../../client/contract.ts';
import { chosenRun } from '../chosen-run.ts';
import type { Context } from '../context.ts';
import { type DriveOptions, driveRun } from '../drive.ts';
import { openFailedPlace } from '../failed-place.ts';
import { requireFiles } from '../given.ts';

interface RerunOptions extends DriveOptions {
  readonly secrets?: readonly string[];
  readonly failed?: boolean;
  readonly from?: string;
  readonly shellOnFailure?: boolean;
}

/** `sluice rerun [run]`: a new run with the same plan and source. */
export async function perform(
  context: Context,
  [run]: readonly string[],
  options: RerunOptions,
): Promise<number> {
  if (options.failed && options.from !== undefined) {
    throw userError('bad-option', '--failed and --from exclude each other', 'leave one of them out');
  }
  const secretFiles = await requireFiles(context, '--secrets', options.secrets);
  const client = await context.client(true);
  const runId = await chosenRun(context, client, run);
  const what: RerunWhat =
    options.from !== undefined
      ? { kind: 'from', from: options.from }
      : { kind: options.failed ? 'failed' : 'all' };
  const keepWorkspaces = options.shellOnFailure === true;
  const started = await client.rerun(runId, what, { secretFiles, keepWorkspaces });
  const driven = await driveRun(context, client, started, options);
  if (options.shellOnFailure) await openFailedPlace(context, driven, started);
  return driven.code;
}
