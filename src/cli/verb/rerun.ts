import { userError } from '../../base/diagnostic.ts';
import type { RerunWhat } from '../../client/contract.ts';
import { chosenJob, chosenRun } from '../chosen-run.ts';
import type { Context } from '../context.ts';
import { type DriveOptions, driveRun } from '../drive.ts';
import { requireFiles } from '../given.ts';

interface RerunOptions extends DriveOptions {
  readonly secrets?: readonly string[];
  readonly failed?: boolean;
  readonly from?: string;
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
      ? { kind: 'from', job: options.from }
      : { kind: options.failed ? 'failed' : 'all' };
  if (what.kind === 'from') chosenJob(await client.show(runId), what.job);
  const { code } = await driveRun(
    context,
    client,
    await client.rerun(runId, what, { secretFiles, keepWorkspaces: false }),
    options,
  );
  return code;
}
