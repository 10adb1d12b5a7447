import { expect } from 'vitest';
import type { DeploymentPlan } from '../../../src/delivery/plan.ts';
import type { DeploymentEvent } from '../../../src/journal/deployment-event.ts';
import { checkEvent } from '../../sim/delivery/invariant.ts';
import type { DeploymentTrial } from './trial.ts';

/** A deployment is driven again so soon after the next command, on a machine that has time. */
const TAKEN_OVER_MS = 15_000;
/** On one that has none the command and the supervisor, two programs, are slow too. */
const COMMANDS_MAX = 3;

/** What must be true of every deployment, however often its supervisor was killed. Throws for what is not. */
export function checkTrial(trial: DeploymentTrial, ledger: readonly string[]): void {
  const { events, fault, version, kills } = trial;
  const bodies = events.map(({ body }) => body);
  const requested = bodies[0] as Extract<DeploymentEvent, { type: 'deployment.requested' }>;
  const plan = requested.plan as unknown as DeploymentPlan;
  const journal = events.map(({ body, at }) => ({ event: body, at }));
  for (const [index, { event }] of journal.entries()) checkEvent(event, journal.slice(0, index), plan);
  const last = bodies.at(-1) as Extract<DeploymentEvent, { type: 'deployment.finished' }>;
  expect(last.outcome, last.sentence).toBe(fault === 'errors' ? 'rolled-back' : 'succeeded');
  for (const { takenOverMs, commandMs } of kills)
    expect(takenOverMs).toBeLessThan(Math.max(TAKEN_OVER_MS, COMMANDS_MAX * commandMs));
  // Counted by what is deployed itself.
  const times = (line: string) => ledger.filter((one) => one === line).length;
  expect(times(`start ${version}`), `starts of ${version}`).toBe(1);
  expect(times(`before ${plan.candidate}`)).toBe(1);
  expect(times(`up ${plan.candidate}`)).toBe(1);
  expect(times(`smoke ${plan.candidate}`)).toBeLessThanOrEqual(2);
  expect(times(`down ${plan.candidate}`)).toBe(fault === 'errors' ? 1 : 0);
}
