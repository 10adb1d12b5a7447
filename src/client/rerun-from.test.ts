import { describe, expect, it } from 'vitest';
import { aJob, aPlan, aRequest, aStep } from '../../test/support/plan.ts';
import { UserError } from '../base/diagnostic.ts';
import { type Digest, digestOf } from '../base/digest.ts';
import type { JsonObject } from '../base/json.ts';
import type { StoredEvent } from '../journal/event.ts';
import type { RunEvent, StepOutcome } from '../journal/run-event.ts';
import type { Plan, PlanJob } from '../pipeline/plan.ts';
import type { RerunWhat } from './contract.ts';
import { takenOver } from './rerun.ts';

const steps = (...ids: string[]) => ids.map((id) => aStep({ id }));
const job = (id: string, ids: string[], more: Partial<PlanJob> = {}) =>
  aJob({ id, steps: steps(...ids), snapshots: true, ...more });

function started(cell: string, attempt = 1): RunEvent {
  return { type: 'cell.started', cell, job: cell.split(' (')[0]!, attempt };
}

function step(
  cell: string,
  id: string,
  more: { outcome?: StepOutcome; snapshot?: Digest | null } = {},
): RunEvent {
  const { outcome = 'succeeded', snapshot = digestOf(`${cell} ${id}`) } = more;
  return {
    type: 'step.finished',
    cell,
    attempt: 1,
    step: id,
    try: 1,
    outcome,
    cause: null,
    durationMs: 1,
    outputs: {},
    exported: { variables: {}, path: [] },
    log: { bytes: 0, lines: 0 },
    usage: null,
    reason: null,
    patterns: [],
    ...(snapshot ? { snapshot } : {}),
  };
}

function finished(cell: string, outcome: 'succeeded' | 'failed' = 'succeeded'): RunEvent {
  return {
    type: 'cell.finished',
    cell,
    job: cell.split(' (')[0]!,
    attempt: 1,
    outcome,
    cause: null,
    step: null,
    durationMs: 1,
    outputs: {},
    tail: [],
    retry: null,
  };
}

function taken(plan: Plan, bodies: readonly RunEvent[], what: RerunWhat) {
  const request = aRequest(plan, { plan: plan as unknown as JsonObject });
  const events = [request, ...bodies].map((body) => ({ body }) as StoredEvent);
  const { reused, continued } = takenOver(request, events, what);
  return {
    reused: Object.keys(reused),
    continued: Object.fromEntries(
      Object.entries(continued ?? {}).map(([cell, receipts]) => [cell, receipts.map((one) => one.step)]),
    ),
  };
}

const from = (text: string): RerunWhat => ({ kind: 'from', from: text });

function refusal(act: () => unknown): string {
  try {
    act();
  } catch (error) {
    if (error instanceof UserError)
      return error.diagnostics.map(({ message, suggestion }) => `${message}; ${suggestion}`).join('\n');
    throw error;
  }
  throw new Error('nothing was refused');
}

describe('takenOver from a step', () => {
  const plan = aPlan([
    job('build', ['compile', 'pack']),
    job('test', ['prepare', 'unit', 'system'], { needs: ['build'] }),
    job('ship', ['pack'], { needs: ['test'] }),
  ]);
  const whole = [
    started('build'),
    step('build', 'compile'),
    step('build', 'pack'),
    finished('build'),
    started('test'),
    step('test', 'prepare'),
    step('test', 'unit'),
    step('test', 'system', { outcome: 'failed' }),
    finished('test', 'failed'),
  ];

  it('takes over the cells before, and of its own cell the steps before', () => {
    const wanted = { reused: ['build'], continued: { test: ['prepare', 'unit'] } };
    expect(taken(plan, whole, from('test/system'))).toEqual(wanted);
    expect(taken(plan, whole, from('system'))).toEqual(wanted);
  });

  it('knows a step by the name that people see, also with a slash in it', () => {
    const named = aPlan([
      aJob({
        id: 'test',
        steps: [aStep({ id: 's1', name: 'lint src/' }), aStep({ id: 's2', name: 'npm test' })],
        snapshots: true,
      }),
      aJob({
        id: 'twice',
        steps: [aStep({ id: 'a', name: 'again' }), aStep({ id: 'b', name: 'again' })],
        snapshots: true,
      }),
    ]);
    const bodies = [started('test'), step('test', 's1'), step('test', 's2'), finished('test')];
    expect(taken(named, bodies, from('npm test')).continued).toEqual({ test: ['s1'] });
    expect(taken(named, bodies, from('test/npm test')).continued).toEqual({ test: ['s1'] });
    expect(taken(named, bodies, from('lint src/')).continued).toEqual({});
    expect(taken(named, bodies, from('test/lint src/')).continued).toEqual({});
    expect(refusal(() => taken(named, bodies, from('twice/again')))).toContain(
      'job twice has 2 steps again; say which one: twice/a, twice/b',
    );
  });

  it('repeats the whole job when the step is its first', () => {
    const wanted = { reused: ['build'], continued: {} };
    expect(taken(plan, whole, from('test/prepare'))).toEqual(wanted);
    expect(taken(plan, whole, from('test'))).toEqual(wanted);
  });

  it('needs no workspace of steps that were skipped', () => {
    const skipped = { outcome: 'skipped', snapshot: null } as const;
    const bodies = [started('test'), step('test', 'prepare'), step('test', 'unit', skipped)];
    expect(taken(plan, bodies, from('system')).continued).toEqual({ test: ['prepare', 'unit'] });
    const none = [started('test'), step('test', 'prepare', skipped), step('test', 'unit', skipped)];
    expect(taken(plan, none, from('system')).continued).toEqual({});
  });

  it('goes by the last attempt and the last try', () => {
    const bodies = [...whole, started('test', 2), step('test', 'prepare'), step('test', 'prepare')];
    expect(taken(plan, bodies, from('unit')).continued).toEqual({ test: ['prepare'] });
    expect(refusal(() => taken(plan, bodies, from('system')))).toContain('step unit of test');
  });

  it('begins all steps that run at the same time together', () => {
    const steps = [
      aStep({ id: 'a' }),
      aStep({ id: 'b', parallelGroup: 1 }),
      aStep({ id: 'c', parallelGroup: 1 }),
    ];
    const parallel = aPlan([aJob({ id: 'j', steps, snapshots: true })]);
    const bodies = [started('j'), step('j', 'a'), step('j', 'b', { snapshot: null }), step('j', 'c')];
    expect(taken(parallel, bodies, from('c')).continued).toEqual({ j: ['a'] });
  });

  it('goes on in every cell of a matrix, or in one', () => {
    const matrix = {
      cells: [{ n: 1 }, { n: 2 }],
      expression: null,
      include: [],
      exclude: [],
      failFast: false,
      maxParallel: null,
    };
    const many = aPlan([job('m', ['a', 'b'], { matrix })]);
    const bodies = ['m (n: 1)', 'm (n: 2)'].flatMap((cell) => [
      started(cell),
      step(cell, 'a'),
      step(cell, 'b'),
      finished(cell),
    ]);
    expect(taken(many, bodies, from('m/b')).continued).toEqual({ 'm (n: 1)': ['a'], 'm (n: 2)': ['a'] });
    expect(taken(many, bodies, from('m (n: 2)/b'))).toEqual({
      reused: ['m (n: 1)'],
      continued: { 'm (n: 2)': ['a'] },
    });
  });

  it.each([
    ['pack', 'several', '2 steps are called pack; say which one: build/pack, ship/pack'],
    ['tset/unit', 'no job', 'the run has no job or cell tset; did you mean test?'],
    ['test/unti', 'no step', 'the run has no step unti in job test; did you mean unit?'],
    ['nowhere', 'neither', 'the run has no job and no step nowhere; there are: build, test, ship'],
    ['ship/pack', 'the first step', null],
  ])('--from %s: %s', (text, _, said) => {
    if (said === null) expect(taken(plan, whole, from(text)).continued).toEqual({});
    else expect(refusal(() => taken(plan, whole, from(text)))).toContain(said);
  });

  it('says how to get a workspace that was not kept', () => {
    const bodies = [started('test'), step('test', 'prepare', { snapshot: null })];
    expect(refusal(() => taken(plan, bodies, from('unit')))).toMatch(
      /did not keep the workspace of test after step prepare; its warnings say why: sluice show/,
    );
    const unasked = aPlan([job('test', ['prepare', 'unit'], { snapshots: false })]);
    expect(refusal(() => taken(unasked, bodies, from('unit')))).toMatch(
      /next time: sluice run --snapshots, or `snapshots: true` in the pipeline; now begin with the whole job: sluice rerun .* --from test/,
    );
  });

  it('refuses a clean-up step and a job that never began', () => {
    const cleaned = aPlan([job('test', ['unit', 'more'], { cleanup: steps('sweep') })]);
    expect(refusal(() => taken(cleaned, whole, from('test/sweep')))).toContain(
      'sweep is a clean-up step of test',
    );
    const longer = aPlan([job('late', ['a', 'b'])]);
    expect(refusal(() => taken(longer, [], from('late/b')))).toContain('job late did not begin');
  });

  it('refuses a job whose work was taken over, and names the run that did it', () => {
    const work = { fingerprint: digestOf('it'), reusedFrom: 'r7', sentence: 'nothing changed', savedMs: 1 };
    const reused = { ...finished('test'), extras: { work } } as RunEvent;
    expect(refusal(() => taken(plan, [started('test'), reused], from('unit')))).toMatch(
      /took the work of job test over from run r7 .*sluice rerun r7 --from test\/unit/,
    );
  });
});
