import { formatDuration } from '../../base/duration.ts';
import { counted, visible } from '../../base/text.ts';
import type { CellView } from '../../client/run-view.ts';
import type { WorkUse } from '../../journal/run-event.ts';
import { chosenCells, chosenRun } from '../chosen-run.ts';
import { type Context, EXIT } from '../context.ts';
import { hanging } from '../row.ts';

/**
 * `sluice cache explain JOB`: why the work of a job was done in a run, or taken over: what was different when it was last done.
 * The decision was recorded when it was made; nothing is compared anew.
 */
export async function explain(context: Context, job: string, run: string | undefined): Promise<number> {
  const client = await context.client();
  const runId = await chosenRun(context, client, run);
  const cells = chosenCells(await client.show(runId), { job })!;
  if (context.json) {
    context.printJson({ runId, cells: cells.map((cell) => ({ cell: cell.name, work: workOf(cell) })) });
    return EXIT.done;
  }
  for (const cell of cells) for (const line of lines(cell, runId, context.look.width)) context.print(line);
  return EXIT.done;
}

function workOf({ extras }: CellView): WorkUse | null {
  return extras.work ?? null;
}

function lines(cell: CellView, runId: string, width: number): string[] {
  const work = workOf(cell);
  const name = visible(cell.name);
  if (!work) {
    const why = `${name} was not looked up in run ${runId}: a job with \`inputs\` is, unless it deploys, is repeated by rerun or retried, or has reports or gates`;
    return hanging('', why, width);
  }
  const head = `${name} in run ${runId}: ${visible(work.sentence)}`;
  const saved = work.reusedFrom === null ? [] : [`  saved ${formatDuration(work.savedMs)}`];
  const { changes, undeclared } = work;
  const told = [
    ...named('changed', changes?.changed),
    ...named('new', changes?.added),
    ...named('gone', changes?.removed),
    ...named('other', changes?.fields),
    ...named('read, not declared', undeclared?.read),
    ...named('written, not declared', undeclared?.written),
  ];
  const listed = changes ? changes.added.length + changes.changed.length + changes.removed.length : 0;
  const more =
    changes && changes.files > listed ? [`  and ${counted(changes.files - listed, 'more input')}`] : [];
  return [...hanging('', head, width), ...saved, ...told, ...more];
}

function named(how: string, names: readonly string[] | undefined): string[] {
  return (names ?? []).map((name) => `  ${how}: ${visible(name)}`);
}
