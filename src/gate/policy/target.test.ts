import { describe, expect, it } from 'vitest';
import { aWaiver } from '../../../test/support/evidence.ts';
import { aJob, aPlan, PLACE } from '../../../test/support/plan.ts';
import type { DeployRequest } from '../../pipeline/plan.ts';
import type { EnvironmentDefinition } from '../../pipeline/plan-environment.ts';
import type { GatePreset } from '../../pipeline/plan-gate.ts';
import { presetCondition } from './production.ts';
import { withPolicyOf } from './target.ts';

const gate = (preset: GatePreset) => presetCondition(preset, PLACE);
const DEPLOY: DeployRequest = {
  environment: 'live',
  strategy: null,
  rollbackOnFailure: true,
  service: null,
  artifact: null,
};
const never = { source: 'false', place: PLACE };

function environment(type: EnvironmentDefinition['type'], approvals: number | null): EnvironmentDefinition {
  const protection = approvals === null ? null : { approvals, gates: [] };
  return { name: 'live', type, protection, place: PLACE } as unknown as EnvironmentDefinition;
}

describe('withPolicyOf', () => {
  it('takes the gates of the target, with those that the change adds', () => {
    const weaker = { ...gate('sast'), mode: 'shadow' as const };
    const change = aPlan([
      aJob({ id: 'unit', gates: [weaker, gate('smoke')], if: never, allowFailure: true }),
      aJob({ id: 'new', gates: [gate('secrets')] }),
    ]);
    const target = aPlan([aJob({ id: 'unit', gates: [gate('sast')] })], { waivers: [aWaiver({})] });
    const { jobs, waivers } = withPolicyOf({ ...change, waivers: [] }, target);
    expect(jobs[0]).toMatchObject({ gates: [gate('sast'), gate('smoke')], if: null, allowFailure: false });
    expect(jobs[1]!.gates).toEqual([gate('secrets')]);
    expect(waivers).toEqual([aWaiver({})]);
  });

  it('judges gates of jobs that the change has not before anything is deployed', () => {
    const change = aPlan([
      aJob({ id: 'build' }),
      aJob({ id: 'ship', needs: ['build'], deploy: DEPLOY }),
      aJob({ id: 'after', needs: ['ship'] }),
    ]);
    const { jobs } = withPolicyOf(change, aPlan([aJob({ id: 'unit', gates: [gate('sast')] })]));
    expect(jobs.map(({ id }) => id)).toEqual(['build', 'ship', 'after', 'unit']);
    expect(jobs[3]).toMatchObject({ needs: ['build'], steps: [], gates: [gate('sast')] });
    expect(jobs[1]!.needs).toEqual(['build', 'unit']);
    expect(jobs[2]!.needs).toEqual(['ship']);
  });

  it('takes what an environment is, and how it is protected', () => {
    const change = aPlan([aJob({ id: 'build' })], { environments: [environment('staging', 0)] });
    const target = aPlan([aJob({ id: 'build' })], { environments: [environment('production', null)] });
    expect(withPolicyOf(change, target).environments).toMatchObject([
      { type: 'production', protection: null },
    ]);
    const without = aPlan([aJob({ id: 'build' })]);
    expect(withPolicyOf(change, without).environments).toEqual(change.environments);
  });
});
