import { resolve } from 'node:path';
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
  else context.print(renderStory(view, context.look, context.ports.clock.now()));
  return EXIT.done;
}
