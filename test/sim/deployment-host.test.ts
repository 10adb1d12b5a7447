import { describe, expect, it } from 'vitest';
import type { DrivenDeployment } from '../../src/controller/deployment/contract.ts';
import type { DeploymentOutcome } from '../../src/journal/deployment-event.ts';
import type { Death } from '../support/deployment-rig/mortal.ts';
import { DeploymentRig } from '../support/deployment-rig/rig.ts';
import type { Fate } from '../support/deployment-rig/world.ts';
import type { Nature } from './delivery/places.ts';
import { randomRelease } from './delivery/random-release.ts';
import { Seeded } from './random.ts';

const SEEDS = process.env.SLUICE_SOAK === '1' ? 5000 : 150;
const FIRST_SEED = Number(process.env.SLUICE_SEED ?? 1);
const NATURES: readonly Nature[] = ['good', 'harmful', 'dying', 'never-healthy', 'silent', 'lying'];
const DEATHS_MAX = 4;

/** One deployment through a real host and store with everything going wrong by chance; resolves to its outcome and deaths. */
async function play(seed: number): Promise<{ readonly outcome: DeploymentOutcome; readonly deaths: number }> {
  const random = new Seeded(seed);
  const plan = randomRelease(random);
  const nature = random.pick(NATURES);
  const fate = (): Fate =>
    random.chance(0.9) ? 'usual' : random.pick<Fate>(['lost-request', 'lost-reply', 'fails']);
  const rig = await DeploymentRig.open(plan, { nature, fate });
  const deathOf = (): Death | null =>
    rig.lives.length < DEATHS_MAX && random.chance(0.7)
      ? { atAppend: 1 + random.below(15), when: random.pick(['before', 'after']) }
      : null;
  for (;;) {
    const { life, controller } = rig.process(deathOf());
    const id = await rig.firstId();
    let driven: DrivenDeployment | null = null;
    let isOver = false;
    const begun = id === null ? controller.start(rig.request()) : controller.resume(id);
    void begun.then(
      (taken) => {
        driven = taken;
      },
      () => {
        isOver = true;
      },
    );
    await rig.until(() => driven !== null || life.isDead || isOver);
    const present = driven as DrivenDeployment | null;
    if (present) {
      for (const account of ['grace', 'linus']) await approve(rig, present.deploymentId, account);
      present.finished.then(
        () => {
          isOver = true;
        },
        () => {
          isOver = true;
        },
      );
    }
    await rig.until(() => {
      if (nature === 'dying' && random.chance(0.002)) rig.world.crash(plan.candidate);
      if (random.chance(0.002)) rig.world.routerDeadUntilMs = rig.clock.monotonic() + random.below(60_000);
      if (random.chance(0.01)) rig.clock.jump(Math.round((random.next() - 0.5) * 48 * 3_600_000));
      return isOver || life.isDead;
    });
    if (!life.isDead) break;
  }
  const id = (await rig.firstId())!;
  await rig.check(id);
  return { outcome: (await rig.outcome(id))!, deaths: rig.lives.length - 1 };
}

async function approve(rig: DeploymentRig, deploymentId: string, account: string): Promise<void> {
  const { artifact, plan } = rig.request().binding;
  const answer = { type: 'deployment.answered', decision: 'approve', teams: [], reason: null } as const;
  await rig.ask(deploymentId, { ...answer, artifact, plan }, account);
}

describe('a simulated host of deployments', () => {
  it(`keeps its promises through misfortune (seeds ${FIRST_SEED} to ${FIRST_SEED + SEEDS - 1})`, async () => {
    const outcomes = new Map<string, number>();
    let deaths = 0;
    for (let seed = FIRST_SEED; seed < FIRST_SEED + SEEDS; seed++) {
      const played = await play(seed).catch((error: Error) => {
        throw new Error(`${error.message} (SLUICE_SEED=${seed})`, { cause: error });
      });
      deaths += played.deaths;
      outcomes.set(played.outcome, (outcomes.get(played.outcome) ?? 0) + 1);
    }
    expect(deaths).toBeGreaterThan(SEEDS / 2);
    for (const outcome of ['succeeded', 'rolled-back'])
      expect(outcomes.get(outcome), outcome).toBeGreaterThan(0);
  }, 600_000);
});
