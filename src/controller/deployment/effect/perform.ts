import { UserError } from '../../../base/diagnostic.ts';
import { unreachable } from '../../../base/unreachable.ts';
import type { StepAction } from '../../../delivery/plan.ts';
import { awaitHealthy } from './health.ts';
import { checkWayBack, freezeQuantiles } from './look.ts';
import { drainVersion, probeWeight, setWeight } from './on-router.ts';
import { type Found, notDone, probeHosts, runCommand, startVersion, stopVersion } from './on-target.ts';
import { type Answer, failed, type Scene, unknown } from './scene.ts';

export type ActionOf<T extends StepAction['type']> = Extract<StepAction, { type: T }>;

/** Has an effect done. Never rejects: what cannot be had is a failure, and what broke off is not known. */
export async function perform(scene: Scene, nowMs: number): Promise<Answer> {
  try {
    return await act(scene, nowMs);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return error instanceof UserError ? failed(reason) : unknown(reason);
  }
}

function act(scene: Scene, nowMs: number): Promise<Answer> {
  const { action } = scene.effect;
  switch (action.type) {
    case 'check-way-back':
      return checkWayBack(scene);
    case 'freeze-quantiles':
      return freezeQuantiles(scene, nowMs);
    case 'command':
      return runCommand(scene, action);
    case 'start':
      return startVersion(scene, action);
    case 'await-healthy':
      return awaitHealthy(scene, action);
    case 'set-weight':
      return setWeight(scene, action);
    case 'drain':
      return drainVersion(scene, action);
    case 'stop':
      return stopVersion(scene, action);
    case 'observe':
    case 'bake':
      throw new Error(`internal error: ${action.type} is watched and not performed`);
    default:
      return unreachable(action, 'every effect can be performed');
  }
}

/** Asks the world what became of an effect. What changes nothing, or can be done again without harm, counts as not done. Never rejects. */
export async function probe(scene: Scene): Promise<Found> {
  const { action } = scene.effect;
  const { target } = scene.surroundings;
  try {
    switch (action.type) {
      case 'command':
        return await probeHosts(scene, target.hosts.slice(0, 1), 'run');
      case 'start':
        return await probeHosts(scene, action.hosts, 'start');
      case 'stop':
        return await probeHosts(scene, action.hosts, 'stop');
      case 'set-weight':
        return await probeWeight(scene, action);
      case 'check-way-back':
      case 'freeze-quantiles':
      case 'await-healthy':
      case 'drain':
      case 'observe':
      case 'bake':
        return notDone;
      default:
        return unreachable(action, 'every effect can be asked about');
    }
  } catch (error) {
    return { found: 'unknown', reason: error instanceof Error ? error.message : String(error), outputs: {} };
  }
}
