import { formatDuration } from '../../base/duration.ts';
import { counted, visible } from '../../base/text.ts';
import type { CellView } from '../../client/run-view.ts';
import type { WorkUse } from '../../journal/run-event.ts';
import { chosenCells, chosenRun } from '../chosen-run.ts';
import { type Context, EXIT } from '../context.ts';
import { hanging } from '../row.ts';

/**
 * `sluice cache explain JOB`: why the work of a job, or of steps of it, was done in a run, or taken over: what was different when it was last done.
 * The decision was recorded when it was made; nothing is compared anew.
 */
export async function explain(context: Context, job: string, run: string | undefined): Promise<number> {
  const client = await context.client();
  const runId = await chosenRun(context, client, run);
  const cells = chosenCells(await client.show(runId), { job })!;
  if (context.json) {
    context.printJson({
      runId,
      cells: cells.map((cell) => ({ cell: cell.name, work: workOf(cell), steps: stepWorks(cell) })),
    });
    return EXIT.done;
  }
  for (const cell of cells) for (const line of lines(cell, runId, context.look.width)) context.print(line);
  return EXIT.done;
}

function workOf({ extras }: CellView): WorkUse | null {
  return extras.work ?? null;
}

/** Of its steps, those that were looked up by themselves. */
function stepWorks({ steps }: CellView): readonly { readonly step: string; readonly work: WorkUse }[] {
  return steps.flatMap(({ id, work }) => (work ? [{ step: id, work }] : []));
}

function lines(cell: CellView, runId: string, width: number): string[] {
  const work = workOf(cell);
  const name = visible(cell.name);
  const ofSteps = stepWorks(cell).flatMap((one) =>
    workLines(`step ${visible(one.step)} of ${name} in run ${runId}`, one.work, width),
  );
  if (work) return [...workLines(`${name} in run ${runId}`, work, width), ...ofSteps];
  if (ofSteps.length > 0) return ofSteps;
  const why = `${name} was not looked up in run ${runId}: a job or step with \`inputs\` is, unless the job deploys, is repeated by rerun or retried`;
  return hanging('', why, width);
}

function workLines(subject: string, work: WorkUse, width: number): string[] {
  const head = `${subject}: ${visible(work.sentence)}`;
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
