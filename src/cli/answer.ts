import { UserError, userError } from '../base/diagnostic.ts';
import { visible } from '../base/text.ts';
import type { Client, GivenAnswer } from '../client/contract.ts';
import type { CellView, RunView } from '../client/run-view.ts';
import { askedCells } from './approval-text.ts';
import { chosenCells, chosenJob, chosenRun, repositoryName } from './chosen-run.ts';
import { type Context, EXIT } from './context.ts';
import { type DriveOptions, driveRun } from './drive.ts';
import { requireFiles } from './given.ts';

export interface AnswerOptions extends DriveOptions {
  readonly secrets?: readonly string[];
}

/** So many runs are looked at for one that asks. */
const RUNS_MAX = 100;

/**
 * Answers what a run asks, and drives the run on when nobody else does. Resolves to the exit code: of the answer, or of the run
 * that was driven.
 */
export async function answerAsked(
  context: Context,
  [run, cellName]: readonly string[],
  options: AnswerOptions,
  given: Pick<GivenAnswer, 'decision' | 'answers' | 'text'>,
): Promise<number> {
  const secretFiles = await requireFiles(context, '--secrets', options.secrets);
  const client = await context.client();
  const deploymentId = run !== undefined && cellName === undefined ? await asDeployment(client, run) : null;
  if (deploymentId !== null) return answerDeployment(context, client, deploymentId, given);
  const runId = run === undefined ? await theAsking(context, client) : await chosenRun(context, client, run);
  const cell = chosenAsked(await client.show(runId), cellName);
  const { binding } = cell.approval!;
  const answer = { cell: cell.name, binding, ...given };
  const taken = await client.answer(runId, answer, { secretFiles, keepWorkspaces: false });
  const said = `${visible(cell.name)} of run ${runId}: ${visible(taken.sentence)}`;
  if (taken.run) {
    context.note(`${said}; nobody drove the run, so it goes on here`);
    return (await driveRun(context, client, taken.run, options)).code;
  }
  const { by, left, sentence } = taken;
  if (context.json)
    context.printJson({ runId, cell: cell.name, decision: given.decision, by, left, sentence });
  else context.print([said, `see how it goes on: sluice show ${runId}`]);
  return EXIT.done;
}

/** What no run is called like may be a deployment; null: it is none. */
async function asDeployment(client: Client, word: string): Promise<string | null> {
  const isRun = await client.resolve(word).then(
    () => true,
    (error: unknown) => !(error instanceof UserError && error.diagnostics[0]?.code === 'run-unknown'),
  );
  if (isRun) return null;
  const deployments = await client.deployments();
  return deployments.resolve(word).catch(() => null);
}

async function answerDeployment(
  context: Context,
  client: Client,
  deploymentId: string,
  { decision, text }: Pick<GivenAnswer, 'decision' | 'text'>,
): Promise<number> {
  const deployments = await client.deployments();
  const told =
    decision === 'approve'
      ? ({ kind: decision, reason: text } as const)
      : ({ kind: decision, reason: text ?? 'asked for on the command line' } as const);
  const taken = await deployments.tell(deploymentId, told);
  if (context.json) context.printJson({ deploymentId, decision, ...taken });
  else
    context.print([
      `deployment ${deploymentId}: ${visible(taken.sentence)}`,
      `see how it goes on: sluice deployment logs -f ${deploymentId}`,
    ]);
  return EXIT.done;
}

/** The one run of this repository that asks. */
async function theAsking(context: Context, client: Client): Promise<string> {
  const repository = await repositoryName(context);
  const runs = await client.list({ ...(repository === undefined ? {} : { repository }), limit: RUNS_MAX });
  const asking = runs.filter(({ approvals }) => approvals.length > 0);
  if (asking.length === 1) return asking[0]!.runId;
  if (asking.length === 0) {
    throw userError(
      'nobody-asked',
      'no run of this repository waits for approval',
      'see the runs: sluice list',
    );
  }
  const ids = asking.map(({ runId }) => runId).join(', ');
  throw userError(
    'several-ask',
    `${asking.length} runs wait for approval: ${ids}`,
    'name one, and see it with: sluice show RUN',
  );
}

/** The cell that asks, by its name or its job's. Throws `UserError` with what there is. */
function chosenAsked(view: RunView, name: string | undefined): CellView {
  const { runId } = view;
  const asked = askedCells(view);
  const found = name === undefined ? asked : asked.filter((cell) => isCalled(view, cell, name));
  if (found.length === 1) return found[0]!;
  const names = found.map((cell) => visible(cell.name)).join(', ');
  if (found.length > 1)
    throw userError(
      'several-asked',
      `run ${runId} waits for several approvals: ${names}`,
      'name one of them',
    );
  if (name !== undefined) {
    const [cell] = knownCells(view, name);
    const state = cell?.approval?.sentence ?? cell?.outcome ?? 'its turn has not come';
    throw userError(
      'not-asked',
      `${visible(name)} of run ${runId} does not wait for approval: ${visible(state)}`,
      `see the run: sluice show ${runId}`,
    );
  }
  const state = view.outcome === null ? 'it goes on, or will ask later' : `it is over (${view.outcome})`;
  throw userError(
    'not-asked',
    `run ${runId} does not wait for approval: ${state}`,
    `see the run: sluice show ${runId}`,
  );
}

function isCalled(view: RunView, cell: CellView, name: string): boolean {
  if (cell.name === name) return true;
  const jobs = view.stages.flatMap((stage) => stage.jobs);
  return jobs.some((job) => job.id === name && job.cells?.includes(cell));
}

/** Throws for a name that is neither a job's nor a cell's, with the nearest one. */
function knownCells(view: RunView, name: string): readonly CellView[] {
  if (name.includes(' (')) return chosenCells(view, { cell: name }) ?? [];
  return chosenJob(view, name).cells ?? [];
}
