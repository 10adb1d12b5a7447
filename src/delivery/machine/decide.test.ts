import { describe, expect, it } from 'vitest';
import { BINDING, DeploymentPlay } from '../../../test/support/deployment.ts';
import { aCommand, anEnvironment, aRelease, aService } from '../../../test/support/release.ts';
import type { RollbackDefinition, StrategyDefinition } from '../../pipeline/plan-strategy.ts';
import type { ReleaseRequest } from '../release-request.ts';
import { compilePlan } from '../strategy/compile.ts';
import { presentStep } from './state.ts';

const MINUTE_MS = 60_000;
const play = (
  strategy: Partial<StrategyDefinition> = { type: 'canary' },
  more: Partial<ReleaseRequest> = {},
) => new DeploymentPlay(compilePlan(aRelease(strategy, more)));
const back = (rollback: Partial<RollbackDefinition>) => ({ rollback });
const watched = () => play().admit().toWatch();

describe('a deployment', () => {
  it('goes through all weights when nothing is wrong, and is proven by the bake', () => {
    const canary = watched();
    while (canary.state.phase === 'watching') {
      for (let minute = 0; minute < 30 && canary.state.phase === 'watching'; minute++)
        canary.look({ requests: 100, errors: 0 });
      canary.toWatch();
    }
    expect(canary.state.outcome).toBe('succeeded');
    expect(canary.weights).toEqual([5, 25, 50, 100]);
    expect(canary.of('deployment.baked')).toHaveLength(1);
    expect(canary.ordered('pin')).toEqual([{ type: 'pin', digest: 'sha256:new', reason: 'it is proven' }]);
    expect(canary.ordered('quarantine')).toEqual([]);
  });

  it('goes back at once on harm, with one write to the router, and puts the digest in quarantine', () => {
    const canary = watched().look({ requests: 100, errors: 0 }).look({ requests: 100, errors: 60 });
    const [begun] = canary.of('deployment.rollback-begun');
    expect(begun).toMatchObject({ trigger: 'harm', route: 'warm', fromPercent: 5 });
    expect(canary.ordered('perform').at(-1)?.action).toEqual({ type: 'set-weight', candidatePercent: 0 });
    while (canary.state.phase === 'back-acting') canary.end();
    expect(canary.state.outcome).toBe('rolled-back');
    expect(canary.of('deployment.finished')[0]!.serving).toBe('sha256:old');
    expect(canary.ordered('quarantine')[0]!.digest).toBe('sha256:new');
    expect(canary.ordered('pin')[0]!.digest).toBe('sha256:old');
  });

  it('does not go on while the sample is too small, and goes back at the deadline', () => {
    const canary = watched();
    for (let minute = 0; minute < 16; minute++) canary.look({ requests: 3, errors: 0 });
    expect(canary.of('deployment.held')[0]!.reason).toBe('the candidate had 45 of 100 requests at 5 %');
    canary.deadline();
    expect(canary.of('deployment.rollback-begun')[0]).toMatchObject({ trigger: 'undecided' });
    expect(canary.ordered('quarantine')).toEqual([]);
  });

  it('does not go on while it looks like harm and the sign test has too few windows to agree', () => {
    const { observed } = aRelease({});
    // Nothing is learnt yet; five windows cover the step.
    const canary = play({ type: 'canary' }, { observed: { ...observed, dispersion: {} } })
      .admit()
      .toWatch();
    for (let window = 0; window < 5; window++) canary.look({ requests: 60, errors: 10 }, 3 * MINUTE_MS);
    expect(canary.state).toMatchObject({ phase: 'held', candidatePercent: 5 });
    expect(canary.of('deployment.held')[0]!.reason).toContain('looks like harm');
    for (let window = 0; window < 5; window++) canary.look({ requests: 60, errors: 10 }, 3 * MINUTE_MS);
    expect(canary.of('deployment.rollback-begun')[0]).toMatchObject({ trigger: 'harm' });
  });

  it('goes on when the sign test had windows enough and does not agree', () => {
    const { observed } = aRelease({});
    const canary = play({ type: 'canary' }, { observed: { ...observed, dispersion: {} } })
      .admit()
      .toWatch();
    // One burst, and then nothing.
    canary.look({ requests: 60, errors: 40 });
    for (let minute = 1; minute < 15; minute++) canary.look({ requests: 60, errors: 0 });
    canary.toWatch();
    expect(canary.state.candidatePercent).toBe(25);
  });

  it('goes on from a hold as soon as the sample is there', () => {
    const canary = watched();
    for (let minute = 0; minute < 15; minute++) canary.look({ requests: 6, errors: 0 });
    expect(canary.state.phase).toBe('held');
    canary.look({ requests: 20, errors: 0 }).toWatch();
    expect(canary.state.candidatePercent).toBe(25);
  });

  it.each([
    ['nothing', null],
    ['a number that is none', { at: 1, canary: { requests: Number.NaN, errors: 0 }, baseline: {} }],
    ['a login page', '<html>'],
    [
      'more than can be counted',
      { at: 1, canary: { requests: 1e300, errors: 0 }, baseline: { requests: 1, errors: 0 } },
    ],
    ['no requests', { at: 1, canary: { requests: 0, errors: 0 }, baseline: { requests: 0, errors: 0 } }],
  ])('never promotes on a source that says %s', (_, window) => {
    const canary = watched();
    for (let minute = 0; minute < 40 && canary.state.phase !== 'back-acting'; minute++) canary.see(window);
    expect(canary.state.phase).toBe('held');
    canary.deadline();
    expect(canary.of('deployment.rollback-begun')[0]!.trigger).toBe('no-data');
    expect(canary.weights).toEqual([5]);
  });

  it('counts no window twice, and none of another step', () => {
    const canary = watched().look({ requests: 10, errors: 0 });
    const before = canary.events.length;
    const window = { at: 1, canary: { requests: 1, errors: 1 }, baseline: { requests: 1, errors: 0 } };
    const { id } = canary.state.plan.steps[canary.state.step]!;
    canary.feed({ type: 'window', step: id, look: 1, coveredMs: 1, window, problem: null });
    canary.feed({ type: 'window', step: 'step-1', look: 9, coveredMs: 1, window, problem: null });
    expect(canary.events).toHaveLength(before);
  });

  it('asks the world about an unknown effect, and repeats it under the same key only when it was not done', () => {
    const canary = play().admit().end('unknown', 'the connection was reset');
    expect(canary.state.phase).toBe('forth-probing');
    const { key } = canary.state.intent!;
    const probed = (found: 'unknown' | 'not-done' | 'done') =>
      canary.feed({ type: 'probed', key, found, reason: null, outputs: {} });
    probed('unknown');
    expect(canary.ordered('perform')).toHaveLength(1);
    canary.feed({ type: 'timer', id: canary.ordered('set-timer').at(-1)!.id });
    probed('not-done');
    expect(canary.ordered('perform').map((one) => one.key)).toEqual([key, key]);
    canary.end('unknown');
    probed('done');
    expect(canary.of('deployment.step-finished')[0]).toMatchObject({ outcome: 'done', foundBy: 'probe' });
  });

  it('tries a failed step again under another key, and then goes back', () => {
    const canary = play().admit().end();
    const keys = new Set<string>();
    while (canary.state.rollback === null) {
      keys.add(canary.state.intent!.key);
      canary.end('failed', 'the disk is full');
      if (canary.state.phase === 'forth-pausing')
        canary.feed({ type: 'timer', id: canary.ordered('set-timer').at(-1)!.id });
    }
    expect(keys.size).toBe(4);
    expect(canary.of('deployment.rollback-begun')[0]!.reason).toContain('the disk is full');
  });

  it('goes back the cold way once the stable version may have been stopped', () => {
    const recreate = play({ type: 'recreate' }).admit().end().end().end().end();
    expect(recreate.state.intent!.step).toContain('start');
    recreate.feed({ type: 'cancel', by: 'ada', reason: 'it is late' });
    expect(recreate.of('deployment.rollback-begun')[0]!.route).toBe('cold');
  });

  it('starts the stable version again when it is told to go back while that one ends', () => {
    const green = play({ type: 'blue_green' }).admit().toWatch();
    for (let minute = 0; minute < 30; minute++) green.look({ requests: 10, errors: 0 });
    expect(green.state.isBaked).toBe(true);
    green.feed({ type: 'cancel', by: 'ada', reason: 'the numbers look odd' });
    expect(green.of('deployment.rollback-begun')[0]).toMatchObject({ route: 'cold', fromPercent: 100 });
  });

  it('takes the cold way when the warm one fails, and a person when that fails too', () => {
    const canary = watched().feed({ type: 'cancel', by: 'ada', reason: 'it looks odd' });
    canary.end();
    expect(canary.state.intent!.step).toContain('await-healthy');
    const failStep = () => {
      const { step } = canary.state.intent!;
      while (canary.state.intent?.step === step) {
        canary.end('failed', 'it is dead');
        if ((canary.state.phase as string) === 'back-pausing')
          canary.feed({ type: 'timer', id: canary.ordered('set-timer').at(-1)!.id });
      }
    };
    failStep();
    expect(canary.of('deployment.rerouted')[0]!.route).toBe('cold');
    canary.end();
    failStep();
    expect(canary.state.outcome).toBe('stranded');
  });

  it('asks a person where it does not go back by itself, and goes back when nobody answers', () => {
    const manual = play({ type: 'canary' }, back({ strategy: 'manual' }))
      .admit()
      .toWatch();
    manual.look({ requests: 100, errors: 60 });
    expect(manual.state.phase).toBe('asking');
    manual.deadline();
    expect(manual.of('deployment.rollback-begun')[0]!.trigger).toBe('harm');
  });

  it('lets a person take responsibility for going on', () => {
    const manual = play({ type: 'canary' }, back({ automatic: false }))
      .admit()
      .toWatch();
    manual.look({ requests: 100, errors: 60 }).feed({ type: 'proceed', by: 'ada', reason: 'it is a test' });
    expect(manual.state.phase).toBe('watching');
    for (let minute = 0; minute < 15; minute++) manual.look({ requests: 100, errors: 60 });
    manual.toWatch();
    expect(manual.state.candidatePercent).toBe(25);
    expect(manual.state.phase).toBe('watching');
  });

  it('stops where it is when data cannot be taken back', () => {
    const migrations = { kind: 'irreversible', up: './up.sh', down: null } as never;
    const recreate = play({ type: 'recreate' }, { service: aService({ migrations }) }).admit();
    while (!recreate.state.begun.candidate) recreate.end();
    recreate.feed({ type: 'cancel', by: 'ada', reason: 'it is late' });
    expect(recreate.state.outcome).toBe('stranded');
    expect(recreate.of('deployment.finished')[0]!.data).toBe('changed');
  });

  it('takes changed data back before the old version starts', () => {
    const migrations = { kind: 'contract', up: './up.sh', down: './down.sh' } as never;
    const recreate = play({ type: 'recreate' }, { service: aService({ migrations }) }).admit();
    while (!recreate.state.begun.candidate) recreate.end();
    recreate.feed({ type: 'cancel', by: 'ada', reason: 'it is late' });
    const steps: string[] = [];
    while (recreate.state.phase === 'back-acting') {
      steps.push(recreate.state.intent!.step.replace(/^back-\d+-/, ''));
      recreate.end();
    }
    expect(steps).toEqual(['drain', 'stop', 'command', 'start', 'await-healthy', 'set-weight']);
    expect(recreate.of('deployment.finished')[0]!.data).toBe('taken-back');
  });

  it('ends without a change when it is cancelled or superseded before its first step', () => {
    for (const input of [
      { type: 'cancel', by: 'ada', reason: 'no' } as const,
      { type: 'superseded', by: 'd2' } as const,
    ]) {
      const queued = play().feed(input);
      expect(queued.state.outcome).toBe('cancelled');
      expect(queued.ordered('perform')).toEqual([]);
    }
  });

  it('does not begin when another release came in between', () => {
    const late = play().feed({ type: 'admitted', token: 1, running: 'sha256:other' });
    expect(late.of('deployment.finished')[0]!.sentence).toContain('but now sha256:other does; deploy again');
  });

  it('notes a failed hook behind the bake, and succeeds', () => {
    const environment = anEnvironment({ postDeployHooks: [aCommand('announce')] });
    const green = play({ type: 'blue_green' }, { environment }).admit().toWatch();
    for (let minute = 0; minute < 30; minute++) green.look({ requests: 10, errors: 0 });
    while (green.state.phase === 'forth-acting' && !green.state.intent!.step.includes('command')) green.end();
    green.end('failed', 'exit code 1');
    expect(green.of('deployment.finished')[0]).toMatchObject({
      outcome: 'succeeded',
      sentence: 'sha256:new serves production, with warnings',
    });
  });

  it('goes back when a smoke test fails before any traffic', () => {
    const environment = anEnvironment({ smokeTests: [aCommand('smoke')] });
    const green = play({ type: 'blue_green' }, { environment }).admit();
    while (!green.state.intent!.step.includes('command')) green.end();
    green.end('failed', 'exit code 1');
    expect(green.of('deployment.rollback-begun')[0]).toMatchObject({
      trigger: 'step-failed',
      fromPercent: 0,
    });
  });

  it('blames nobody for what the place refused, and takes no data back that were never changed', () => {
    const environment = anEnvironment({ smokeTests: [aCommand('smoke')] });
    const refused = (from: DeploymentPlay) =>
      from.feed({
        type: 'result',
        key: from.state.intent!.key,
        outcome: 'failed',
        reason: 'localhost: the disk is full',
        isRefused: true,
        outputs: {},
      });
    const green = play({ type: 'blue_green' }, { environment }).admit();
    while (presentStep(green.state)?.action.type !== 'command') green.end();
    refused(green);
    expect(green.of('deployment.rollback-begun')[0]!.trigger).toBe('step-failed');
    expect(green.ordered('quarantine')).toEqual([]);
    while (green.state.phase === 'back-acting') green.end();
    expect(green.state.outcome).toBe('rolled-back');
    expect(green.ordered('quarantine')).toEqual([]);

    const migrations = { kind: 'irreversible', up: './up.sh', down: null, place: aService().place } as const;
    const recreate = play({ type: 'recreate' }, { service: aService({ migrations }) }).admit();
    while (presentStep(recreate.state)?.action.type !== 'command') recreate.end();
    refused(recreate);
    expect(recreate.of('deployment.rollback-begun')[0]!.route).toBe('cold');
    expect(recreate.state.data).toBe('unchanged');
  });

  it('goes back when the candidate dies, or an alarm fires', () => {
    const dead = watched().feed({
      type: 'unhealthy',
      version: 'candidate',
      host: 'web-1',
      reason: 'it exited',
    });
    expect(dead.of('deployment.rollback-begun')[0]!.trigger).toBe('health');
    const paged = watched().feed({ type: 'alarm', name: 'paging', reason: 'exit code 1' });
    expect(paged.of('deployment.rollback-begun')[0]!.trigger).toBe('alarm');
  });
});

describe('permission', () => {
  const protection = (more: object) => ({
    environment: anEnvironment({
      protection: {
        approvals: 2,
        approvers: ['team/operations'],
        authorAllowed: false,
        windows: [],
        freezes: [],
        gates: [],
        branches: [],
        ...more,
      },
    }),
  });
  const approval = (by: string, more: object = {}) => ({
    type: 'approve' as const,
    by,
    teams: ['team/operations'],
    reason: null,
    artifact: BINDING.artifact,
    plan: BINDING.plan,
    ...more,
  });

  it('needs two different people who may, and not the author', () => {
    const waiting = play({ type: 'canary' }, protection({}));
    waiting
      .feed(approval('ada'))
      .feed(approval('bob', { teams: [] }))
      .feed(approval('eve', { plan: 'other' }));
    expect(waiting.of('deployment.approval-refused').map(({ by }) => by)).toEqual(['ada', 'bob', 'eve']);
    waiting.feed(approval('bob')).feed(approval('bob'));
    expect(waiting.state.phase).toBe('waiting');
    waiting.feed(approval('eve'));
    expect(waiting.state.phase).toBe('queued');
  });

  it('waits for a window, and a person may let it pass', () => {
    const freeze = { start: '1970-01-01T00:00:00Z', end: '1970-01-02T00:00:00Z', reason: 'new year' };
    const frozen = play({ type: 'canary' }, protection({ approvals: 0, freezes: [freeze] }));
    expect(frozen.of('deployment.waiting')[0]!.closed).toContain('frozen until 1970-01-02');
    frozen.feed({ type: 'override', by: 'ada', reason: 'an emergency' });
    expect(frozen.state.phase).toBe('queued');
  });

  it('waits again when the window closed while it was queued', () => {
    const open = { rule: null, fromMinute: 0, toMinute: 60, timeZone: 'UTC' };
    const late = play({ type: 'canary' }, protection({ approvals: 0, windows: [open] }));
    expect(late.state.phase).toBe('queued');
    late.now += 60 * MINUTE_MS;
    late.admit();
    expect(late.state.phase).toBe('waiting');
    expect(late.ordered('release-environment')).toHaveLength(1);
    late.now += 23 * 60 * MINUTE_MS;
    late.feed({ type: 'timer', id: 'opening' }).admit(2);
    expect(late.state.phase).toBe('forth-acting');
  });

  it('ends when nobody answers, or somebody says no', () => {
    expect(play({ type: 'canary' }, protection({})).deadline().state.outcome).toBe('cancelled');
    const no = play({ type: 'canary' }, protection({})).feed({
      type: 'reject',
      by: 'bob',
      reason: 'not today',
    });
    expect(no.of('deployment.finished')[0]!.sentence).toBe('bob rejected it: not today');
  });
});
