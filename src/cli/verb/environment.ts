import { type Context, EXIT } from '../context.ts';
import { takeOverOrphans } from '../deployment/asked.ts';
import { checkLines, environmentLines } from '../deployment/list-text.ts';
import { loadAsked } from '../pipeline-source.ts';
import { unknownAction } from './artifact.ts';

const ACTIONS = ['list', 'show', 'check'];

/** `sluice environment list|show|check [name]`: what serves where; with `check` as the places themselves say. */
export async function perform(context: Context, [action = 'list', name]: readonly string[]): Promise<number> {
  if (!ACTIONS.includes(action)) throw unknownAction('environment', action, ACTIONS);
  const source = await context.ports.repository(null);
  const plan = await loadAsked(context, source, undefined);
  const deployments = await (await context.client()).deployments();
  await takeOverOrphans(context, deployments);
  const { look } = context;
  if (action === 'check') {
    const checks = await deployments.check(plan, source, name ?? null);
    if (context.json) context.printJson(checks);
    else if (checks.length === 0) context.print(nothing(plan.file));
    else context.print(checkLines(checks, look));
    const isWell = checks.every(({ findings, health }) => findings.length === 0 && health !== 'unhealthy');
    return isWell ? EXIT.done : EXIT.failed;
  }
  const all = await deployments.environments(plan, source.repository);
  const views = name === undefined ? all : all.filter((one) => one.name === name);
  if (name !== undefined && views.length === 0) await deployments.check(plan, source, name);
  if (context.json) context.printJson(action === 'show' && name !== undefined ? views[0] : views);
  else if (views.length === 0) context.print(nothing(plan.file));
  else context.print(environmentLines(views, look, context.ports.clock.now()));
  return EXIT.done;
}

function nothing(file: string): string {
  return `${file} defines no environments; docs/deployments.md begins with one`;
}
