import { describe, expect, it } from 'vitest';
import { DeploymentPlay } from '../../../test/support/deployment.ts';
import { anEnvironment, aRelease } from '../../../test/support/release.ts';
import { compilePlan } from '../../delivery/strategy/compile.ts';
import type { PlacedEvent } from '../../journal/event.ts';
import { foldDeployment } from './fold.ts';
import { closedText } from './story.ts';

function viewOf(play: DeploymentPlay) {
  const events = play.events.map(
    (body, index) =>
      ({
        stream: 'deployment/d1',
        sequence: index + 1,
        schemaVersion: 1,
        at: 1000 + index,
        body,
      }) as PlacedEvent,
  );
  return foldDeployment(
    events,
    new Map([
      ['sha256:old', '1.1'],
      ['sha256:new', '1.2'],
    ]),
  );
}

const told = (play: DeploymentPlay) => viewOf(play).story.map(({ text }) => text);

describe('foldDeployment', () => {
  it('tells a canary that is proven, from request to end', () => {
    const play = new DeploymentPlay(
      compilePlan(aRelease({ type: 'canary', weights: [10, 100], observeMs: 60_000, bakeMs: 60_000 })),
    ).admit();
    for (let looks = 0; play.state.phase !== 'finished' && looks < 10; looks++) {
      play.toWatch();
      if (play.state.phase === 'watching') play.look({ requests: 1000, errors: 0 });
    }
    const view = viewOf(play);
    expect(view).toMatchObject({ outcome: 'succeeded', candidatePercent: 100, version: '1.2', back: [] });
    expect(view.forth.every(({ state }) => state === 'done')).toBe(true);
    const story = told(play);
    expect(story[0]).toBe('ada asked to bring api 1.2 to production, over 1.1, by canary');
    expect(story).toContain('10 % of the traffic goes to the candidate version');
    expect(story).toContain('1.2 is proven: it had all the traffic for the whole bake');
    expect(story.filter((text) => text.startsWith('candidate 0 of'))).toHaveLength(2);
  });

  it('tells what harmed, and the steps of the way back', () => {
    const play = new DeploymentPlay(compilePlan(aRelease({ type: 'canary' }))).admit().toWatch();
    play.look({ requests: 1000, errors: 300 });
    const going = viewOf(play);
    expect(going.rollback).toMatchObject({ trigger: 'harm', fromPercent: 5 });
    expect(going.back.map(({ state }) => state)[0]).toBe('running');
    expect(going.forth.find(({ state }) => state === 'failed')?.watch?.figures?.canary).toEqual({
      requests: 1000,
      errors: 300,
    });
    while (play.state.phase === 'back-acting') play.end();
    const view = viewOf(play);
    expect(view.outcome).toBe('rolled-back');
    expect(
      view.story.filter(({ tone }) => tone === 'bad').map(({ text }) => text.replace(/:.*/, '')),
    ).toEqual(['the evidence says harm', 'it goes back from 5 %', 'rolled back']);
    // Why is told once.
    const [harm, begun, end] = told(play).filter((text) => /harm|it goes back|rolled back/.test(text));
    const why = harm!.replace('the evidence says harm: ', '');
    expect(view.sentence).toContain(why);
    expect(begun).not.toContain(why);
    expect(end).toBe('rolled back: sha256:old serves again');
  });

  it('tells when an environment that is closed opens', () => {
    const at = Date.parse('2026-03-05T08:00:00Z');
    const closed = 'it is outside of the windows for deployments';
    expect(closedText(closed, at)).toBe(`${closed}; it opens at 2026-03-05T08:00:00.000Z`);
    expect(closedText(closed, null)).toBe(`${closed}; no window opens within a year`);
    const frozen = 'deployments are frozen until 2026-03-05T08:00:00.000Z';
    expect(closedText(frozen, at)).toBe(frozen);
  });

  it('tells whom it waits for, and who answered', () => {
    const protection = {
      approvals: 2,
      approvers: [],
      authorAllowed: true,
      windows: [],
      freezes: [],
      gates: [],
      branches: [],
    };
    const play = new DeploymentPlay(
      compilePlan(aRelease({ type: 'rolling' }, { environment: anEnvironment({ protection }) })),
    );
    expect(viewOf(play).waiting).toMatchObject({ approvalsLeft: 2 });
    play.feed({
      type: 'approve',
      by: 'bob',
      teams: [],
      reason: 'fine',
      artifact: 'sha256:new',
      plan: 'plan-1',
    });
    const view = viewOf(play);
    expect(view.waiting).toMatchObject({ approvalsLeft: 1 });
    expect(view.approvals).toMatchObject([{ by: 'bob', reason: 'fine' }]);
    play.feed({ type: 'reject', by: 'eve', reason: 'not today' });
    expect(viewOf(play)).toMatchObject({ outcome: 'cancelled', waiting: null });
    expect(told(play)).toContain('eve rejected it: not today');
  });

  it('tells why a step is held, and who lets it go on', () => {
    const play = new DeploymentPlay(compilePlan(aRelease({ type: 'canary', observeMs: 60_000 })))
      .admit()
      .toWatch();
    play.look({ requests: 3, errors: 0 });
    expect(viewOf(play).held?.reason).toContain('3 of 100 requests');
    play.feed({ type: 'proceed', by: 'bob', reason: 'a quiet night' });
    expect(viewOf(play).held).toBeNull();
    expect(told(play)).toContain('bob lets it go on: a quiet night');
  });
});
