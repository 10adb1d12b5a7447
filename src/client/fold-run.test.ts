import { describe, expect, it } from 'vitest';
import { planJob, planOf, planStep, RunStory, STORY_START_MS } from '../../test/support/run-story.ts';
import { foldRun, RunViewFold } from './fold-run.ts';
import type { CellView, RunView } from './run-view.ts';

const PLAN = planOf([
  planJob('lint'),
  planJob('test', {
    stage: 'test',
    needs: ['lint'],
    steps: [planStep('install'), planStep('run', { name: 'run tests' })],
    cleanup: [planStep('tidy')],
  }),
]);

function cellOf(view: RunView, name: string): CellView {
  const cells = view.stages.flatMap((stage) => stage.jobs).flatMap((job) => job.cells ?? []);
  const cell = cells.find((one) => one.name === name);
  if (!cell) throw new Error(`no cell ${name} in ${cells.map((one) => one.name)}`);
  return cell;
}

describe('foldRun', () => {
  it('shows a run that was only asked for as waiting, with all of its jobs', () => {
    const view = foldRun(new RunStory(PLAN, { expectedMs: { test: 7000 } }).events);
    expect(view.state).toBe('waiting');
    expect(view.requestedAtMs).toBe(STORY_START_MS);
    expect(
      view.stages.map((stage) => [stage.name, stage.jobs.map((job) => [job.id, job.expectedMs])]),
    ).toEqual([
      ['build', [['lint', null]]],
      ['test', [['test', 7000]]],
    ]);
    expect(cellOf(view, 'test').steps.map((step) => [step.id, step.cleanup, step.state])).toEqual([
      ['install', false, 'waiting'],
      ['run', false, 'waiting'],
      ['tidy', true, 'waiting'],
    ]);
  });

  it('follows a cell through its steps to its end', () => {
    const story = new RunStory(PLAN).owned().starts('test', 'test', 'install');
    expect(cellOf(foldRun(story.events), 'test')).toMatchObject({
      state: 'running',
      startedAtMs: STORY_START_MS,
    });
    story.later(500).fails('test', 1, ['boom'], { step: 'install', durationMs: 500 });
    const cell = cellOf(foldRun(story.events), 'test');
    expect(cell).toMatchObject({
      state: 'finished',
      outcome: 'failed',
      failedStep: 'install',
      tail: ['boom'],
      durationMs: 500,
    });
    expect(cell.steps[0]).toMatchObject({
      state: 'finished',
      outcome: 'failed',
      durationMs: 500,
      logLines: 1,
      tries: 1,
    });
    expect(cell.steps[1]).toMatchObject({ state: 'waiting' });
  });

  it('keeps the attempts before a retry and begins the steps anew', () => {
    const story = new RunStory(PLAN).owned().starts('lint');
    story.stepEnds('lint', 'step-1', { outcome: 'failed', cause: { kind: 'exit-code', code: 7 } });
    story.ends('lint', {
      outcome: 'failed',
      cause: { kind: 'exit-code', code: 7 },
      step: 'step-1',
      retry: { afterMs: 100, sentence: 'tried again after 100ms: exit code 7' },
    });
    const between = cellOf(foldRun(story.events), 'lint');
    expect(between).toMatchObject({
      state: 'queued',
      outcome: null,
      reason: { sentence: 'tried again after 100ms: exit code 7' },
    });
    story.starts('lint', 'lint', 'step-1', 2).ends('lint', { attempt: 2 });
    const cell = cellOf(foldRun(story.events), 'lint');
    expect(cell).toMatchObject({ outcome: 'succeeded', attempt: 2 });
    expect(cell.earlier).toEqual([
      {
        attempt: 1,
        outcome: 'failed',
        cause: { kind: 'exit-code', code: 7 },
        step: 'step-1',
        durationMs: 1000,
        sentence: 'tried again after 100ms: exit code 7',
      },
    ]);
    expect(cell.steps[0]).toMatchObject({ state: 'running', cause: null });
  });

  it('tells the values of a cell in the names of its steps', () => {
    const matrix = {
      cells: [{ node: 20 }, { node: 22 }],
      expression: null,
      include: [],
      exclude: [],
      failFast: true,
      maxParallel: null,
    };
    const steps = [planStep('run', { name: 'on ${{ matrix.node }} of ${{ git.branch }}' })];
    const story = new RunStory(planOf([planJob('test', { matrix, steps })]));
    const names = foldRun(story.events).stages[0]!.jobs[0]!.cells!.map((cell) => cell.steps[0]!.name);
    expect(names).toEqual(['on 20 of ${{ git.branch }}', 'on 22 of ${{ git.branch }}']);
  });

  it('shows the cells of a matrix when they are known', () => {
    const matrix = {
      cells: null,
      expression: null,
      include: [],
      exclude: [],
      failFast: true,
      maxParallel: null,
    };
    const story = new RunStory(planOf([planJob('test', { matrix })]));
    expect(foldRun(story.events).stages[0]!.jobs[0]!.cells).toBeNull();
    story.add({ type: 'matrix.expanded', job: 'test', cells: [{ node: 20 }, { node: 22 }] });
    story.starts('test (node: 22)', 'test');
    const cells = foldRun(story.events).stages[0]!.jobs[0]!.cells!;
    expect(cells.map((cell) => [cell.name, cell.state])).toEqual([
      ['test (node: 20)', 'waiting'],
      ['test (node: 22)', 'running'],
    ]);
  });

  it('skips a job as a whole, whatever its matrix', () => {
    const matrix = {
      cells: [{ a: 1 }, { a: 2 }],
      expression: null,
      include: [],
      exclude: [],
      failFast: true,
      maxParallel: null,
    };
    const story = new RunStory(planOf([planJob('test', { matrix })]));
    story.add({ type: 'cell.skipped', cell: 'test', job: 'test', reason: { sentence: 'lint failed' } });
    expect(foldRun(story.events).stages[0]!.jobs[0]!.cells).toMatchObject([
      { name: 'test', outcome: 'skipped' },
    ]);
  });

  it('queues the cells of a job whose condition held, and keeps why', () => {
    const story = new RunStory(PLAN).add({
      type: 'job.ready',
      job: 'lint',
      reason: { sentence: 'needs nothing' },
    });
    const view = foldRun(story.events);
    expect(view.stages[0]!.jobs[0]!.reason).toEqual({ sentence: 'needs nothing' });
    expect(cellOf(view, 'lint')).toMatchObject({ state: 'queued', reason: null });
    expect(cellOf(view, 'test')).toMatchObject({ state: 'waiting' });
  });

  it('tells why a job of an unknown matrix was skipped', () => {
    const matrix = {
      cells: null,
      expression: null,
      include: [],
      exclude: [],
      failFast: true,
      maxParallel: null,
    };
    const story = new RunStory(planOf([planJob('test', { matrix })]));
    story.add({ type: 'cell.skipped', cell: 'test', job: 'test', reason: { sentence: 'lint failed' } });
    expect(foldRun(story.events).stages[0]!.jobs[0]!.cells).toMatchObject([
      { name: 'test', outcome: 'skipped', reason: { sentence: 'lint failed' } },
    ]);
  });

  it('leaves out jobs that were not asked for, but keeps what the asked ones need', () => {
    const plan = planOf([
      planJob('a'),
      planJob('b', { needs: ['a'] }),
      planJob('c', { needs: ['b'] }),
      planJob('d'),
    ]);
    const view = foldRun(new RunStory(plan, { only: ['b'] }).events);
    expect(view.stages[0]!.jobs.map((job) => job.id)).toEqual(['a', 'b']);
  });

  it('shows a job that was not asked for once the journal speaks of it, in its place', () => {
    const plan = planOf([planJob('a'), planJob('b')]);
    const story = new RunStory(plan, { only: ['b'] });
    story.add({ type: 'cell.skipped', cell: 'a', job: 'a', reason: { sentence: 'not asked for' } });
    expect(foldRun(story.events).stages[0]!.jobs.map((job) => job.id)).toEqual(['a', 'b']);
  });

  it('takes over results of the run that it repeats', () => {
    const reused = { lint: { outcome: 'succeeded', outputs: { version: '1' } } };
    const view = foldRun(new RunStory(PLAN, { rerunOf: { runId: 'before', reused } }).events);
    expect(view.rerunOf).toBe('before');
    expect(cellOf(view, 'lint')).toMatchObject({
      state: 'finished',
      reused: true,
      outcome: 'succeeded',
      outputs: { version: '1' },
    });
  });

  it('says what it waits for, who cancelled it, how often it was resumed and how it ended', () => {
    const story = new RunStory(PLAN);
    story.add({ type: 'run.waiting', cell: null, group: 'deploy', behind: ['r1', 'r2'] }).owned();
    expect(foldRun(story.events)).toMatchObject({
      state: 'waiting',
      waitingFor: 'the concurrency group deploy, behind runs r1, r2',
    });
    story.add({ type: 'run.admitted', cell: null, group: 'deploy' });
    expect(foldRun(story.events)).toMatchObject({ state: 'running', waitingFor: null });
    story.add({ type: 'run.owned', owner: 'host:2', fence: 2, resumed: true });
    story.add({ type: 'run.warning', message: 'low disk' });
    story
      .later(9)
      .add({ type: 'run.cancel-requested', target: { kind: 'run' }, by: 'ada', reason: 'wrong branch' });
    expect(foldRun(story.events)).toMatchObject({
      state: 'cancelling',
      resumes: 1,
      owner: 'host:2',
      warnings: ['low disk'],
      cancels: [{ target: { kind: 'run' }, by: 'ada', reason: 'wrong branch', atMs: STORY_START_MS + 9 }],
    });
    story.finished('cancelled', 'cancelled by ada: wrong branch', 1234);
    expect(foldRun(story.events)).toMatchObject({
      state: 'finished',
      outcome: 'cancelled',
      durationMs: 1234,
    });
  });

  it('refuses events that are not a run', () => {
    const story = new RunStory(PLAN).owned();
    expect(() => foldRun(story.events.slice(1))).toThrow('begin with run.requested');
    expect(() => foldRun([])).toThrow('without events');
  });
});

describe('RunViewFold', () => {
  it('gives views that later events do not change, and shares what they did not touch', () => {
    const story = new RunStory(PLAN).owned().starts('lint');
    const fold = new RunViewFold();
    for (const event of story.events) fold.apply(event);
    const before = fold.view();
    const text = JSON.stringify(before);
    story.ends('lint');
    fold.apply(story.events.at(-1)!);
    const after = fold.view();
    expect(JSON.stringify(before)).toBe(text);
    expect(after.stages[0]).not.toBe(before.stages[0]);
    expect(after.stages[1]).toBe(before.stages[1]);
    expect(fold.cell('lint')).toMatchObject({ outcome: 'succeeded' });
    expect(fold.cell('nothing')).toBeNull();
  });

  it('gives after each event what folding all of them gives', () => {
    const story = new RunStory(PLAN).owned().starts('lint').stepEnds('lint', 'step-1').ends('lint');
    story
      .starts('test', 'test', 'install')
      .fails('test', 2, ['x'], { step: 'install' })
      .finished('failed', 'test failed', 10);
    const fold = new RunViewFold();
    story.events.forEach((event, index) => {
      fold.apply(event);
      expect(fold.view()).toEqual(foldRun(story.events.slice(0, index + 1)));
    });
  });
});
