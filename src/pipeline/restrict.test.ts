import { describe, expect, it } from 'vitest';
import { aJob, aPlan, PLACE } from '../../test/support/plan.ts';
import type { PlanJob } from './plan.ts';
import { NO_ISOLATION } from './plan-default.ts';
import type { PlanContainer } from './plan-isolation.ts';
import { protectedPaths, restrictedPlan } from './restrict.ts';

const container = (parts: Partial<PlanContainer> = {}): PlanContainer => ({
  image: 'alpine',
  credentials: null,
  variables: {},
  ports: [],
  volumes: [],
  user: null,
  options: null,
  place: PLACE,
  ...parts,
});

const restricted = (job: Partial<PlanJob>) => restrictedPlan(aPlan([aJob({ id: 'a', ...job })])).jobs[0]!;

describe('restrictedPlan', () => {
  it('puts a job that asks for nothing into the sandbox, without a network', () => {
    const job = restricted({});
    expect(job.isolation).toEqual({ ...NO_ISOLATION, mode: 'sandbox', network: 'none' });
    expect(job.refusals).toEqual([]);
  });

  it('leaves a container its own network', () => {
    const job = restricted({ container: container() });
    expect(job.isolation).toEqual(NO_ISOLATION);
    expect(job.refusals).toEqual([]);
  });

  it('keeps no workspaces', () => expect(restricted({ snapshots: true }).snapshots).toBe(false));

  it.each<[string, Partial<PlanJob>]>([
    ['secrets', { secrets: [{ name: 'TOKEN', variable: 'TOKEN' }] }],
    ['isolation', { isolation: { ...NO_ISOLATION, mode: 'process' } }],
    ['readable', { isolation: { ...NO_ISOLATION, readable: ['/opt/data'] } }],
    ['volumes', { container: container({ volumes: ['/var/run/docker.sock:/var/run/docker.sock'] }) }],
    ['volumes', { container: container({ volumes: ['/:/host'] }) }],
    ['volumes', { container: container({ volumes: ['shared:/cache'] }) }],
    [
      'volumes',
      {
        services: [
          {
            kind: 'container',
            name: 'db',
            container: container({ volumes: ['../..:/x'] }),
            command: null,
            health: null,
            startTimeoutMs: 1,
            place: PLACE,
          },
        ],
      },
    ],
    [
      'environment',
      {
        deploy: {
          environment: 'production',
          strategy: null,
          rollbackOnFailure: true,
          service: null,
          artifact: null,
        },
      },
    ],
  ])('refuses %s with the job, the reason and the place', (feature, job) => {
    const { refusals } = restricted(job);
    expect(refusals).toEqual([
      { feature, message: expect.stringContaining('untrusted run may not'), place: PLACE },
    ]);
    expect(refusals[0]?.message).toMatch(/job a\b/);
  });
});

describe('protectedPaths', () => {
  it('are where pipelines are described, the pipeline itself, and what it names', () => {
    const paths = protectedPaths(aPlan([], { file: 'ci/main.yaml', protectedPaths: ['Makefile'] }));
    expect(paths).toEqual(expect.arrayContaining(['.sluice', 'sluice.yaml', 'ci/main.yaml', 'Makefile']));
  });
});
