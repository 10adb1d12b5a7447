import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { EnginePlay } from '../../test/support/engine-play.ts';
import { aJob, aPlan, aRequest, aStage, PLACE } from '../../test/support/plan.ts';
import { digestOf } from '../base/digest.ts';
import type { KeptArtifact } from '../journal/run-event.ts';
import type { PlanJob } from '../pipeline/plan.ts';
import type { ApprovalRequest } from '../pipeline/plan-approval.ts';
import { type ApprovalAnswer, waitsForPeople } from './approval.ts';
import type { RunRequested } from './course.ts';

const REQUEST: ApprovalRequest = {
  message: null,
  approvers: [],
  count: 1,
  authorAllowed: false,
  form: {},
  expiresAfterMs: 1000,
  onExpiry: 'reject',
  place: PLACE,
};

function ask(request: Partial<ApprovalRequest> = {}, job: Partial<PlanJob> = {}): PlanJob {
  return aJob({ id: 'ask', steps: [], approval: { ...REQUEST, ...request }, ...job });
}

function play(jobs: readonly PlanJob[], request: Partial<RunRequested> = {}): EnginePlay {
  return new EnginePlay(aRequest(aPlan(jobs), { askedBy: ['alice'], workersMax: 1, ...request }));
}

/** Somebody answers what is asked, as it is asked. */
function answer(run: EnginePlay, by: string, more: Partial<ApprovalAnswer> = {}): EnginePlay {
  const { binding } = run.of('approval.requested').at(-1)!;
  const plain = { cell: 'ask', by, teams: [], decision: 'approve', answers: {}, text: null } as const;
  return run.feed({ type: 'answer', ...plain, binding, ...more });
}

function outcomeOf(run: EnginePlay, cell: string) {
  return run.of('cell.finished').find((event) => event.cell === cell)?.outcome ?? null;
}

describe('an approval in a run', () => {
  it('takes no worker and is asked for before jobs that wait for one', () => {
    const run = play([aJob({ id: 'one' }), aJob({ id: 'two' }), ask()]);
    expect(run.running).toEqual(['one']);
    expect(run.of('approval.requested')).toMatchObject([
      { cell: 'ask', authors: ['alice'], expiresAtMs: 1000 },
    ]);
    expect(run.of('cell.started').map((event) => event.cell)).toEqual(['one']);
  });

  it('gives what was filled in to the jobs behind it', () => {
    const form = {
      ticket: { description: 'Which?', kind: 'text', required: true, default: null, options: [] },
    } as const;
    const run = play([ask({ form }), aJob({ id: 'after', needs: ['ask'] })]);
    answer(run, 'bob', { answers: { ticket: 'A-1' }, text: 'fine' });
    expect(run.of('approval.given')).toMatchObject([{ by: 'bob', comment: 'fine', left: 0 }]);
    expect(run.of('cell.finished')).toMatchObject([
      { cell: 'ask', outcome: 'succeeded', outputs: { ticket: 'A-1' } },
    ]);
    expect(run.running).toEqual(['after']);
  });

  it('waits until enough different people agreed', () => {
    const run = play([ask({ count: 2 })]);
    answer(run, 'bob');
    expect(outcomeOf(run, 'ask')).toBeNull();
    answer(run, '@Bob');
    expect(run.of('approval.refused')).toMatchObject([{ by: '@Bob', code: 'twice' }]);
    answer(run, 'carol');
    expect(run.state.outcome).toBe('succeeded');
  });

  it('fails with the reason of who rejects it', () => {
    const run = answer(play([ask()]), 'alice', { decision: 'reject', text: 'not yet' });
    expect(run.of('cell.finished')).toMatchObject([
      { outcome: 'failed', cause: { kind: 'rejected', by: 'alice', reason: 'not yet' } },
    ]);
    expect(run.state.outcome).toBe('failed');
  });

  it('only warns of a rejection that is allowed', () => {
    const run = answer(play([ask({}, { allowFailure: true })]), 'bob', { decision: 'reject', text: 'no' });
    expect(run.state.outcome).toBe('warned');
  });

  it('writes an answer down that does not count', () => {
    const run = play([ask()]);
    const { binding } = run.of('approval.requested')[0]!;
    answer(run, 'bob', { binding: { ...binding, commit: 'other' } });
    answer(run, 'bob', { binding: { ...binding, planDigest: digestOf('other') } });
    answer(run, 'bob', { binding: { ...binding, artifactDigest: digestOf('other') } });
    answer(run, 'alice');
    answer(run, 'bob', { cell: 'nothing' });
    expect(run.of('approval.refused').map((event) => event.code)).toEqual([
      'other-commit',
      'other-plan',
      'other-artifact',
      'author',
      'unknown',
    ]);
    expect(outcomeOf(run, 'ask')).toBeNull();
  });

  it('ends at its deadline, and not before it when the clock was set back', () => {
    const run = play([ask()]);
    run.now = 999;
    run.feed({ type: 'timer', id: 'approval/ask' });
    expect(outcomeOf(run, 'ask')).toBeNull();
    expect(run.ordered('set-timer').filter(({ id }) => id === 'approval/ask')).toMatchObject([
      { atMs: 1000 },
      { atMs: 1000 },
    ]);
    run.now = 1000;
    run.feed({ type: 'timer', id: 'approval/ask' });
    expect(run.of('approval.expired')).toMatchObject([{ result: 'reject' }]);
    expect(run.state.outcome).toBe('failed');
  });

  it('is over for an answer that comes after the deadline, before the timer does', () => {
    const run = play([ask(), aJob({ id: 'other' })]);
    run.now = 1000;
    answer(run, 'bob');
    expect(run.of('approval.expired')).toHaveLength(1);
    expect(run.of('approval.refused')).toMatchObject([{ code: 'over' }]);
  });

  it('may be given by nobody answering', () => {
    const run = play([ask({ onExpiry: 'approve' })]);
    run.now = 5000;
    run.feed({ type: 'timer', id: 'approval/ask' });
    expect(run.state.outcome).toBe('succeeded');
  });

  it('counts for nothing once it was cancelled', () => {
    const run = play([ask(), aJob({ id: 'other' })]);
    run.feed({ type: 'cancel', target: { kind: 'job', job: 'ask' }, by: 'bob', reason: 'stop' });
    answer(run, 'carol');
    expect(run.of('cell.finished')).toMatchObject([{ cell: 'ask', outcome: 'cancelled' }]);
    expect(run.of('approval.refused')).toMatchObject([{ code: 'over' }]);
  });

  it('keeps its deadline through a change of owner', () => {
    const run = play([ask()]);
    run.commands = [];
    run.now = 700;
    run.feed({ type: 'owned', owner: 'second', fence: 2, resumed: true });
    expect(run.ordered('set-timer')).toContainEqual({ type: 'set-timer', id: 'approval/ask', atMs: 1000 });
    expect(run.of('approval.requested')).toHaveLength(1);
  });

  it('is not ended by the time of its stage, which is for work', () => {
    const jobs = [aJob({ id: 'work' }), ask({ expiresAfterMs: 90_000 })];
    const plan = aPlan(jobs, { stages: [aStage('main', { timeoutMs: 500 })] });
    const run = new EnginePlay(aRequest(plan));
    run.end('work');
    run.now = 600;
    run.feed({ type: 'timer', id: 'stage/main' });
    expect(outcomeOf(run, 'ask')).toBeNull();
    expect(answer(run, 'bob').state.outcome).toBe('succeeded');
  });

  it('is bound to what all jobs before it kept', () => {
    const kept = (name: string): KeptArtifact => ({
      runId: 'run1',
      cell: 'pack',
      name,
      version: '1',
      digest: digestOf(name),
      bytes: 1,
      files: 1,
      trust: 'trusted',
      expiresAtMs: null,
    });
    const bound = (...names: string[]) => {
      const between = aJob({ id: 'between', needs: ['pack'] });
      const run = play([aJob({ id: 'pack' }), between, ask({}, { needs: ['between'] })]);
      run.end('pack', { extras: { kept: names.map(kept) } }).end('between');
      return run.of('approval.requested')[0]!.binding.artifactDigest;
    };
    expect(bound()).toBeNull();
    expect(bound('site')).toBe(digestOf('site'));
    expect(bound('site', 'image')).toBe(bound('image', 'site'));
    expect(bound('site', 'image')).not.toBe(bound('site', 'other'));
  });

  it('names who opened the pull request as an author', () => {
    const payload = { pull_request: { user: { login: 'dora' } }, sender: { login: 'eve' } };
    const run = play([ask()], { event: { name: 'pull_request', payload } });
    expect(run.of('approval.requested')[0]!.authors).toEqual(['alice', 'dora', 'eve']);
  });

  it('asks again in a repetition, whatever that takes over', () => {
    const first = answer(play([ask()]), 'bob');
    const reused = { ask: { ...first.of('cell.finished')[0]! } };
    const run = play([ask()], { rerunOf: { runId: 'run0', reused: reused as never } });
    expect(run.of('approval.requested')).toHaveLength(1);
    expect(outcomeOf(run, 'ask')).toBeNull();
  });

  it('ends errored with a message that cannot be evaluated', () => {
    const run = play([ask({ message: '${{ fromJSON(git.branch) }}' })]);
    expect(run.of('cell.finished')).toMatchObject([{ outcome: 'errored', cause: { kind: 'invalid' } }]);
  });

  it('is given only by enough people who may, in any order of any answers', () => {
    const person = fc.constantFrom('alice', 'bob', 'carol', '@BOB', 'dave');
    const decision = fc.constantFrom(
      'approve' as const,
      'approve' as const,
      'approve' as const,
      'reject' as const,
    );
    fc.assert(
      fc.property(
        fc.array(fc.tuple(person, decision), { maxLength: 8 }),
        fc.integer({ min: 1, max: 3 }),
        (said, count) => {
          const run = play([ask({ count, approvers: ['alice', 'bob', 'carol'] })]);
          for (const [by, decision] of said) answer(run, by, { decision });
          const given = new Set(run.of('approval.given').map(({ by }) => by.replace('@', '').toLowerCase()));
          expect(given.has('alice') || given.has('dave')).toBe(false);
          expect(run.of('approval.given')).toHaveLength(given.size);
          const isGiven = outcomeOf(run, 'ask') === 'succeeded';
          expect(isGiven).toBe(given.size === count && run.of('approval.rejected').length === 0);
        },
      ),
    );
  });
});

describe('waitsForPeople', () => {
  it('is true only while nothing else can go on', () => {
    const run = play([aJob({ id: 'one' }), ask()]);
    expect(waitsForPeople(run.state)).toBe(false);
    run.end('one');
    expect(waitsForPeople(run.state)).toBe(true);
    answer(run, 'bob');
    expect(waitsForPeople(run.state)).toBe(false);
  });
});
