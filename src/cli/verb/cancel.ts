import { userError } from '../../base/diagnostic.ts';
import { visible } from '../../base/text.ts';
import type { RunView } from '../../client/run-view.ts';
import type { CancelTarget } from '../../journal/run-event.ts';
import { chosenCells, chosenRun, chosenStep } from '../chosen-run.ts';
import { type Context, EXIT } from '../context.ts';

interface CancelOptions {
  readonly job?: string;
  readonly cell?: string;
  readonly step?: string;
  readonly reason?: string;
}

/** `sluice cancel [run]`: asks the run's owner to stop it or a part of it. Resolves when the wish is recorded. */
export async function perform(
  context: Context,
  [run]: readonly string[],
  options: CancelOptions,
): Promise<number> {
  const client = await context.client();
  const runId = await chosenRun(context, client, run);
  const view = await client.show(runId);
  if (view.outcome !== null) {
    throw userError(
      'run-is-over',
      `run ${runId} is over (${view.outcome}); there is nothing to cancel`,
      'see the runs: sluice list',
    );
  }
  const target = targetOf(view, options);
  const reason = options.reason ?? 'asked for on the command line';
  await client.cancel(runId, target, reason);
  if (context.json) context.printJson({ runId, target, reason });
  else
    context.print([
      `asked run ${runId} to stop ${targetText(target)}; its clean-up still runs`,
      `see how it ends: sluice show ${runId}`,
    ]);
  return EXIT.done;
}

function targetOf(view: RunView, options: CancelOptions): CancelTarget {
  const cells = chosenCells(view, options);
  if (options.step !== undefined) {
    if (cells?.length !== 1) {
      const suggestion = 'name the job with --job, and when it has a matrix the cell with --cell';
      throw userError('bad-option', '--step needs the one cell that it belongs to', suggestion);
    }
    return { kind: 'step', cell: cells[0]!.name, step: chosenStep(view, cells, options.step) };
  }
  if (options.cell !== undefined) return { kind: 'cell', cell: cells![0]!.name };
  return options.job === undefined ? { kind: 'run' } : { kind: 'job', job: options.job };
}

function targetText(target: CancelTarget): string {
  switch (target.kind) {
    case 'run':
      return 'everything';
    case 'job':
      return `job ${visible(target.job)}`;
    case 'cell':
      return `cell ${visible(target.cell)}`;
    case 'step':
      return `step ${visible(target.step)} of ${visible(target.cell)}`;
  }
}
