import { describe, expect, it } from 'vitest';
import { aCondition } from '../../test/support/evidence.ts';
import { aJob, aPlan, PLACE } from '../../test/support/plan.ts';
import type { Plan, PlanJob } from '../pipeline/plan.ts';
import type { ApprovalRequest } from '../pipeline/plan-approval.ts';
import type { EnvironmentDefinition, Protection } from '../pipeline/plan-environment.ts';
import type { GatePreset } from '../pipeline/plan-gate.ts';
import { defaultPolicy, type ProductionPolicy, presetCondition } from './policy/production.ts';
import { verifyPlan } from './verify.ts';

const gate = (preset: GatePreset) => presetCondition(preset, PLACE);
const PROTECTION: Protection = {
  approvals: 2,
  approvers: [],
  authorAllowed: false,
  windows: [],
  freezes: [],
  gates: [],
  branches: [],
};
const POLICY: ProductionPolicy = { gates: [gate('sast')], approvals: 2, authorAllowed: false };

function environment(
  protection: Partial<Protection> | null,
  type: EnvironmentDefinition['type'] = 'production',
) {
  return {
    name: 'live',
    type,
    protection: protection && { ...PROTECTION, ...protection },
    place: PLACE,
  } as EnvironmentDefinition;
}

const build = aJob({ id: 'build' });
const ship = (job: Partial<PlanJob>) =>
  aJob({
    id: 'ship',
    steps: [],
    deploy: { environment: 'live', strategy: null, rollbackOnFailure: true, service: null, artifact: null },
    ...job,
  });

function problems(
  jobs: readonly PlanJob[],
  protection: Partial<Protection> | null = {},
  policy = POLICY,
): string[] {
  const plan: Plan = aPlan(jobs, { environments: [environment(protection)] });
  return verifyPlan(plan, policy).problems.map(({ message }) => message);
}

const condition = (source: string) => ({ source, place: PLACE });

describe('verifyPlan', () => {
  it('holds a path by a gate in a job that the deployment needs', () => {
    const scan = aJob({ id: 'scan', gates: [gate('sast')], needs: ['build'] });
    const plan = aPlan([build, scan, ship({ needs: ['scan'] })], { environments: [environment({})] });
    expect(verifyPlan(plan, POLICY)).toMatchObject({
      ok: true,
      paths: [{ job: 'ship', gates: { sast: 'scan' }, approvedBy: 'protection of live' }],
    });
  });

  it('holds it by the protection of the environment, and by the default of production', () => {
    expect(problems([ship({})], { gates: [gate('sast')] })).toEqual([]);
    expect(problems([ship({})], null, defaultPolicy(PLACE))).toEqual([]);
  });

  it('names the path that goes past a gate beside it', () => {
    const scan = aJob({ id: 'scan', gates: [gate('sast')] });
    expect(problems([build, scan, ship({ needs: ['build'] })])).toEqual([
      'build -> ship reaches live without the gate sast',
    ]);
  });

  const scan = (more: Partial<PlanJob> = {}) => aJob({ id: 'scan', gates: [gate('sast')], ...more });
  const between = (more: Partial<PlanJob>) => aJob({ id: 'between', needs: ['scan'], ...more });

  it.each([
    ['the deployment runs whatever happened', [scan(), ship({ needs: ['scan'], if: condition('always()') })]],
    [
      'the deployment runs on a failure too',
      [scan(), ship({ needs: ['scan'], if: condition("success() || git.branch == 'x'") })],
    ],
    ['the gate may fail', [scan({ allowFailure: true }), ship({ needs: ['scan'] })]],
    [
      'what is between runs whatever happened',
      [scan(), between({ if: condition('!cancelled()') }), ship({ needs: ['between'] })],
    ],
  ])('is not deceived: %s', (_, jobs) => {
    expect(problems(jobs)[0]).toContain('reaches live without the gate sast');
  });

  it.each([
    ['a condition of its own', [scan(), ship({ needs: ['scan'], if: condition("git.branch == 'main'") })]],
    [
      'success() joined with &&',
      [scan(), ship({ needs: ['scan'], if: condition("git.branch == 'main' && success()") })],
    ],
    ['a job between that may fail', [scan(), between({ allowFailure: true }), ship({ needs: ['between'] })]],
  ])('accepts %s', (_, jobs) => {
    expect(problems(jobs)).toEqual([]);
  });

  it.each([
    [{ mode: 'warn' as const }, 'does not block'],
    [{ severities: { critical: 0, high: 5 } }, 'is weaker than `at_most: 0`'],
    [{ missing: 'skip' as const }, 'lets a missing report pass'],
    [{ scope: 'new' as const }, 'judges only changed lines'],
  ])('does not take a weaker gate: %j', (more, because) => {
    const weaker = { ...gate('sast'), ...more };
    expect(problems([ship({})], { gates: [weaker] }).join()).toContain(because);
  });

  it('takes a stricter one, also by its metric', () => {
    const stricter = aCondition(
      { name: 'own', severities: { critical: 0, high: 0, medium: 0 } },
      'findings.sast',
    );
    expect(problems([ship({})], { gates: [stricter] })).toEqual([]);
  });

  it('asks for enough people who did not write the change', () => {
    const approval = { count: 2, authorAllowed: false, onExpiry: 'reject' } as ApprovalRequest;
    const ask = (more: Partial<ApprovalRequest>) =>
      problems(
        [aJob({ id: 'ask', steps: [], approval: { ...approval, ...more } }), ship({ needs: ['ask'] })],
        { gates: [gate('sast')], approvals: 0 },
      );
    expect(ask({})).toEqual([]);
    const open = ['ask -> ship reaches live without 2 people who approve and did not write the change'];
    expect(ask({ count: 1 })).toEqual(open);
    expect(ask({ authorAllowed: true })).toEqual(open);
    expect(ask({ onExpiry: 'approve' })).toEqual(open);
  });

  it('leaves other environments alone', () => {
    const plan = aPlan([ship({})], { environments: [environment({}, 'staging')] });
    expect(verifyPlan(plan, POLICY)).toEqual({ ok: true, paths: [], problems: [] });
  });
});
