import { UserError, userError } from '../base/diagnostic.ts';
import { nearestName } from '../base/near.ts';
import { visible } from '../base/text.ts';
import type { Client } from '../client/contract.ts';
import type { CellView, JobView, RunView } from '../client/run-view.ts';
import type { Context } from './context.ts';
import { allJobs } from './run-count.ts';

/** The id of the run that an argument means: `latest` of this repository when there is none. */
export async function chosenRun(context: Context, client: Client, text: string | undefined): Promise<string> {
  return client.resolve(text ?? 'latest', await repositoryName(context));
}

/** The repository of the working directory; undefined outside of one, where runs of all repositories are looked at. */
export async function repositoryName(context: Context): Promise<string | undefined> {
  try {
    return (await context.ports.repository(null)).repository;
  } catch (error) {
    if (error instanceof UserError) return undefined;
    throw error;
  }
}

/** The job of a run by its id. Throws `UserError` with the nearest name. */
export function chosenJob(view: RunView, id: string): JobView {
  const jobs = allJobs(view);
  const job = jobs.find((one) => one.id === id);
  if (job) return job;
  throw unknown(
    'job',
    id,
    view,
    jobs.map((one) => one.id),
  );
}

/** The cells that `--job` and `--cell` choose; null when neither is given. Throws `UserError` with the nearest name. */
export function chosenCells(
  view: RunView,
  given: { readonly job?: string; readonly cell?: string },
): readonly CellView[] | null {
  const jobs = given.job === undefined ? allJobs(view) : [chosenJob(view, given.job)];
  const cells = jobs.flatMap((job) => job.cells ?? []);
  if (given.cell === undefined) return given.job === undefined ? null : cells;
  const wanted = given.cell;
  // Within a job, the values of the matrix alone are enough.
  const cell = cells.find(
    (one) => one.name === wanted || (given.job !== undefined && one.name === `${given.job} (${wanted})`),
  );
  if (cell) return [cell];
  throw unknown(
    'cell',
    wanted,
    view,
    cells.map((one) => one.name),
  );
}

/** The id of the step of these cells that has this id or, alone, this name. Throws `UserError`: there is none, or several. */
export function chosenStep(view: RunView, cells: readonly CellView[], text: string): string {
  const steps = cells.flatMap((cell) => cell.steps);
  if (steps.some(({ id }) => id === text)) return text;
  const named = [...new Set(steps.filter(({ name }) => name === text).map(({ id }) => id))];
  if (named.length === 1) return named[0]!;
  if (named.length > 1)
    throw userError(
      'ambiguous-step',
      `${named.length} steps of run ${view.runId} are called ${JSON.stringify(text)}`,
      `say which one: ${named.map(visible).join(', ')}`,
    );
  throw unknown('step', text, view, [
    ...new Set(steps.flatMap(({ id, name }) => (name ? [id, name] : [id]))),
  ]);
}

function unknown(kind: string, name: string, view: RunView, known: readonly string[]): UserError {
  const near = nearestName(name, known);
  const list = known.slice(0, 8).map(visible).join(', ') + (known.length > 8 ? ' and more' : '');
  const suggestion = near
    ? `did you mean ${visible(near)}?`
    : known.length > 0
      ? `there are: ${list}`
      : `it has no ${kind}s`;
  return userError(`unknown-${kind}`, `run ${view.runId} has no ${kind} ${JSON.stringify(name)}`, suggestion);
}
