import { userError } from '../../base/diagnostic.ts';
import { formatDuration } from '../../base/duration.ts';
import { visible } from '../../base/text.ts';
import type { PlannedDeployment } from '../../client/deployment/contract.ts';
import type { Context } from '../context.ts';
import { type DeployOptions, deployAsk, takeOverOrphans } from '../deployment/asked.ts';
import { type FollowOptions, followToEnd } from '../deployment/follow.ts';

interface Leg {
  readonly way: 'forward' | 'back' | 'forward again';
  readonly deploymentId: string;
  readonly version: string;
  readonly durationMs: number | null;
}

/**
 * `sluice rehearse [environment]`: brings a release, goes back, and brings it again, where it is no production. What each way took is in the
 * journal, as of every deployment.
 */
export async function perform(
  context: Context,
  [environment]: readonly string[],
  options: DeployOptions & FollowOptions,
): Promise<number> {
  const ask = { ...(await deployAsk(context, environment, options)), reason: options.reason ?? 'rehearsal' };
  const deployments = await (await context.client()).deployments();
  await takeOverOrphans(context, deployments);
  const planned = await deployments.plan(ask);
  requirePlace(planned);
  const legs: Leg[] = [];
  const go = async (way: Leg['way'], one: PlannedDeployment): Promise<number> => {
    if (!context.json) context.note(`rehearsal: ${way}, to ${visible(one.version)}`);
    const deploymentId = await deployments.begin(one);
    const code = await followToEnd({ ...context, printJson: () => {} }, deployments, deploymentId, options);
    const { durationMs } = await deployments.show(deploymentId);
    legs.push({ way, deploymentId, version: one.version, durationMs });
    return code;
  };
  const { plan, source, service } = ask;
  const back = async () =>
    deployments.planRollback({
      plan,
      source,
      environment: planned.plan.environment,
      service: service ?? planned.plan.service,
      to: null,
      strategy: null,
      reason: ask.reason,
      isRehearsal: true,
    });
  const code =
    (await go('forward', planned)) ||
    (await go('back', await back())) ||
    (await go('forward again', await deployments.plan(ask)));
  if (context.json) context.printJson({ legs });
  else
    context.print(
      legs.map(
        ({ way, version, durationMs, deploymentId }) =>
          `${way.padEnd(13)}  ${visible(version)}  ${durationMs === null ? 'not over' : formatDuration(durationMs)}  ${deploymentId}`,
      ),
    );
  return code;
}

function requirePlace({ plan, version }: PlannedDeployment): void {
  if (plan.environmentType === 'production')
    throw userError(
      'rehearse-production',
      `${plan.environment} is a production environment, and a rehearsal goes back on purpose`,
      'rehearse in staging: sluice rehearse staging',
    );
  if (plan.stable === null)
    throw userError(
      'rehearse-first',
      `nothing serves in ${plan.environment} yet, so there is nothing to go back to from ${visible(version)}`,
      `deploy a release there first: sluice deploy ${plan.environment}`,
    );
}
