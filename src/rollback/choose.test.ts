import { describe, expect, it } from 'vitest';
import { DeploymentPlay } from '../../test/support/deployment.ts';
import { aRelease } from '../../test/support/release.ts';
import { compilePlan } from '../delivery/strategy/compile.ts';
import { chooseRollback, type RollbackQuestion } from './choose.ts';
import { historyOf, type PastDeployment } from './history.ts';
import { quarantineOf } from './quarantine.ts';
import { rollbackRequest } from './request.ts';

const past = (candidate: string, more: Partial<PastDeployment> = {}): PastDeployment => ({
  deploymentId: `d-${candidate}`,
  service: 'api',
  environment: 'production',
  kind: 'release',
  candidate,
  stable: null,
  by: 'ada',
  atMs: 0,
  outcome: 'succeeded',
  sentence: null,
  rollback: null,
  bindsData: false,
  ...more,
});
const ask = (history: readonly PastDeployment[], more: Partial<RollbackQuestion> = {}) =>
  chooseRollback({ history, quarantineOf: () => null, wanted: null, onIrreversible: 'freeze', ...more });

describe('chooseRollback', () => {
  it('names a proven release that is in quarantine, and what lifts it', () => {
    const chosen = ask([past('a'), past('c')], {
      quarantineOf: (digest) => (digest === 'a' ? 'ada went back from it' : null),
    });
    expect(chosen).toMatchObject({
      kind: 'refused',
      sentence:
        'c is the only proven release here but for a, which is in quarantine: ada went back from it; deploy a newer one, or lift it: sluice deployment lift a --reason TEXT',
    });
  });

  it('goes back to the last proven release without being told one', () => {
    const history = [past('a'), past('b'), past('bad', { outcome: 'rolled-back' }), past('c')];
    expect(ask(history)).toMatchObject({ kind: 'go', digest: 'b', from: 'c' });
  });

  it('goes further back when it is asked again', () => {
    const history = [past('a'), past('b'), past('c'), past('b', { kind: 'rollback', stable: 'c' })];
    expect(ask(history)).toMatchObject({ kind: 'go', digest: 'a', from: 'b' });
  });

  it('never chooses what is in quarantine, and says why when it is asked for', () => {
    const history = [past('a'), past('b'), past('c')];
    const question = { quarantineOf: (digest: string) => (digest === 'b' ? 'it harmed' : null) };
    expect(ask(history, question)).toMatchObject({ digest: 'a' });
    expect(ask(history, { ...question, wanted: 'b' }).sentence).toContain('quarantine: it harmed');
  });

  it.each([
    ['nothing was proven', [past('a', { outcome: 'rolled-back' })], 'deploy one'],
    ['there is only one', [past('a')], 'deploy a newer one'],
    ['one is going on', [past('a'), past('b'), past('c', { outcome: null })], 'cancel it'],
    ['data are in the way', [past('a'), past('b', { bindsData: true })], 'take that back first'],
  ])('refuses with a way out when %s', (_, history, wayOut) => {
    const choice = ask(history);
    expect(choice.kind).toBe('refused');
    expect(choice.sentence).toContain(wayOut);
  });

  it('goes over changed data only when the policy says so', () => {
    const history = [past('a'), past('b', { bindsData: true })];
    expect(ask(history, { onIrreversible: 'revert' })).toMatchObject({ kind: 'go', digest: 'a' });
  });

  it('refuses a digest that was never proven here', () => {
    expect(ask([past('a'), past('b')], { wanted: 'x' }).sentence).toContain('never proven here');
  });
});

describe('historyOf', () => {
  it('tells how a deployment ended, and why it went back', () => {
    const play = new DeploymentPlay(compilePlan(aRelease({ type: 'canary' }))).admit().toWatch();
    play.feed({ type: 'cancel', by: 'bob', reason: 'it looks odd' });
    while (play.state.phase === 'back-acting') play.end();
    const events = [
      { at: 5, body: { ...play.state.request, plan: {} } },
      ...play.events.slice(1).map((body) => ({ at: 6, body })),
    ];
    expect(historyOf(events)).toMatchObject({
      outcome: 'rolled-back',
      rollback: { trigger: 'asked', reason: 'bob: it looks odd', by: 'bob' },
      atMs: 5,
    });
  });
});

describe('quarantineOf', () => {
  it('holds until it is lifted, and again when it harms again', () => {
    const bad = {
      type: 'release.quarantined',
      digest: 'a',
      service: 'api',
      deploymentId: 'd1',
      reason: 'harm',
    } as const;
    const lifted = {
      type: 'release.quarantine-lifted',
      digest: 'a',
      by: 'ada',
      reason: 'a false alarm',
    } as const;
    expect(quarantineOf([])).toBeNull();
    expect(quarantineOf([bad])).toBe('harm');
    expect(quarantineOf([bad, lifted])).toBeNull();
    expect(quarantineOf([bad, lifted, bad])).toBe('harm');
  });
});

describe('rollbackRequest', () => {
  it('goes back at once, with health as its only gate', () => {
    const present = aRelease({ type: 'canary' });
    const plan = compilePlan(rollbackRequest(present, { digest: 'a', from: 'b' }));
    expect(plan.refusals).toEqual([]);
    expect(plan.analysis).toBeNull();
    const weights = plan.steps.flatMap(({ action }) =>
      action.type === 'set-weight' ? [action.candidatePercent] : [],
    );
    expect(weights).toEqual([100]);
  });
});
