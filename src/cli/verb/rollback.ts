import { UserError } from '../../base/diagnostic.ts';
import { type Context, EXIT } from '../context.ts';
import { type RollbackOptions, rollbackAsk, takeOverOrphans } from '../deployment/asked.ts';
import { type FollowOptions, followToEnd } from '../deployment/follow.ts';
import { planLines } from '../deployment/plan-text.ts';

interface Options extends RollbackOptions, FollowOptions {
  readonly plan?: boolean;
  readonly detach?: boolean;
}

/**
 * `sluice rollback [environment]`: goes back to the last release that was proven there. A deployment that is still going on is cancelled
 * instead: it goes back by itself.
 */
export async function perform(
  context: Context,
  [environment]: readonly string[],
  options: Options,
): Promise<number> {
  const ask = await rollbackAsk(context, environment, options);
  const deployments = await (await context.client()).deployments();
  await takeOverOrphans(context, deployments);
  const views = await deployments.environments(ask.plan, ask.source.repository);
  const here = views.filter(({ name }) =>
    ask.environment === null ? views.length === 1 : name === ask.environment,
  );
  const going = here
    .flatMap(({ services }) => services)
    .filter(({ service }) => ask.service === null || service === ask.service)
    .flatMap((one) => one.going ?? []);
  const isManual = options.plan === true || ask.strategy === 'manual';
  if (going.length === 1 && ask.to === null && !isManual) {
    const { deploymentId } = going[0]!;
    const reason = options.reason ?? 'a rollback was asked for';
    const taken = await deployments.tell(deploymentId, { kind: 'cancel', reason });
    context.note(`deployment ${deploymentId} was still going on: ${taken.sentence}`);
    return followToEnd(context, deployments, deploymentId, options);
  }
  const planned = await deployments.planRollback(ask);
  if (isManual) {
    if (context.json) context.printJson(planned);
    else context.print(planLines(planned, context.look));
    if (planned.problems.length > 0 && !context.json) throw new UserError(planned.problems);
    return planned.problems.length > 0 ? EXIT.wrong : EXIT.done;
  }
  const deploymentId = await deployments.begin(planned);
  if (!options.detach) return followToEnd(context, deployments, deploymentId, options);
  if (context.json) context.printJson({ deploymentId });
  else
    context.print([
      `accepted rollback ${deploymentId}; it goes on by itself`,
      `follow it: sluice deployment logs -f ${deploymentId}`,
    ]);
  return EXIT.done;
}
