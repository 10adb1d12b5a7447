import { resolve } from 'node:path';
import type { Client } from '../../client/contract.ts';
import type { RunView } from '../../client/run-view.ts';
import { waitsForPeople } from '../approval-text.ts';
import { chosenRun } from '../chosen-run.ts';
import { type Context, EXIT } from '../context.ts';
import { renderStory } from '../story.ts';
import { summaryMarkdown } from '../summary.ts';

/** `sluice show [run]`: the story of a run; with `--json` the whole view. */
export async function perform(
  context: Context,
  [run]: readonly string[],
  options: { readonly summary?: string },
): Promise<number> {
  const client = await context.client();
  const view = await client.show(await chosenRun(context, client, run));
  if (options.summary) {
    await context.ports.files.write(resolve(context.ports.cwd, options.summary), summaryMarkdown(view));
  }
  if (context.json) context.printJson(view);
  else {
    context.print(renderStory(view, context.look, context.ports.clock.now()));
    if (view.outcome === null) await tellIfLeft(context, client, view);
  }
  return EXIT.done;
}

/** The events cannot tell that the process that wrote them is gone. */
async function tellIfLeft(context: Context, client: Client, view: RunView): Promise<void> {
  const orphans = await client.orphans(view.source.repository);
  if (!orphans.some((orphan) => orphan.runId === view.runId)) return;
  // The report above has said what to type.
  if (waitsForPeople(view)) return;
  context.note(`nobody drives it any more; go on with it: sluice resume ${view.runId}`);
}
