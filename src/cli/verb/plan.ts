import { userError } from '../../base/diagnostic.ts';
import { nearestName } from '../../base/near.ts';
import { matchTriggers } from '../../pipeline/trigger.ts';
import { planForecast } from '../../pipeline/view/forecast.ts';
import { planJson } from '../../pipeline/view/plan-json.ts';
import { planMermaid } from '../../pipeline/view/plan-mermaid.ts';
import { planTree } from '../../pipeline/view/plan-tree.ts';
import { type Context, EXIT } from '../context.ts';
import { forecastContext, withOnly } from '../forecast-context.ts';
import { type GivenOptions, givenSource, readGiven } from '../given.ts';
import { loadAsked } from '../pipeline-source.ts';
import { hanging } from '../row.ts';

const FORMATS = ['tree', 'json', 'mermaid'] as const;

/** `sluice plan [name]`: what a run would do, without doing anything. */
export async function perform(
  context: Context,
  [name]: readonly string[],
  options: GivenOptions & { readonly format?: string },
): Promise<number> {
  const format = context.json ? 'json' : formatOf(options.format);
  const source = await givenSource(context, options);
  const whole = await loadAsked(context, source, name);
  const given = readGiven(whole, options);
  const plan = withOnly(whole, given.only);
  if (format === 'mermaid') {
    context.print(planMermaid(plan).trimEnd());
    return EXIT.done;
  }
  const client = await context.client();
  const forecast = planForecast(plan, {
    expectedMs: await client.expectations(source.repository, plan.name),
    workersMax: context.settings.workersMax,
    context: forecastContext(plan, source, given),
  });
  const trigger = matchTriggers(plan.triggers, {
    name: given.event.name,
    branch: source.branch,
    tag: source.tag,
    changedPaths: null,
  });
  if (format === 'json') {
    context.printJson({ ...planJson(plan, forecast), trigger });
    return EXIT.done;
  }
  const { look } = context;
  if (!trigger.run) {
    const text = `the event ${given.event.name} would not start it: ${trigger.sentence}`;
    context.print([...hanging(`${look.paint('yellow', look.glyphs.warned)} `, text, look.width), '']);
  }
  context.print(planTree(forecast, { width: look.width, colour: look.colour }).trimEnd());
  return EXIT.done;
}

function formatOf(text: string | undefined): (typeof FORMATS)[number] {
  if (text === undefined) return 'tree';
  const format = FORMATS.find((one) => one === text);
  if (format) return format;
  const near = nearestName(text, FORMATS);
  throw userError(
    'bad-option',
    `there is no format ${JSON.stringify(text)}`,
    near ? `did you mean ${near}?` : `it is one of ${FORMATS.join(', ')}`,
  );
}
