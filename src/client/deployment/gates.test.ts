import { describe, expect, it } from 'vitest';
import { DEPLOY_SOURCE, DeployWorld } from '../../../test/support/deploy-world.ts';
import { aJob, aPlan, aRequest, PLACE } from '../../../test/support/plan.ts';
import { anEnvironment } from '../../../test/support/release.ts';
import { digestOf } from '../../base/digest.ts';
import type { GateResult } from '../../gate/result.ts';
import type { JournalEvent } from '../../journal/event.ts';
import type { RunSource } from '../../journal/run-event.ts';
import { runStream } from '../../journal/stream.ts';
import { packPlan } from '../../pipeline/packed-plan.ts';
import type { GateCondition } from '../../pipeline/plan-gate.ts';
import { gateProblems } from './gates.ts';

const GATE: GateCondition = {
  name: 'coverage-unit',
  preset: 'coverage-unit',
  metric: null,
  atLeast: null,
  atMost: null,
  notBelow: null,
  severities: {},
  scope: null,
  minSample: null,
  mode: null,
  missing: null,
  exceptions: [],
  place: PLACE,
};

interface Judged {
  readonly gate?: GateCondition;
  readonly effect?: 'blocks' | 'none';
  readonly artifact?: string | null;
  readonly source?: Partial<RunSource>;
  /** What the cell of another value of the matrix came to, which finished before. */
  readonly other?: 'blocks' | 'none' | 'unjudged' | 'skipped';
}

/** What the gate comes to when one run has judged it like this. */
async function asked({ gate = GATE, effect = 'none', artifact = null, source = {}, other }: Judged) {
  const { store, append } = ((world) => ({ store: world.store, append: world.append.bind(world) }))(
    new DeployWorld(),
  );
  const plan = aPlan([aJob({ id: 'check', gates: [gate] })]);
  const finished = (cell: string, outcome: string, came: 'blocks' | 'none' | null): JournalEvent => {
    const condition = {
      name: gate.name,
      verdict: came === 'none' ? 'pass' : 'fail',
      effect: came,
      sentence: '81 %',
      wayOut: null,
    };
    const gates = { gate: 'check', artifactDigest: artifact, conditions: [condition], judgedAtMs: 1 };
    const extras = came === null ? {} : { extras: { gates: gates as unknown as GateResult } };
    return { type: 'cell.finished', cell, job: 'check', outcome, ...extras } as unknown as JournalEvent;
  };
  const before =
    other === undefined
      ? []
      : other === 'skipped'
        ? [finished('check (b)', 'skipped', null)]
        : [finished('check (b)', 'failed', other === 'unjudged' ? null : other)];
  await append(
    runStream('run-1'),
    {
      ...aRequest(plan),
      runId: 'run-1',
      plan: packPlan(plan),
      source: { ...DEPLOY_SOURCE, ...source },
    },
    ...before,
    finished('check', 'succeeded', effect),
  );
  return gateProblems(store.journal, anEnvironment({ name: 'live' }), [GATE], {
    repository: 'shop',
    commit: DEPLOY_SOURCE.commit!,
    artifact: digestOf('1'),
    runId: 'run-1',
  });
}

describe('gateProblems', () => {
  it('takes a verdict of exactly this commit and artifact', async () => {
    expect(await asked({})).toEqual({
      problems: [],
      passed: [{ gate: 'coverage-unit', sentence: 'pass in check of run run-1: 81 %' }],
    });
    expect((await asked({ artifact: digestOf('1') })).problems).toEqual([]);
  });

  it.each<[string, Judged]>([
    ['another commit', { source: { commit: 'd00d' } }],
    ['files that are in no commit', { source: { dirty: true } }],
    ['another repository', { source: { repository: 'other' } }],
    ['another artifact', { artifact: digestOf('2') }],
  ])('takes none about %s', async (_, judged) => {
    expect((await asked(judged)).problems).toMatchObject([{ code: 'gate-missing', place: PLACE }]);
  });

  it('takes none of a gate that is weaker', async () => {
    const { problems } = await asked({ gate: { ...GATE, mode: 'warn' } });
    expect(problems[0]!.message).toContain('does not block');
  });

  it('says what the gate said when it failed', async () => {
    expect((await asked({ effect: 'blocks' })).problems).toMatchObject([
      { code: 'gate-failed', message: expect.stringContaining('81 %') },
    ]);
  });

  it('wants every cell of the job to have passed', async () => {
    expect((await asked({ other: 'none' })).problems).toEqual([]);
    expect((await asked({ other: 'skipped' })).problems).toEqual([]);
    expect((await asked({ other: 'blocks' })).problems).toMatchObject([{ code: 'gate-failed' }]);
    expect((await asked({ other: 'unjudged' })).problems).toMatchObject([
      {
        code: 'gate-missing',
        message: expect.stringContaining('check (b) of run run-1 ended before it was judged'),
      },
    ]);
  });
});
