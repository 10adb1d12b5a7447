import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { DeploymentStep, ReleaseRequest, Strategy } from '../plan.ts';
import { compilePlan } from './compile.ts';
import { BAKE_DEFAULT_MS, STRATEGY_DEFAULTS } from './default.ts';

function request(strategy: Strategy, more: Partial<ReleaseRequest> = {}): ReleaseRequest {
  return {
    service: 'api',
    environment: 'production',
    candidate: 'sha256:new',
    stable: { digest: 'sha256:old', isHealthy: true },
    hosts: ['web-1', 'web-2', 'web-3', 'web-4'],
    strategy,
    bakeMs: BAKE_DEFAULT_MS,
    startMs: 5000,
    healthyMs: 10_000,
    drainMs: 30_000,
    ...more,
  };
}

const titles = (steps: readonly DeploymentStep[] | null) => steps?.map(({ title }) => title) ?? null;

const anyStrategy: fc.Arbitrary<Strategy> = fc.oneof(
  fc.uniqueArray(fc.integer({ min: 1, max: 99 }), { maxLength: 5 }).map((weights) => ({
    ...STRATEGY_DEFAULTS.canary,
    weights: [...weights.sort((a, b) => a - b), 100],
  })),
  fc.constant(STRATEGY_DEFAULTS.blue_green),
  fc.record({
    type: fc.constant('rolling' as const),
    batch: fc.record({
      unit: fc.constantFrom('hosts' as const, 'percent' as const),
      value: fc.integer({ min: 1, max: 100 }),
    }),
    failuresMax: fc.integer({ min: 0, max: 3 }),
  }),
  fc.constant(STRATEGY_DEFAULTS.recreate),
);

const anyRequest = fc
  .record({
    strategy: anyStrategy,
    hosts: fc.integer({ min: 1, max: 12 }),
    stable: fc.constantFrom('none', 'healthy', 'broken'),
  })
  .map(({ strategy, hosts, stable }) =>
    request(strategy, {
      hosts: Array.from({ length: hosts }, (_, index) => `web-${index + 1}`),
      stable: stable === 'none' ? null : { digest: 'sha256:old', isHealthy: stable === 'healthy' },
    }),
  );

describe('compilePlan', () => {
  it('canary: 5 > 25 > 50 > 100 with 15 minutes each, then a bake with the old version warm', () => {
    const plan = compilePlan(request(STRATEGY_DEFAULTS.canary));
    expect(titles(plan.steps)).toEqual([
      'start the candidate version on 4 hosts',
      'wait until it is healthy on 4 hosts',
      '5 % of the traffic to the candidate version',
      'judge the candidate version at 5 %',
      '25 % of the traffic to the candidate version',
      'judge the candidate version at 25 %',
      '50 % of the traffic to the candidate version',
      'judge the candidate version at 50 %',
      '100 % of the traffic to the candidate version',
      'bake, with the stable version still warm',
      'let requests of the stable version end',
      'stop the stable version',
    ]);
    expect(titles(plan.wayBack.warm)?.[0]).toBe('all traffic to the stable version');
    expect(Math.round(plan.expectedMs / 60_000)).toBe(76);
  });

  it('blue-green: one switch there, one switch back', () => {
    const plan = compilePlan(request(STRATEGY_DEFAULTS.blue_green));
    expect(plan.steps.filter(({ action }) => action.type === 'set-weight')).toHaveLength(1);
    expect(plan.wayBack.warm?.filter(({ action }) => action.type === 'set-weight')).toHaveLength(1);
  });

  it('rolling: batches of 25 %, each healthy before its traffic comes', () => {
    const plan = compilePlan(request(STRATEGY_DEFAULTS.rolling));
    expect(titles(plan.steps)?.slice(0, 6)).toEqual([
      'start the candidate version on web-1',
      'wait until it is healthy on web-1',
      '25 % of the traffic to the candidate version',
      'start the candidate version on web-2',
      'wait until it is healthy on web-2',
      '50 % of the traffic to the candidate version',
    ]);
  });

  it('recreate: says that nobody is served in between, and goes back in the same way', () => {
    const plan = compilePlan(request(STRATEGY_DEFAULTS.recreate));
    expect(plan.steps[0]!.action.type).toBe('drain');
    expect(plan.notes[0]).toContain('nobody is served');
    expect(plan.wayBack.warm).toBeNull();
    expect(titles(plan.wayBack.cold)).toEqual([
      'let requests of the candidate version end',
      'stop the candidate version',
      'start the stable version on 4 hosts',
      'wait until it is healthy on 4 hosts',
      'all traffic to the stable version',
    ]);
  });

  it('a broken stable version never holds the candidate up', () => {
    const broken = { digest: 'sha256:old', isHealthy: false };
    const plan = compilePlan(request(STRATEGY_DEFAULTS.canary, { stable: broken }));
    expect(plan.steps.some(({ action }) => action.type === 'observe')).toBe(false);
    expect(plan.notes[0]).toContain('the stable version is not healthy');
  });

  it('a first release is only checked for health, and has no way back', () => {
    const plan = compilePlan(request(STRATEGY_DEFAULTS.canary, { stable: null }));
    expect(plan.wayBack).toEqual({ warm: null, cold: null });
    expect(plan.steps.some(({ action }) => action.type === 'stop')).toBe(false);
    expect(plan.notes[0]).toContain('first release');
  });

  it('every plan: weights rise to 100, traffic only after health, the bake before the old version ends', () => {
    fc.assert(
      fc.property(anyRequest, (given) => {
        const { steps } = compilePlan(given);
        const at = (type: string) => steps.findIndex(({ action }) => action.type === type);
        const weights = steps.flatMap(({ action }) =>
          action.type === 'set-weight' ? [action.candidatePercent] : [],
        );
        expect(weights).toEqual(weights.toSorted((a, b) => a - b));
        expect(weights.at(-1)).toBe(100);
        expect(at('await-healthy')).toBeLessThan(at('set-weight'));
        const stop = steps.findIndex(({ action }) => action.type === 'stop');
        if (given.strategy.type !== 'recreate' && stop >= 0) expect(at('bake')).toBeLessThan(stop);
        const started = steps.flatMap(({ action }) => (action.type === 'start' ? action.hosts : []));
        expect(started.toSorted()).toEqual(given.hosts.toSorted());
      }),
    );
  });

  it('every step of every plan has a name of its own and a deadline beyond what it is expected to take', () => {
    fc.assert(
      fc.property(anyRequest, (given) => {
        const plan = compilePlan(given);
        for (const steps of [plan.steps, plan.wayBack.warm ?? [], plan.wayBack.cold ?? []]) {
          expect(new Set(steps.map(({ id }) => id)).size).toBe(steps.length);
          for (const step of steps) expect(step.deadlineMs).toBeGreaterThan(step.expectedMs);
        }
      }),
    );
  });

  it('every way back ends with all traffic on the stable version and the candidate stopped', () => {
    fc.assert(
      fc.property(anyRequest, (given) => {
        const { wayBack } = compilePlan(given);
        for (const steps of [wayBack.warm, wayBack.cold].filter((way) => way !== null)) {
          const weights = steps.flatMap(({ action }) =>
            action.type === 'set-weight' ? [action.candidatePercent] : [],
          );
          expect(weights).toEqual([0]);
          expect(steps.some(({ action }) => action.type === 'stop' && action.version === 'candidate')).toBe(
            true,
          );
        }
        expect(wayBack.cold === null).toBe(given.stable === null);
      }),
    );
  });

  it('is plain data', () => {
    fc.assert(
      fc.property(anyRequest, (given) => {
        const plan = compilePlan(given);
        expect(JSON.parse(JSON.stringify(plan))).toEqual(plan);
      }),
    );
  });
});
