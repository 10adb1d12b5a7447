import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { aCondition } from '../../../test/support/evidence.ts';
import { job, realClock, step } from '../../../test/support/job-rig.ts';
import { PLACE } from '../../../test/support/plan.ts';
import { declares, WorkRig } from '../../../test/support/work-rig.ts';
import type { Behaviour } from '../../executor/scripted.ts';
import type { GateResult } from '../../gate/result.ts';
import type { PlanJob } from '../../pipeline/plan.ts';
import type { PlanReport } from '../../pipeline/plan-report.ts';
import type { Gating, JobMessage, JobReport } from '../contract.ts';
import type { RunnerOptions } from '../options.ts';

const HOUR_MS = 3_600_000;
const LCOV = 'SF:src/one\nDA:1,1\nDA:2,1\nDA:3,1\nDA:4,0\nend_of_record\n';
const AUDIT = JSON.stringify({
  auditReportVersion: 2,
  vulnerabilities: {},
  metadata: { vulnerabilities: { critical: 0, high: 0, moderate: 0, low: 0, info: 0, total: 0 } },
});
const GATING: Gating = {
  runBeganAtMs: Date.now(),
  leadsToProduction: true,
  authors: [],
  labels: [],
  targets: [],
  waivers: [],
  waiverHistory: {},
  before: [],
};

let rig: WorkRig;
let nowMs = Date.now();
afterEach(() => rig.rig.remove());

const writes =
  (files: Readonly<Record<string, string>>): Behaviour =>
  (process) => {
    for (const [path, text] of Object.entries(files)) {
      const file = join(process.spec.directory, path);
      mkdirSync(dirname(file), { recursive: true });
      writeFileSync(file, text);
    }
    process.exit(0);
  };

function open(files: Readonly<Record<string, string>>, more: Partial<RunnerOptions> = {}): WorkRig {
  nowMs = Date.now();
  rig = new WorkRig(writes(files), { clock: { ...realClock, now: () => nowMs }, ...more });
  rig.write('src/one', '1');
  return rig;
}

const report = (kind: PlanReport['kind'], path: string): PlanReport => ({
  kind,
  paths: [path],
  place: PLACE,
});
const lines = (atLeast: number, more: object = {}) => aCondition({ atLeast, ...more }, 'coverage.line');
const coverage = (more: Partial<PlanJob> = {}): PlanJob =>
  job([step('a', 'test')], { ...declares(['src']), reports: [report('lcov', 'lcov.info')], ...more });
const gated: Partial<JobMessage> = { gating: GATING };
const gatesOf = ({ extras }: JobReport) => extras?.gates as unknown as GateResult;
const isReused = ({ extras }: JobReport) => extras?.work?.reusedFrom != null;

describe('reports of unchanged work', () => {
  it('are told and kept for this run, with the run that made them', async () => {
    open({ 'lcov.info': LCOV });
    const first = await rig.run(coverage(), { runId: 'first' });
    const madeAtMs = nowMs;
    nowMs += 2 * HOUR_MS;
    const second = await rig.run(coverage(), { runId: 'second' });
    expect(isReused(second)).toBe(true);
    const madeBy = { runId: 'first', atMs: madeAtMs };
    expect(second.extras!.reports).toEqual([{ ...first.extras!.reports![0], madeBy }]);
    expect(second.extras!.reportTree).toBe(first.extras!.reportTree);
    expect(second.extras!.work!.sentence).toBe(
      'nothing changed since run first: 1 input compared; its reports were made 2h 00m before',
    );
    const names = await rig.storage.references.list('reports');
    expect(names.map((name) => name.split('/')[2]).sort()).toEqual(['first', 'second']);
  });

  it('are facts of the commit that took them over', async () => {
    open({ 'lcov.info': LCOV });
    const at = (commit: string): Partial<JobMessage> => ({
      source: { ...rig.message(coverage()).source, commit },
    });
    await rig.run(coverage(), at('a'.repeat(40)));
    await rig.run(coverage(), at('b'.repeat(40)));
    expect(rig.done).toBe(1);
    const [facts] = await rig.reports().factsOf('example', 'b'.repeat(40));
    expect(facts?.reports[0]?.file).toBe('lcov.info');
  });

  it('are judged by the gates of today, whatever those of then said', async () => {
    open({ 'lcov.info': LCOV });
    const first = await rig.run(coverage({ gates: [lines(70)] }), gated);
    expect(gatesOf(first).verdict).toBe('pass');
    const same = await rig.run(coverage({ gates: [lines(70)] }), gated);
    expect([same.outcome, gatesOf(same).conditions[0]!.checks[0]!.actual]).toEqual(['succeeded', 75]);
    const stricter = await rig.run(coverage({ gates: [lines(80)] }), gated);
    expect(stricter).toMatchObject({ outcome: 'failed', cause: { kind: 'gate' } });
    expect(stricter.tail[0]).toContain('fail');
    const warned = await rig.run(coverage({ gates: [lines(80, { mode: 'warn' })] }), gated);
    expect(warned).toMatchObject({ outcome: 'warned', cause: { kind: 'gate' } });
    expect(rig.done).toBe(1);
  });

  it('are taken over of work that gates only warned of, and not where they blocked it', async () => {
    open({ 'lcov.info': LCOV });
    const blocked = coverage({ gates: [lines(80)] });
    for (const _ of ['first', 'again']) expect((await rig.run(blocked, gated)).outcome).toBe('failed');
    expect(rig.done).toBe(2);
    const warned = coverage({ gates: [lines(80, { mode: 'warn' })] });
    for (const _ of ['first', 'again']) expect((await rig.run(warned, gated)).outcome).toBe('warned');
    expect(rig.done).toBe(3);
  });

  it('must all say something', async () => {
    open({ 'lcov.info': 'no report' });
    for (const _ of ['first', 'again']) {
      const { outcome, warnings } = await rig.run(coverage());
      expect(outcome).toBe('succeeded');
      expect(warnings).toEqual([
        'its result is not kept, so it will be done again: report lcov.info says nothing',
      ]);
    }
    expect(rig.done).toBe(2);
  });

  it('must be kept whole', async () => {
    open({ 'lcov.info': LCOV });
    const { extras } = await rig.run(coverage(), { runId: 'first' });
    await rig.storage.blobs.remove(extras!.reportTree!);
    const second = await rig.run(coverage());
    expect(second.extras!.work!.sentence).toBe(
      'done anew: the reports of run first are not kept whole any more',
    );
    expect(rig.done).toBe(2);
  });

  it('count as declared where declarations are checked', async () => {
    open({ 'lcov.info': LCOV, other: 'x' }, { work: 'check' });
    const { extras } = await rig.run(coverage());
    expect(extras!.work!.undeclared!.written).toEqual(['other']);
  });
});

describe('reports that do not follow from the inputs alone', () => {
  const audit = (more: Partial<PlanJob> = {}) =>
    coverage({ reports: [report('npm-audit', 'audit.json')], ...more });

  it('are taken over for a day, and others for as long as they are kept', async () => {
    open({ 'audit.json': AUDIT, 'lcov.info': LCOV });
    await rig.run(audit());
    await rig.run(coverage());
    nowMs += 23 * HOUR_MS;
    expect(isReused(await rig.run(audit()))).toBe(true);
    nowMs += 2 * HOUR_MS;
    expect((await rig.run(audit())).extras!.work!.sentence).toBe(
      'done anew: report audit.json is 25 hours old and does not follow from the inputs alone',
    );
    expect(isReused(await rig.run(coverage()))).toBe(true);
    expect(isReused(await rig.run(audit()))).toBe(true);
  });

  it('are not taken over when they would be of tomorrow', async () => {
    open({ 'audit.json': AUDIT });
    await rig.run(audit());
    nowMs -= HOUR_MS;
    expect(isReused(await rig.run(audit()))).toBe(false);
  });

  it('are made again by a step, too, after a day', async () => {
    open({ 'audit.json': AUDIT, 'lcov.info': LCOV });
    const steps = [step('a', 'audit', declares(['src'], { outputs: ['audit.json', 'lcov.info'] }))];
    const byStep = audit({ steps, work: null });
    const alone = coverage({ steps, work: null });
    await rig.run(byStep);
    nowMs += 23 * HOUR_MS;
    await rig.run(byStep);
    expect(rig.done).toBe(1);
    nowMs += 2 * HOUR_MS;
    await rig.run(alone);
    expect(rig.done).toBe(1);
    const { extras } = await rig.run(byStep);
    expect(rig.done).toBe(2);
    expect(extras!.reports![0]).toMatchObject({ isStale: false, problem: null });
  });

  it('are not taken over with a job whose steps took them over', async () => {
    open({ 'audit.json': AUDIT });
    const steps = [step('a', 'audit', declares(['src'], { outputs: ['audit.json'] }))];
    await rig.run(audit({ steps, work: null }));
    const both = audit({ steps });
    await rig.run(both);
    expect(rig.done).toBe(1);
    const again = await rig.run(both);
    expect(again.extras!.work!.sentence).toContain('is of an unknown time');
  });
});
