import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Nature } from '../../../test/sim/delivery/places.ts';
import { shortPlan } from '../../../test/sim/delivery/random-release.ts';
import type { Death } from '../../../test/support/deployment-rig/mortal.ts';
import { DeploymentRig, type RigOptions } from '../../../test/support/deployment-rig/rig.ts';
import type { VirtualClock } from '../../../test/support/virtual-clock.ts';
import type { DeploymentPlan } from '../../delivery/plan.ts';
import type { StrategyType } from '../../pipeline/plan-strategy.ts';
import type { Store } from '../../store/contract.ts';
import { openSqliteStore } from '../../store/sqlite/sqlite-store.ts';

const STRATEGIES: readonly StrategyType[] = ['canary', 'rolling', 'blue_green', 'recreate'];
const NATURES: readonly Nature[] = ['good', 'harmful', 'never-healthy'];

/** Plays to the end; each owner dies as it is told, and a new process takes over. */
async function playThrough(
  plan: DeploymentPlan,
  nature: Nature,
  deaths: readonly Death[],
  more: Pick<RigOptions, 'store'> = {},
) {
  const rig = await DeploymentRig.open(plan, { nature, ...more });
  const { driven, life } = await rig.begin(deaths[0] ?? null);
  let [last, isDead] = [driven, life.isDead];
  let appends = 0;
  for (let next = 1; ; next++) {
    const present = rig.lives.at(-1)!;
    let isOver = false;
    last?.finished.then(
      () => {
        isOver = true;
      },
      () => {},
    );
    await rig.until(() => isOver || present.isDead);
    appends += present.appends;
    isDead = present.isDead;
    if (!isDead) break;
    const id = await rig.firstId();
    if (id === null) {
      // It died before it was accepted: whoever asked asks again.
      last = (await rig.begin(deaths[next] ?? null)).driven;
      continue;
    }
    const { controller, life: heir } = rig.process(deaths[next] ?? null);
    last = null;
    void controller.resume(id).then(
      (taken) => {
        last = taken;
      },
      () => {
        isOver = true;
      },
    );
    await rig.until(() => last !== null || heir.isDead || isOver);
  }
  const id = (await rig.firstId())!;
  await rig.check(id);
  return { rig, outcome: await rig.outcome(id), appends };
}

describe('a deployment whose owner dies', () => {
  for (const type of STRATEGIES) {
    for (const nature of NATURES) {
      it(`${type}, ${nature}: ends as it would have, whatever write it died at, and once more`, async () => {
        const plan = shortPlan(type, 'immediate');
        const calm = await playThrough(plan, nature, []);
        for (let atAppend = 1; atAppend <= calm.appends; atAppend++) {
          for (const when of ['before', 'after'] as const) {
            const deaths: readonly Death[] = [
              { atAppend, when },
              { atAppend: 2, when },
            ];
            for (const count of [1, 2]) {
              const { outcome, rig } = await playThrough(plan, nature, deaths.slice(0, count));
              expect(outcome, `${when} ${atAppend}, ${count} deaths`).toBe(calm.outcome);
              expect(rig.world.problems.length).toBeLessThanOrEqual(calm.rig.world.problems.length);
            }
          }
        }
      });
    }
  }

  it.each(['good', 'harmful'] as const)('canary, %s: the same on a store in a file', async (nature) => {
    const folder = mkdtempSync(join(tmpdir(), 'sluice-deployment-'));
    const opened: Store[] = [];
    const store = async (clock: VirtualClock) => {
      const file = join(folder, `${opened.length}.db`);
      const time = { boot: 'boot', nowMs: () => Math.floor(clock.monotonic()) };
      const one = await openSqliteStore(file, { clock, machine: time });
      opened.push(one);
      return one;
    };
    try {
      const plan = shortPlan('canary', 'immediate');
      const calm = await playThrough(plan, nature, [], { store });
      for (let atAppend = 1; atAppend <= calm.appends; atAppend += 4) {
        const deaths: readonly Death[] = [
          { atAppend, when: 'after' },
          { atAppend: 1, when: 'before' },
        ];
        expect((await playThrough(plan, nature, deaths, { store })).outcome).toBe(calm.outcome);
      }
    } finally {
      for (const one of opened) await one.close();
      rmSync(folder, { recursive: true, force: true });
    }
  });
});
