import { setTimeout as delay } from 'node:timers/promises';
import type { DeploymentEvent } from '../../../src/journal/deployment-event.ts';
import type { StoredEvent } from '../../../src/journal/event.ts';
import type { Seeded } from '../../sim/random.ts';
import type { DeploymentPlace } from './place.ts';

export interface DeploymentKill {
  readonly afterEvents: number;
  readonly delayMs: number;
  /** From the next command until somebody drives it again. */
  readonly takenOverMs: number;
  /** What such a command takes on this machine just then: the longer of the one that finds the supervisor dead, and of the next. */
  readonly commandMs: number;
}

export interface DeploymentTrial {
  readonly deploymentId: string;
  readonly fault: 'none' | 'errors';
  readonly version: string;
  readonly kills: readonly DeploymentKill[];
  readonly events: readonly StoredEvent<DeploymentEvent>[];
}

/** A deployment without a crash writes about so many events; a kill comes so many after the last one. */
const EVENTS_BETWEEN_KILLS = 14;
const DELAY_MAX_MS = 60;
const LOOK_MS = 10;
/** Whoever waits types a command again after so long. */
const AGAIN_MS = 1000;
const DEPLOYMENT_MAX_MS = 180_000;

/** Deploys a version by the real program and kills its supervisor up to `killsMax` times; each time the next command finds a new one. */
export async function deployAndKill(
  place: DeploymentPlace,
  version: string,
  fault: 'none' | 'errors',
  random: Seeded,
  killsMax: number,
): Promise<DeploymentTrial> {
  await place.build(version, fault);
  const begun = await place.sluice('deploy', 'production', '--detach');
  const deploymentId = await place.newest();
  if (begun.code !== 0 || deploymentId === null) throw new Error(`${begun.stdout} ${begun.stderr}`);
  const untilMs = Date.now() + DEPLOYMENT_MAX_MS;
  const kills: DeploymentKill[] = [];
  let next = { after: random.below(EVENTS_BETWEEN_KILLS), delayMs: random.below(DELAY_MAX_MS) };
  for (;;) {
    const events = await place.events(deploymentId);
    if (isOver(events)) return { deploymentId, fault, version, kills, events };
    if (Date.now() > untilMs) throw new Error(`deployment ${deploymentId} does not end`);
    if (kills.length < killsMax && events.length >= next.after) {
      await delay(next.delayMs);
      if (place.killDriver(deploymentId)) {
        const taken = await untilTakenOver(place, deploymentId);
        const commandMs = Math.max(taken.commandMs, await listMs(place));
        kills.push({ afterEvents: next.after, delayMs: next.delayMs, ...taken, commandMs });
        const { length } = await place.events(deploymentId);
        next = { after: length + random.below(EVENTS_BETWEEN_KILLS), delayMs: random.below(DELAY_MAX_MS) };
      }
    }
    await delay(LOOK_MS);
  }
}

/** The next command of any kind takes over. Resolves to how long that took, and how long the command itself. */
async function untilTakenOver(
  place: DeploymentPlace,
  deploymentId: string,
): Promise<Pick<DeploymentKill, 'takenOverMs' | 'commandMs'>> {
  const before = (await place.events(deploymentId)).length;
  const startedMs = performance.now();
  let commandMs = await listMs(place);
  let typedMs = performance.now();
  while (performance.now() - startedMs < DEPLOYMENT_MAX_MS) {
    const events = await place.events(deploymentId);
    if (events.length > before || isOver(events)) break;
    // One that had no owner yet is taken to be starting for some seconds.
    if (performance.now() - typedMs > AGAIN_MS && !place.isDriven(deploymentId)) {
      commandMs = Math.max(commandMs, await listMs(place));
      typedMs = performance.now();
    }
    await delay(LOOK_MS);
  }
  return { takenOverMs: performance.now() - startedMs, commandMs };
}

async function listMs(place: DeploymentPlace): Promise<number> {
  const startedMs = performance.now();
  await place.sluice('deployment', 'list');
  return performance.now() - startedMs;
}

function isOver(events: readonly StoredEvent<DeploymentEvent>[]): boolean {
  return events.at(-1)?.body.type === 'deployment.finished';
}
