import type { Deployments } from '../../client/deployment/contract.ts';
import { DeploymentFold } from '../../client/deployment/fold.ts';
import type { DeploymentView } from '../../client/deployment/view.ts';
import { type Context, EXIT } from '../context.ts';
import { asksPeople, exitCodeOfDeployment } from './outcome.ts';
import { plainDeployment } from './plain-display.ts';

/** How a deployment that goes on is shown. */
export interface FollowOptions {
  /** false: plain lines also in a terminal. */
  readonly live?: boolean;
  /** Whether to stay while only people can bring it on; in a terminal by default. */
  readonly wait?: boolean;
}

/** Shows a deployment while it goes on. `view` after each event, `end` once; null: it is left before it is over. */
export interface DeploymentDisplay {
  view(view: DeploymentView): void;
  notice(text: string): void;
  end(view: DeploymentView | null): void;
}

/**
 * Follows a deployment to its end and resolves to the exit code. Whatever happens here changes nothing about the deployment: an interrupt, a
 * closed terminal and a reader that goes away only end the following.
 */
export async function followToEnd(
  context: Context,
  deployments: Deployments,
  deploymentId: string,
  options: FollowOptions,
): Promise<number> {
  const { ports, json, look } = context;
  const isLive = look.live && !json && options.live !== false;
  const display = json
    ? SILENT
    : isLive
      ? (await import('./live-display.ts')).liveDeployment(context)
      : plainDeployment(context);
  const isPatient = options.wait ?? (ports.out.isTTY === true || ports.err.isTTY === true);
  const fold = new DeploymentFold(await deployments.names(deploymentId));
  const events = deployments.events(deploymentId, { follow: true })[Symbol.asyncIterator]();
  let leave = (): void => {};
  const left = new Promise<'left'>((resolve) => {
    leave = () => resolve('left');
  });
  const stopListening = ports.onInterrupt(() => leave());
  let view: DeploymentView | null = null;
  let how: 'over' | 'left' | 'asked' = 'over';
  try {
    for (;;) {
      const next = await Promise.race([events.next(), left]);
      if (next === 'left') how = 'left';
      if (next === 'left' || next.done) break;
      fold.apply(next.value);
      view = fold.view();
      display.view(view);
      if (!isPatient && asksPeople(view)) {
        how = 'asked';
        break;
      }
    }
  } finally {
    stopListening();
  }
  display.end(how === 'over' ? view : null);
  if (json) context.printJson(view);
  if (how === 'over' && view?.outcome) return exitCodeOfDeployment(view.outcome);
  if (how === 'asked') {
    context.note(`${deploymentId} waits for a person: sluice deployment show ${deploymentId}`);
    return EXIT.waiting;
  }
  context.note([
    `the deployment goes on without this terminal; follow it: sluice deployment logs -f ${deploymentId}`,
    `end it: sluice deployment cancel ${deploymentId}`,
  ]);
  return EXIT.failed;
}

const SILENT: DeploymentDisplay = { view: () => {}, notice: () => {}, end: () => {} };
