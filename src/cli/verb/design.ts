import { resolve } from 'node:path';
import { counted, visible } from '../../base/text.ts';
import { planForecast } from '../../pipeline/view/forecast.ts';
import { type Context, EXIT } from '../context.ts';
import { designOf } from '../design/document.ts';
import { designMarkdown } from '../design/markdown.ts';
import { forecastContext } from '../forecast-context.ts';
import { givenEvent, givenSource, readGiven } from '../given.ts';
import { loadAsked } from '../pipeline-source.ts';
import { startOf } from '../start.ts';

/** Enough for a month of most repositories. */
const RUNS_MAX = 1000;

/** `sluice design [name]`: the design document of a pipeline, from its plan and its history. */
export async function perform(
  context: Context,
  [name]: readonly string[],
  options: { readonly output?: string },
): Promise<number> {
  const asked = await givenEvent(context, {});
  const checkedOut = await givenSource(context, {}, asked);
  const plan = await loadAsked(context, checkedOut, name);
  const { event, source } = startOf(plan, {}, asked, checkedOut);
  const client = await context.client();
  const { repository } = source;
  const deploys = plan.environments.length > 0;
  const design = designOf(plan, {
    forecast: planForecast(plan, {
      expectedMs: await client.expectations(repository, plan.name),
      workersMax: context.settings.workersMax,
      context: forecastContext(plan, source, readGiven(plan, {}, event)),
    }),
    runs: await client.list({ repository, limit: RUNS_MAX }),
    deployments: deploys ? await (await client.deployments()).list({ repository, limit: RUNS_MAX }) : [],
    now: context.ports.clock.now(),
  });
  if (context.json) context.printJson(design);
  const text = designMarkdown(design);
  if (options.output !== undefined) {
    await context.ports.files.write(resolve(context.ports.cwd, options.output), text);
    context.note(`wrote ${visible(options.output)} (${counted(text.split('\n').length - 1, 'line')})`);
  } else if (!context.json) context.print(text.trimEnd());
  return EXIT.done;
}
