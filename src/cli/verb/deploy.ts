import { UserError } from '../../base/diagnostic.ts';
import { type Context, EXIT } from '../context.ts';
import { type DeployOptions, deployAsk, takeOverOrphans } from '../deployment/asked.ts';
import { type FollowOptions, followToEnd } from '../deployment/follow.ts';
import { planLines } from '../deployment/plan-text.ts';

interface Options extends DeployOptions, FollowOptions {
  readonly plan?: boolean;
  readonly detach?: boolean;
}

/** `sluice deploy [environment]`: brings a release there, judges it by its evidence, and takes it back when it harms. */
export async function perform(
  context: Context,
  [environment]: readonly string[],
  options: Options,
): Promise<number> {
  const ask = await deployAsk(context, environment, options);
  const deployments = await (await context.client()).deployments();
  await takeOverOrphans(context, deployments);
  const planned = await deployments.plan(ask);
  if (options.plan) {
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
      `accepted deployment ${deploymentId}; it goes on by itself`,
      `follow it: sluice deployment logs -f ${deploymentId}`,
    ]);
  return EXIT.done;
}
