import { userError } from '../../base/diagnostic.ts';
import { nearestName } from '../../base/near.ts';
import { eventWord } from '../../pipeline/event-name.ts';
import { restrictedPlan } from '../../pipeline/restrict.ts';
import { matchTriggers } from '../../pipeline/trigger.ts';
import { judgeTrust } from '../../pipeline/trust.ts';
import { planForecast } from '../../pipeline/view/forecast.ts';
import { planJson } from '../../pipeline/view/plan-json.ts';
import { planMermaid } from '../../pipeline/view/plan-mermaid.ts';
import { planTree } from '../../pipeline/view/plan-tree.ts';
import { type Context, EXIT } from '../context.ts';
import { forecastContext, withOnly } from '../forecast-context.ts';
import { type GivenOptions, givenEvent, givenSource, readGiven } from '../given.ts';
import { loadAsked } from '../pipeline-source.ts';
import { hanging } from '../row.ts';
import { startOf, triggerEvent } from '../start.ts';
import { underTargetPolicy } from '../target-policy.ts';
import { untrustedLines } from '../untrusted-source.ts';

const FORMATS = ['tree', 'json', 'mermaid'] as const;

/** `sluice plan [name]`: what a run would do, without doing anything. */
export async function perform(
  context: Context,
  [name]: readonly string[],
  options: GivenOptions & { readonly format?: string },
): Promise<number> {
  const format = context.json ? 'json' : formatOf(options.format);
  const askedEvent = await givenEvent(context, options);
  const checkedOut = await givenSource(context, options, askedEvent);
  const loaded = await loadAsked(context, checkedOut, name);
  const start = startOf(loaded, options, askedEvent, checkedOut);
  const { event, source } = start;
  const asked = await underTargetPolicy(context, loaded, source, event, options.base ?? null);
  const given = readGiven(asked, options, event);
  const { trust, reason } = judgeTrust(event, given.untrusted);
  const whole = trust === 'untrusted' ? restrictedPlan(asked) : asked;
  const plan = withOnly(whole, given.only);
  const client = await context.client();
  const forecast = planForecast(plan, {
    expectedMs: await client.expectations(source.repository, plan.name),
    workersMax: context.settings.workersMax,
    context: forecastContext(plan, source, given),
  });
  const trigger = matchTriggers(plan.triggers, triggerEvent(start, null), plan.dialect);
  if (format === 'mermaid') {
    context.print(planMermaid(plan, forecast).trimEnd());
    return EXIT.done;
  }
  if (format === 'json') {
    context.printJson({ ...planJson(plan, forecast), trigger, trust, trustReason: reason });
    return EXIT.done;
  }
  const { look } = context;
  if (start.sentence !== null) context.note(start.sentence);
  if (trust === 'untrusted') context.print([...untrustedLines(plan, forecast, source, reason, look), '']);
  if (!trigger.run) {
    const text = `the event ${eventWord(event.name, plan.dialect)} would not start it: ${trigger.sentence}`;
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
