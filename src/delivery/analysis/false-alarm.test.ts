import { describe, expect, it } from 'vitest';
import { Seeded } from '../../../test/sim/random.ts';
import { type Behaviour, drawWindow, GOOD, type Traffic } from '../../../test/support/traffic.ts';
import { beginJudging, judge } from './judge.ts';
import { DEFAULT_POLICY, type Policy } from './policy.ts';
import { addRatioWindow, lnHarm, RATIO_START } from './ratio-test.ts';
import { learnFrom } from './replay.ts';

const SEED = Number(process.env.SLUICE_SEED ?? 20_261_121);
const RELEASES = process.env.SLUICE_SOAK ? 40_000 : 2000;
const WINDOWS = 40;

/** Two hours of windows of twice the same version: what a service knows about itself. */
function learnt(variation: number): Policy['dispersion'] {
  const random = new Seeded(SEED);
  const traffic = { ...trafficOf(GOOD), canaryRequests: 500, baselineRequests: 500, variation };
  return learnFrom(Array.from({ length: 480 }, (_, index) => drawWindow(random, traffic, index)));
}

function trafficOf(canary: Behaviour): Traffic {
  return { canary, baseline: GOOD, canaryRequests: 100, baselineRequests: 900, variation: 0 };
}

/** The share of good releases that are called harmful within their windows. */
function falseAlarms(policy: Policy, traffic: Traffic, releases: number): number {
  const random = new Seeded(SEED);
  let alarms = 0;
  for (let release = 0; release < releases; release++) {
    let state = beginJudging(policy);
    for (let index = 0; index < WINDOWS && state.harm === null; index++) {
      state = judge(state, drawWindow(random, traffic, index)).state;
    }
    if (state.harm !== null) alarms++;
  }
  return alarms / releases;
}

/** alpha and three standard deviations of what so many releases show by chance. */
function most(releases: number, alpha = 0.01): number {
  return alpha + 3 * Math.sqrt((alpha * (1 - alpha)) / releases);
}

describe(`good releases (seed ${SEED})`, () => {
  it('are called harmful in fewer than alpha of the cases, with the default triggers on', () => {
    const policy = { ...DEFAULT_POLICY, dispersion: learnt(0) };
    expect(falseAlarms(policy, trafficOf(GOOD), RELEASES)).toBeLessThan(most(RELEASES));
  });

  it('are not before their bursts are learnt either, however strong these are', () => {
    const releases = RELEASES / 4;
    const bursty = { ...trafficOf({ errorRate: 0.003, slower: null }), variation: 1 };
    const onlyErrors = DEFAULT_POLICY.triggers.slice(0, 1);
    const unguarded = { ...DEFAULT_POLICY, triggers: onlyErrors, isGuarded: false };
    const guarded = { ...unguarded, isGuarded: true };
    const learnedBursts = { ...guarded, dispersion: learnt(1) };
    expect(falseAlarms(guarded, bursty, releases)).toBeLessThan(most(releases));
    expect(falseAlarms(learnedBursts, bursty, releases)).toBeLessThan(most(releases));
  });

  it('E has a mean of at most 1 whenever one looks, at changing weights', () => {
    const random = new Seeded(SEED);
    const rounds = 20_000;
    const [middle, end] = [0, 0].map(() => ({ sum: 0 }));
    for (let round = 0; round < rounds; round++) {
      let state = RATIO_START;
      for (const [index, canaryRequests] of [5, 5, 25, 25, 50, 50].entries()) {
        const traffic = { ...trafficOf(GOOD), canaryRequests, baselineRequests: 100 - canaryRequests };
        const { canary, baseline } = drawWindow(random, traffic, index);
        const arms = {
          canaryTrials: canary.requests,
          canaryHits: canary.errors,
          baselineTrials: baseline.requests,
          baselineHits: baseline.errors,
        };
        state = addRatioWindow(state, arms, 1, 2);
        if (index === 2) middle!.sum += Math.exp(lnHarm(state));
      }
      end!.sum += Math.exp(lnHarm(state));
    }
    expect(middle!.sum / rounds).toBeLessThan(1.05);
    expect(end!.sum / rounds).toBeLessThan(1.05);
  });
});

describe(`bad releases (seed ${SEED})`, () => {
  /** Canary requests until harm, of so many releases: median and 90th percentile. */
  function requests(errorRate: number): { readonly median: number; readonly p90: number } {
    const policy = { ...DEFAULT_POLICY, dispersion: learnt(0) };
    const random = new Seeded(SEED);
    const traffic = {
      ...trafficOf({ ...GOOD, errorRate }),
      canaryRequests: 5,
      baselineRequests: 45,
    };
    const found = Array.from({ length: 300 }, () => {
      let state = beginJudging(policy);
      for (let index = 0; state.harm === null; index++) {
        state = judge(state, drawWindow(random, traffic, index)).state;
      }
      return state.canary.requests;
    }).sort((a, b) => a - b);
    return { median: found[150]!, p90: found[270]! };
  }

  it('with 5 % errors beside 0.3 % are found about as soon as was measured', () => {
    const { median, p90 } = requests(0.05);
    // Three standard deviations of a sample of 300 above the goals of 80 and 190.
    expect(median).toBeLessThanOrEqual(95);
    expect(p90).toBeLessThanOrEqual(215);
  });
});
