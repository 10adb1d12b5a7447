import { userError } from '../../base/diagnostic.ts';
import { visible } from '../../base/text.ts';
import type { RunView } from '../../client/run-view.ts';
import type { GateResult } from '../../gate/result.ts';
import { chosenRun } from '../chosen-run.ts';
import { type Context, EXIT } from '../context.ts';
import { allCells } from '../run-count.ts';
import { gateLines, gateResultOf } from './render.ts';

/** All verdicts of a run, in the order of its plan. */
export function gateResults(view: RunView): readonly GateResult[] {
  return allCells(view).flatMap(({ cell }) => gateResultOf(cell.extras) ?? []);
}

/** Tells everything about the verdicts of a run; with a name only of that gate, or of that condition. */
export async function explain(context: Context, [run, name, more]: readonly string[]): Promise<number> {
  if (more !== undefined)
    throw userError('too-many-words', `what is ${visible(more)}?`, 'sluice gate explain RUN GATE');
  const client = await context.client();
  const view = await client.show(await chosenRun(context, client, run));
  const all = gateResults(view);
  const chosen = name === undefined ? all : all.flatMap((result) => narrowed(result, name));
  if (chosen.length === 0) {
    const names = all.flatMap((result) => [result.gate, ...result.conditions.map((one) => one.name)]);
    throw userError(
      'no-verdict',
      name === undefined
        ? `no gate was judged in run ${view.runId}`
        : `no gate of run ${view.runId} is called ${visible(name)}`,
      names.length > 0 ? `there are ${names.map(visible).join(', ')}` : 'add `gates` to a job or a stage',
    );
  }
  if (context.json) context.printJson(chosen);
  else
    context.print(
      chosen.flatMap((result, index) => [...(index === 0 ? [] : ['']), ...gateLines(result, context.look)]),
    );
  return EXIT.done;
}

function narrowed(result: GateResult, name: string): readonly GateResult[] {
  if (result.gate === name) return [result];
  const conditions = result.conditions.filter((condition) => condition.name === name);
  return conditions.length === 0 ? [] : [{ ...result, conditions }];
}
