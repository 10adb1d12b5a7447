import { userError } from '../../base/diagnostic.ts';
import type { Deployments } from '../../client/deployment/contract.ts';
import { DeploymentFold } from '../../client/deployment/fold.ts';
import type { DeploymentOutcome, DeploymentView } from '../../client/deployment/view.ts';
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
 * Follows a deployment to its end and resolves to the exit code, which is 0 after a `wanted` outcome. Whatever happens here changes nothing about the deployment: an interrupt, a
 * closed terminal and a reader that goes away only end the following.
 */
export async function followToEnd(
  context: Context,
  deployments: Deployments,
  deploymentId: string,
  options: FollowOptions,
  wanted: readonly DeploymentOutcome[] = ['succeeded'],
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
  // What was asked once and is answered since is in the past.
  let past = 0;
  for await (const _ of deployments.events(deploymentId, { follow: false })) past++;
  let leave = (): void => {};
  const left = new Promise<'left'>((resolve) => {
    leave = () => resolve('left');
  });
  const guard = guardDriving(context, deployments, deploymentId);
  const stopListening = ports.onInterrupt(() => leave());
  let view: DeploymentView | null = null;
  let how: 'over' | 'left' | 'asked' = 'over';
  try {
    for (;;) {
      const next = await Promise.race([events.next(), left, guard.failed]);
      if (next === 'left') how = 'left';
      if (next === 'left' || next.done) break;
      fold.apply(next.value);
      view = fold.view();
      guard.moved();
      display.view(view);
      past--;
      if (past <= 0 && !isPatient && asksPeople(view)) {
        how = 'asked';
        break;
      }
    }
  } finally {
    stopListening();
    guard.stop();
  }
  display.end(how === 'over' ? view : null);
  if (json) context.printJson(view);
  if (how === 'over' && view?.outcome) return exitCodeOfDeployment(view.outcome, wanted);
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

/** A supervisor that begins takes the deployment in less. */
const LOOK_MS = 5000;
/** So many supervisors in a row that did nothing are enough. */
const STARTS_MAX = 3;

/**
 * Looks now and then whether somebody drives the deployment, and starts a supervisor when nobody does. `failed` rejects when several of them
 * ended without doing anything; `moved` says that something was done.
 */
function guardDriving(context: Context, deployments: Deployments, deploymentId: string) {
  const { promise: failed, reject } = Promise.withResolvers<never>();
  failed.catch(() => {});
  let starts = 0;
  let stopped = false;
  let stop = (): void => {};
  const look = async (): Promise<void> => {
    try {
      if (await deployments.keepDriven(deploymentId)) starts++;
      if (starts > STARTS_MAX)
        throw userError(
          'supervisor-ends',
          `the supervisor of deployment ${deploymentId} ends again and again`,
          `its log says why: deployments/${deploymentId}/supervisor.log in the data folder`,
          3,
        );
      if (!stopped) stop = context.ports.clock.after(LOOK_MS, () => void look());
    } catch (error) {
      reject(error as Error);
    }
  };
  stop = context.ports.clock.after(LOOK_MS, () => void look());
  return {
    failed,
    moved: () => {
      starts = 0;
    },
    stop: () => {
      stopped = true;
      stop();
    },
  };
}

const SILENT: DeploymentDisplay = { view: () => {}, notice: () => {}, end: () => {} };
