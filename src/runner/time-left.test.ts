import { setImmediate as turn } from 'node:timers/promises';
import { afterEach, describe, expect, it } from 'vitest';
import { type JobRig, job, jobRig, step } from '../../test/support/job-rig.ts';
import { VirtualClock } from '../../test/support/virtual-clock.ts';
import { scriptedMachine } from '../executor/scripted.ts';
import type { PlanJob } from '../pipeline/plan.ts';

const MINUTE_MS = 60_000;
const LIMIT_MS = 10 * MINUTE_MS;

let rig: JobRig;
afterEach(() => rig.remove());

/**
 * A resume takes over step a, which never ends by itself, `beganMs` after it began; `afterMs` later it would succeed. Returns
 * the cause of how the attempt ended.
 */
async function resume(planJob: PlanJob, beganMs: number, afterMs: number, more = {}) {
  const clock = new VirtualClock();
  const machine = scriptedMachine(() => () => {});
  const first = jobRig(machine.executor(), { clock });
  void first.perform(planJob);
  const process = await machine.waitFor('a.1');
  machine.crash();
  rig = jobRig(machine.executor(), { clock }, first.root);
  const startedAtMs = clock.now() - beganMs;
  const unsealed = [{ step: 'a', try: 1, startedAtMs }];
  const performing = rig.perform(planJob, { unsealed, resumed: true, startedAtMs, ...more });
  // Handed on once the step was taken over.
  await process.print('x');
  await turn();
  clock.advance(afterMs);
  process.exit(0);
  return (await performing).cause;
}

describe('a limit that began under an earlier owner', () => {
  const stepLimit = job([step('a', 'x', { timeoutMs: LIMIT_MS })], { timeoutMs: 60 * MINUTE_MS });
  const jobLimit = job([step('a', 'x')], { timeoutMs: LIMIT_MS });

  it.each([
    ['step', stepLimit],
    ['job', jobLimit],
  ])('leaves a %s what is left of it', async (scope, planJob) => {
    expect(await resume(planJob, 7 * MINUTE_MS, 3 * MINUTE_MS - 1)).toBeNull();
    rig.remove();
    expect(await resume(planJob, 7 * MINUTE_MS, 3 * MINUTE_MS)).toEqual({
      kind: 'timeout',
      scope,
      limitMs: LIMIT_MS,
    });
  });

  it('of a step without an intent in the journal began with the attempt', async () => {
    const more = { unsealed: [] };
    expect(await resume(stepLimit, 7 * MINUTE_MS, 3 * MINUTE_MS - 1, more)).toBeNull();
    rig.remove();
    expect(await resume(stepLimit, 7 * MINUTE_MS, 3 * MINUTE_MS, more)).toMatchObject({ kind: 'timeout' });
  });

  it('that is long over leaves a second, in which a step that ended meanwhile says so', async () => {
    expect(await resume(stepLimit, 700 * MINUTE_MS, 999)).toBeNull();
    rig.remove();
    expect(await resume(stepLimit, 700 * MINUTE_MS, 1000)).toMatchObject({ kind: 'timeout' });
  });

  it('is left whole, and no more, when the clock went back', async () => {
    expect(await resume(stepLimit, -90 * MINUTE_MS, LIMIT_MS - 1)).toBeNull();
    rig.remove();
    expect(await resume(stepLimit, -90 * MINUTE_MS, LIMIT_MS)).toMatchObject({ kind: 'timeout' });
  });
});
