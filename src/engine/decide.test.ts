import { describe, expect, it } from 'vitest';
import { EnginePlay } from '../../test/support/engine-play.ts';
import { aJob, aPlan, aRequest, aStage } from '../../test/support/plan.ts';
import type { Matrix, PlanJob } from '../pipeline/plan.ts';
import type { RunRequested } from './course.ts';

const place = aJob({ id: 'x' }).place;
const when = (source: string) => ({ source, place });
const matrixOf = (count: number, more: Partial<Matrix> = {}): Matrix => ({
  cells: Array.from({ length: count }, (_, n) => ({ n })),
  expression: null,
  include: [],
  exclude: [],
  failFast: true,
  maxParallel: null,
  ...more,
});

function play(jobs: readonly PlanJob[], request: Partial<RunRequested> = {}, plan = {}): EnginePlay {
  return new EnginePlay(aRequest(aPlan(jobs, plan), { workersMax: 10, ...request }));
}

describe('readiness', () => {
  it('starts what needs nothing, and the rest when everything it needs is over', () => {
    const run = play([aJob({ id: 'a' }), aJob({ id: 'b' }), aJob({ id: 'c', needs: ['a', 'b'] })]);
    expect(run.running).toEqual(['a', 'b']);
    expect(run.end('a').running).toEqual(['b']);
    expect(run.end('b').running).toEqual(['c']);
    expect(run.end('c').state.outcome).toBe('succeeded');
  });

  it('waits for all cells of a job', () => {
    const run = play([aJob({ id: 'a', matrix: matrixOf(2) }), aJob({ id: 'b', needs: ['a'] })]);
    expect(run.end('a (n: 0)').running).toEqual(['a (n: 1)']);
    expect(run.end('a (n: 1)').running).toEqual(['b']);
  });

  it('runs only the named jobs and what they need', () => {
    const run = play([aJob({ id: 'a' }), aJob({ id: 'b', needs: ['a'] }), aJob({ id: 'c' })], {
      only: ['b'],
    });
    expect(run.running).toEqual(['a']);
    expect(run.end('a').end('b').state.outcome).toBe('succeeded');
  });
});

describe('priority', () => {
  it('starts the job with the longest way behind it first', () => {
    const jobs = [aJob({ id: 'short' }), aJob({ id: 'long' }), aJob({ id: 'behind', needs: ['long'] })];
    const run = play(jobs, { workersMax: 1, expectedMs: { short: 1000, long: 800, behind: 900 } });
    expect(run.running).toEqual(['long']);
    expect(run.end('long').running).toEqual(['short']);
  });

  it('never runs more cells than there are workers', () => {
    const run = play([aJob({ id: 'a', matrix: matrixOf(5) })], { workersMax: 2 });
    expect(run.running).toHaveLength(2);
    expect(run.end('a (n: 0)').running).toEqual(['a (n: 1)', 'a (n: 2)']);
  });
});

describe('conditions', () => {
  it('skips a job whose need failed, and says why', () => {
    const run = play([aJob({ id: 'test' }), aJob({ id: 'pack', needs: ['test'] })]).fail('test');
    expect(run.of('cell.skipped')[0]?.reason).toEqual({
      sentence: 'success() is false because test failed',
      decision: { term: 'success()', value: 'false', because: 'test failed', parts: [] },
    });
    expect(run.state.outcome).toBe('failed');
  });

  it('names the failure behind a skipped need', () => {
    const run = play([
      aJob({ id: 'a' }),
      aJob({ id: 'b', needs: ['a'] }),
      aJob({ id: 'c', needs: ['b'] }),
    ]).fail('a');
    expect(run.of('cell.skipped').map((event) => event.reason.sentence)).toEqual([
      'success() is false because a failed',
      'success() is false because what b needs failed',
    ]);
  });

  it('runs always() and failure() jobs after a failure', () => {
    const jobs = [
      aJob({ id: 'test' }),
      aJob({ id: 'report', needs: ['test'], if: when('always()') }),
      aJob({ id: 'alarm', needs: ['test'], if: when('failure()') }),
      aJob({ id: 'party', needs: ['test'], if: when('success()') }),
    ];
    expect(play(jobs).fail('test').running).toEqual(['report', 'alarm']);
  });

  it('sees branch, inputs and the outputs of what it needs', () => {
    const jobs = [
      aJob({ id: 'a' }),
      aJob({ id: 'b', needs: ['a'], if: when("git.branch == 'main' && needs.a.outputs.go == 'yes'") }),
      aJob({ id: 'c', needs: ['a'], if: when("git.branch == 'other'") }),
    ];
    const run = play(jobs).end('a', { outputs: { go: 'yes' } });
    expect(run.running).toEqual(['b']);
    expect(run.of('cell.skipped')[0]?.reason.sentence).toContain("git.branch == 'other' is false");
  });

  it('ends a job with a broken condition as errored, not as skipped', () => {
    const run = play([aJob({ id: 'a', if: when("fromJSON('{') ") })]);
    expect(run.of('cell.finished')[0]).toMatchObject({ outcome: 'errored', cause: { kind: 'invalid' } });
    expect(run.state.outcome).toBe('errored');
  });
});

describe('a matrix', () => {
  it('cancels the other cells when one fails, unless fail_fast is off', () => {
    const run = play([aJob({ id: 'a', matrix: matrixOf(3) })], { workersMax: 2 }).fail('a (n: 0)');
    expect(run.ordered('cancel-cell')).toEqual([
      {
        type: 'cancel-cell',
        cell: 'a (n: 1)',
        cause: { kind: 'cancelled', by: 'fail-fast', reason: 'a (n: 0) failed' },
      },
    ]);
    expect(run.of('cell.finished').map((event) => [event.cell, event.outcome])).toEqual([
      ['a (n: 0)', 'failed'],
      ['a (n: 2)', 'cancelled'],
    ]);
    const calm = play([aJob({ id: 'a', matrix: matrixOf(2, { failFast: false }) })]).fail('a (n: 0)');
    expect(calm.running).toEqual(['a (n: 1)']);
  });

  it('keeps max_parallel', () => {
    const run = play([aJob({ id: 'a', matrix: matrixOf(3, { maxParallel: 1 }) })]);
    expect(run.running).toEqual(['a (n: 0)']);
    expect(run.end('a (n: 0)').running).toEqual(['a (n: 1)']);
  });

  it('is computed from an output when that is known', () => {
    const matrix = matrixOf(0, { cells: null, expression: when('fromJSON(needs.list.outputs.list)') });
    const run = play([aJob({ id: 'list' }), aJob({ id: 'each', needs: ['list'], matrix })]);
    run.end('list', { outputs: { list: '[{"os":"a"},{"os":"b"}]' } });
    expect(run.running).toEqual(['each (os: a)', 'each (os: b)']);
  });

  it('that cannot be computed ends the job as errored with the cause', () => {
    const matrix = matrixOf(0, { cells: null, expression: when('fromJSON(needs.list.outputs.list)') });
    const run = play([aJob({ id: 'list' }), aJob({ id: 'each', needs: ['list'], matrix })]);
    run.end('list', { outputs: { list: 'no json' } });
    expect(run.of('cell.finished').at(-1)).toMatchObject({
      cell: 'each',
      outcome: 'errored',
      cause: { kind: 'invalid' },
    });
  });
});

describe('retries', () => {
  const retry = { max: 2, delayMs: 1000, backoff: 3, on: [{ kind: 'exit-code', codes: [75] } as const] };

  it('follow only the declared causes, each with its growing delay', () => {
    const run = play([aJob({ id: 'a', retry })]).fail('a', 75);
    expect(run.ordered('set-timer').at(-1)).toEqual({ type: 'set-timer', id: 'retry/2/a', atMs: 1000 });
    expect(run.of('cell.finished')[0]?.retry).toEqual({
      afterMs: 1000,
      sentence: 'attempt 2 of 3 because the exit code was 75',
    });
    run.feed({ type: 'timer', id: 'retry/2/a' }).fail('a', 75);
    expect(run.of('cell.finished')[1]?.retry?.afterMs).toBe(3000);
    run.feed({ type: 'timer', id: 'retry/3/a' }).fail('a', 75);
    expect(run.state.outcome).toBe('failed');
    expect(play([aJob({ id: 'a', retry })]).fail('a', 1).state.outcome).toBe('failed');
  });

  it('follow on an output pattern that was seen', () => {
    const run = play([
      aJob({ id: 'a', retry: { ...retry, on: [{ kind: 'output', pattern: 'ECONNRESET' }] } }),
    ]);
    run.end('a', { outcome: 'failed', cause: { kind: 'exit-code', code: 1 }, patterns: ['ECONNRESET'] });
    expect(run.of('cell.finished')[0]?.retry?.sentence).toContain('its output contained "ECONNRESET"');
  });

  it('never follow a cancellation', () => {
    const run = play([aJob({ id: 'a', retry: { ...retry, on: [] } })]);
    run.feed({ type: 'cancel', target: { kind: 'run' }, by: 'ann', reason: 'no' });
    run.end('a', { outcome: 'failed', cause: { kind: 'exit-code', code: 1 } });
    expect(run.state.outcome).toBe('cancelled');
  });
});

describe('outcomes', () => {
  it('an allowed failure is a warning of the run and lets dependents go on', () => {
    const run = play([aJob({ id: 'lint', allowFailure: true }), aJob({ id: 'b', needs: ['lint'] })]).fail(
      'lint',
    );
    expect(run.running).toEqual(['b']);
    expect(run.end('b').state.outcome).toBe('warned');
  });

  it('what this version cannot perform runs nothing and ends errored with its place', () => {
    const refusals = [{ feature: 'cache', message: 'this version cannot keep caches', place }];
    const run = play([aJob({ id: 'a' }), aJob({ id: 'b', needs: ['a'], refusals })]);
    expect(run.running).toEqual(['a']);
    run.end('a');
    expect(run.of('cell.finished').at(-1)?.cause).toEqual({
      kind: 'refused',
      sentences: ['sluice.yaml:1:1: this version cannot keep caches'],
    });
    expect(run.state.outcome).toBe('errored');
  });

  it('nothing changes a run that is over', () => {
    const run = play([aJob({ id: 'a' })]).end('a');
    const before = run.events.length;
    run.feed({ type: 'cancel', target: { kind: 'run' }, by: 'ann', reason: 'late' });
    run.feed({ type: 'timer', id: 'run' });
    expect(run.events).toHaveLength(before);
  });
});

describe('cancellation', () => {
  const jobs = [
    aJob({ id: 'a' }),
    aJob({ id: 'b' }),
    aJob({ id: 'c', needs: ['a'] }),
    aJob({ id: 'tidy', needs: ['a'], if: when('always()') }),
  ];

  it('of the run stops what runs, lets always() jobs run, and a second one stops them too', () => {
    const run = play(jobs).feed({ type: 'cancel', target: { kind: 'run' }, by: 'ann', reason: 'wrong' });
    expect(run.ordered('cancel-cell').map((command) => command.cell)).toEqual(['a', 'b']);
    const cause = { kind: 'cancelled', by: 'ann', reason: 'wrong' } as const;
    run.end('a', { outcome: 'cancelled', cause }).end('b', { outcome: 'cancelled', cause });
    expect(run.running).toEqual(['tidy']);
    run.feed({ type: 'cancel', target: { kind: 'run' }, by: 'ann', reason: 'now' });
    expect(run.ordered('cancel-cell').at(-1)?.cell).toBe('tidy');
    run.end('tidy', { outcome: 'cancelled', cause });
    expect(run.of('run.finished')[0]).toMatchObject({
      outcome: 'cancelled',
      sentence: 'cancelled by ann: wrong',
    });
  });

  it('of a job, a cell or a step touches nothing else', () => {
    const run = play([aJob({ id: 'a', matrix: matrixOf(2) }), aJob({ id: 'b' })]);
    run.feed({ type: 'cancel', target: { kind: 'cell', cell: 'a (n: 1)' }, by: 'ann', reason: 'x' });
    expect(run.ordered('cancel-cell').map((command) => command.cell)).toEqual(['a (n: 1)']);
    run.feed({ type: 'cancel', target: { kind: 'step', cell: 'b', step: 'step-1' }, by: 'ann', reason: 'x' });
    expect(run.ordered('cancel-step')).toMatchObject([{ cell: 'b', step: 'step-1' }]);
    run.feed({ type: 'cancel', target: { kind: 'job', job: 'b' }, by: 'ann', reason: 'x' });
    expect(run.ordered('cancel-cell').map((command) => command.cell)).toContain('b');
  });
});

describe('deadlines', () => {
  it('of a stage end what runs in it, and the run fails', () => {
    const plan = { stages: [aStage('main', { timeoutMs: 5000 })] };
    const run = play([aJob({ id: 'a' }), aJob({ id: 'b', needs: ['a'] })], {}, plan);
    expect(run.ordered('set-timer')).toEqual([{ type: 'set-timer', id: 'stage/main', atMs: 5000 }]);
    run.feed({ type: 'timer', id: 'stage/main' });
    const cause = { kind: 'timeout', scope: 'stage', limitMs: 5000 } as const;
    expect(run.ordered('cancel-cell')).toEqual([{ type: 'cancel-cell', cell: 'a', cause }]);
    expect(run.end('a', { outcome: 'failed', cause }).state.outcome).toBe('failed');
  });

  it('of the run end it', () => {
    const run = play([aJob({ id: 'a' })], {}, { timeoutMs: 9000 });
    run.feed({ type: 'timer', id: 'run' });
    expect(run.ordered('cancel-cell')[0]?.cause).toEqual({ kind: 'timeout', scope: 'run', limitMs: 9000 });
  });
});

describe('repeating a run', () => {
  it('takes over the results that are not repeated, with their outputs', () => {
    const first = play([
      aJob({ id: 'a' }),
      aJob({ id: 'b', needs: ['a'], if: when("needs.a.outputs.v == '1'") }),
    ]);
    first.end('a', { outputs: { v: '1' } });
    const reused = { a: JSON.parse(JSON.stringify(first.of('cell.finished')[0])) };
    const again = play(
      [aJob({ id: 'a' }), aJob({ id: 'b', needs: ['a'], if: when("needs.a.outputs.v == '1'") })],
      {
        rerunOf: { runId: 'run0', reused },
      },
    );
    expect(again.running).toEqual(['b']);
    expect(again.of('cell.started').map((event) => event.cell)).toEqual(['b']);
  });
});

describe('a resume', () => {
  it('asks again for everything outstanding', () => {
    const retry = { max: 1, delayMs: 1000, backoff: 1, on: [] };
    const run = play([aJob({ id: 'a' }), aJob({ id: 'b', retry })]).fail('b');
    run.commands = [];
    run.feed({ type: 'owned', owner: 'two', fence: 2, resumed: true });
    expect(run.commands).toEqual([
      { type: 'set-timer', id: 'stage/main', atMs: 3_600_000 },
      { type: 'set-timer', id: 'retry/2/b', atMs: 1000 },
      { type: 'start-cell', cell: 'a', attempt: 1, resumed: true },
    ]);
  });
});
