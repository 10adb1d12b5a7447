import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import type { Plan, PlanJob, PlanStep } from '../plan.ts';
import { EXPORT_TARGETS, type Exported, type ExportTarget } from './contract.ts';
import { exportPlan } from './export.ts';
import { JOB_CHANGES, PLAN_CHANGES, SMALL_PLAN, STAGE_CHANGES, STEP_CHANGES } from './small-plan.fixture.ts';

/** What a target reads of its files: without comments. */
function meaning({ target, files }: Exported): unknown {
  if (target === 'jenkins') return files.map(({ text }) => text.replace(/^ *\/\/.*\n/gm, ''));
  return files.map(({ path, text }) => [path, parse(text)]);
}

function withJob(change: Partial<PlanJob>): Plan {
  return {
    ...SMALL_PLAN,
    jobs: SMALL_PLAN.jobs.map((job, index) => (index === 1 ? { ...job, ...change } : job)),
  };
}

function withStep(change: Partial<PlanStep>): Plan {
  const [step] = SMALL_PLAN.jobs[1]!.steps;
  return withJob({ steps: [{ ...step!, ...change }] });
}

const CHANGED: readonly (readonly [word: string, plan: Plan])[] = [
  ...PLAN_CHANGES.map((change) => [Object.keys(change).join(), { ...SMALL_PLAN, ...change }] as const),
  ...STAGE_CHANGES.map(
    (change) =>
      [
        `stage.${Object.keys(change).join()}`,
        {
          ...SMALL_PLAN,
          stages: SMALL_PLAN.stages.map((stage) => (stage.name === 'ship' ? { ...stage, ...change } : stage)),
        },
      ] as const,
  ),
  ...JOB_CHANGES.map((change) => [`job.${JSON.stringify(change).slice(0, 60)}`, withJob(change)] as const),
  ...STEP_CHANGES.map((change) => [`step.${JSON.stringify(change).slice(0, 60)}`, withStep(change)] as const),
];

describe.each(EXPORT_TARGETS)('exporting to %s', (target: ExportTarget) => {
  const small = exportPlan(SMALL_PLAN, target);

  it.each(CHANGED)('says %s, or tells that it is lost', (_, plan) => {
    const changed = exportPlan(plan, target);
    const isSaid = JSON.stringify(meaning(changed)) !== JSON.stringify(meaning(small));
    const lost = (exported: Exported) =>
      exported.losses.map(({ message, instead }) => message + instead).sort();
    const isTold = JSON.stringify(lost(changed)) !== JSON.stringify(lost(small));
    expect(isSaid || isTold).toBe(true);
  });

  it('tells each loss in the line that it names', () => {
    fc.assert(
      fc.property(fc.subarray([...JOB_CHANGES]), fc.subarray([...STEP_CHANGES]), (ofJob, ofStep) => {
        const [step] = SMALL_PLAN.jobs[1]!.steps;
        const steps = [Object.assign({ ...step! }, ...ofStep) as PlanStep];
        const plan = withJob({ steps, ...Object.assign({}, ...ofJob.filter((one) => !('steps' in one))) });
        const { files, losses } = exportPlan(plan, target);
        for (const { file, line, message } of losses) {
          const text = files.find(({ path }) => path === file)!.text.split('\n')[line - 1];
          expect(text).toMatch(/^\s*(?:#|\/\/) Lost: /);
          expect(text).toContain(message.slice(0, 20));
        }
      }),
      { numRuns: 25 },
    );
  });
});
