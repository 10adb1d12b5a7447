import { describe, expect, it } from 'vitest';
import { DeploymentPlay } from '../../../test/support/deployment.ts';
import { aCommand, anEnvironment, aRelease } from '../../../test/support/release.ts';
import type { StrategyDefinition } from '../../pipeline/plan-strategy.ts';
import { compilePlan } from '../strategy/compile.ts';
import { presentStep } from './state.ts';
import { policyOf } from './watch.ts';

const MINUTE_MS = 60_000;

/** A canary at its first weight, watched for 15 minutes. */
function watched(strategy: Partial<StrategyDefinition>, type: 'production' | 'staging' = 'production') {
  const environment = anEnvironment({ type });
  const plan = compilePlan(aRelease({ type: 'canary', ...strategy }, { environment }));
  return new DeploymentPlay(plan).admit().toWatch();
}

/** Looks each minute at the same, until something else is done or so many minutes are over. */
function lookOn(play: DeploymentPlay, minutes: number, look: (play: DeploymentPlay) => void): DeploymentPlay {
  const percent = play.state.candidatePercent;
  const isHere = () => play.state.phase === 'watching' || play.state.phase === 'held';
  for (let minute = 0; minute < minutes && isHere() && play.state.candidatePercent === percent; minute++)
    look(play);
  return play;
}

const few = (play: DeploymentPlay) => play.look({ requests: 3, errors: 0 });
const silence = (play: DeploymentPlay) => play.see(null);
const good = (play: DeploymentPlay) =>
  play.see({ at: play.now, canary: countsOf(2000), baseline: countsOf(20_000) });

/** Of both versions alike: nothing but more requests tells them apart. */
function countsOf(requests: number) {
  const part = (share: number) => ({ taken: requests, bad: Math.round(requests * share) });
  return {
    requests,
    errors: requests * 0.005,
    exceed: { q50: requests * 0.5, q90: requests * 0.1, q95: requests * 0.05, q99: requests * 0.01 },
    samples: { p95: part(0.001), health: part(0), resources: part(0) },
  };
}

describe('a step whose time is over in doubt', () => {
  it.each([
    ['undecided', few, 'onUndecided'],
    ['no-data', silence, 'onNoData'],
  ] as const)('%s: is held, goes on or goes back, as the plan says', (verdict, look, key) => {
    const held = lookOn(watched({ [key]: 'hold' }), 15, look);
    expect(held.state.phase).toBe('held');
    expect(held.of('deployment.held')[0]!.verdict).toBe(verdict);
    held.deadline();
    expect(held.of('deployment.rollback-begun')[0]!.trigger).toBe(verdict);

    const back = lookOn(watched({ [key]: 'rollback' }), 15, look);
    expect(back.of('deployment.rollback-begun')[0]!.trigger).toBe(verdict);
    expect(back.ordered('quarantine')).toEqual([]);

    const on = lookOn(watched({ [key]: 'proceed' }), 15, look).toWatch();
    expect(on.state.candidatePercent).toBe(25);
    expect(on.of('deployment.step-finished').at(-2)!.reason).toContain('the plan lets it go on');
  });

  it.each([few, silence])('held: goes on at the deadline where it is not production', (look) => {
    const held = lookOn(watched({}, 'staging'), 15, look);
    expect(held.state.phase).toBe('held');
    held.deadline().toWatch();
    expect(held.state.candidatePercent).toBe(25);
  });

  it('does not go on before its time, whatever the plan says of doubt', () => {
    const play = lookOn(watched({ onUndecided: 'proceed', onNoData: 'proceed' }), 14, silence);
    expect(play.state).toMatchObject({ phase: 'watching', candidatePercent: 5 });
  });
});

describe('a step that advances when it is proven', () => {
  it('is shorter when safe is proven, and a timed one is not', () => {
    const proven = lookOn(watched({ advance: 'proven' }), 15, good);
    const proof = proven.of('deployment.observed').at(-1)!;
    expect(proof.verdict).toBe('safe');
    expect(proven.state.evidenceMs).toBeLessThan(15 * MINUTE_MS);
    expect(proven.of('deployment.step-finished').at(-1)!.reason).toBe('safe is proven');
    const timed = lookOn(watched({ advance: 'timed' }), 14, good);
    expect(timed.state).toMatchObject({ phase: 'watching', candidatePercent: 5 });
  });

  it('takes all its time when nothing is proven', () => {
    const play = lookOn(watched({ advance: 'proven' }), 14, (one) => one.look({ requests: 100, errors: 0 }));
    expect(play.state).toMatchObject({ phase: 'watching', candidatePercent: 5 });
  });
});

describe('a deployment that is cancelled', () => {
  it.each([
    ['release', ['sha256:new']],
    ['rollback', []],
  ] as const)('of kind %s: only a new release comes into quarantine for it', (kind, digests) => {
    const plan = compilePlan(aRelease({ type: 'canary' }, { environment: anEnvironment() }));
    const play = new DeploymentPlay(plan, kind).admit().toWatch();
    play.feed({ type: 'cancel', by: 'ada', reason: 'not now' });
    expect(play.of('deployment.rollback-begun')[0]!.trigger).toBe('asked');
    expect([...new Set(play.ordered('quarantine').map(({ digest }) => digest))]).toEqual(digests);
  });
});

describe('a bake that looks like harm at its end', () => {
  it('is held whatever the plan says of silence', () => {
    const environment = anEnvironment({ type: 'production' });
    const release = aRelease({ type: 'canary', onNoData: 'proceed', bakeMs: 2 * MINUTE_MS }, { environment });
    const play = new DeploymentPlay(compilePlan(release)).admit().toWatch();
    while (presentStep(play.state)?.action.type !== 'bake') lookOn(play, 16, good).toWatch();
    expect(policyOf(play.state, { verdict: 'undecided', reason: 'it looks like harm' })).toBe('hold');
    expect(policyOf(play.state, { verdict: 'no-data', reason: 'nothing came' })).toBe('proceed');
  });
});

describe('a smoke test that was cut off with its host', () => {
  it.each([
    ['nobody knows how far it came', {}, []],
    ['it ended with 7', { code: 7 }, ['sha256:new']],
  ] as const)(
    '%s: it goes back, and only a bad end is the fault of the release',
    (reason, outputs, digests) => {
      const environment = anEnvironment({ smokeTests: [aCommand('smoke')] });
      const play = new DeploymentPlay(compilePlan(aRelease({ type: 'blue_green' }, { environment }))).admit();
      while (presentStep(play.state)?.action.type !== 'command') play.end();
      const { key } = play.state.intent!;
      play.end('unknown', 'the host does not answer');
      play.feed({ type: 'probed', key, found: 'failed', reason, outputs });
      expect(play.of('deployment.rollback-begun')[0]!.trigger).toBe('step-failed');
      expect([...new Set(play.ordered('quarantine').map(({ digest }) => digest))]).toEqual(digests);
    },
  );
});
