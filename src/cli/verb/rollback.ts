import { UserError } from '../../base/diagnostic.ts';
import { visible } from '../../base/text.ts';
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
 * instead: it goes back by itself. A rollback that is still going on is what is asked for, so it is followed.
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
    const { deploymentId, kind, version } = going[0]!;
    if (kind === 'rollback') {
      context.note([
        `rollback ${deploymentId} to ${visible(version)} is going on already`,
        `end it all the same: sluice deployment cancel ${deploymentId}`,
      ]);
      return options.detach
        ? accepted(context, deploymentId)
        : followToEnd(context, deployments, deploymentId, options);
    }
    const reason = options.reason ?? 'a rollback was asked for';
    const taken = await deployments.tell(deploymentId, { kind: 'cancel', reason });
    context.note(`deployment ${deploymentId} was still going on: ${taken.sentence}`);
    return options.detach
      ? accepted(context, deploymentId)
      : followToEnd(context, deployments, deploymentId, options, ['rolled-back', 'cancelled']);
  }
  const planned = await deployments.planRollback(ask);
  if (isManual) {
    if (context.json) context.printJson(planned);
    else context.print(planLines(planned, context.look));
    if (planned.problems.length > 0 && !context.json) throw new UserError(planned.problems);
    return planned.problems.length > 0 ? EXIT.wrong : EXIT.done;
  }
  const deploymentId = await deployments.begin(planned);
  return options.detach
    ? accepted(context, deploymentId)
    : followToEnd(context, deployments, deploymentId, options);
}

function accepted(context: Context, deploymentId: string): number {
  if (context.json) context.printJson({ deploymentId });
  else
    context.print([
      `accepted rollback ${deploymentId}; it goes on by itself`,
      `follow it: sluice deployment logs -f ${deploymentId}`,
    ]);
  return EXIT.done;
}
