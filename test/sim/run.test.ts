import { describe, expect, it } from 'vitest';
import { aRequest } from '../support/plan.ts';
import { Seeded } from './random.ts';
import { randomPlan } from './random-plan.ts';
import { type Misfortune, World } from './world.ts';

const SEEDS = process.env.SLUICE_SOAK ? 100_000 : 2_000;
const FIRST_SEED = Number(process.env.SLUICE_SEED ?? 1);

function simulate(seed: number, misfortune: Misfortune): World {
  const random = new Seeded(seed);
  const request = aRequest(randomPlan(random), { workersMax: 1 + random.below(4), askedBy: ['alice'] });
  const world = new World(request, random, misfortune);
  try {
    world.run();
  } catch (error) {
    throw new Error(`seed ${seed}: ${(error as Error).message} (SLUICE_SEED=${seed} repeats it)`, {
      cause: error,
    });
  }
  return world;
}

describe('a simulated run', () => {
  it(`keeps its promises through misfortune (seeds ${FIRST_SEED} to ${FIRST_SEED + SEEDS - 1})`, () => {
    let crashes = 0;
    for (let seed = FIRST_SEED; seed < FIRST_SEED + SEEDS; seed++) {
      const misfortune = {
        crashAfterAppend: 0.05,
        crashBeforeAppend: 0.05,
        doubled: 0.3,
        clockJump: 0.02,
        cancel: 0.25,
      };
      crashes += simulate(seed, misfortune).crashes;
    }
    expect(crashes).toBeGreaterThan(SEEDS / 10);
  }, 600_000);

  it('survives a crash after every single append', () => {
    for (let seed = FIRST_SEED; seed < FIRST_SEED + 200; seed++) {
      const misfortune = {
        crashAfterAppend: 0.5,
        crashBeforeAppend: 0,
        doubled: 0,
        clockJump: 0,
        cancel: 0.2,
      };
      simulate(seed, misfortune);
    }
  });
});
