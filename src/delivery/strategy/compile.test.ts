import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { aCommand, anEnvironment, aRelease, aService } from '../../../test/support/release.ts';
import type { AnalysisCheck } from '../../pipeline/plan-analysis.ts';
import type { RollbackStrategy, StrategyDefinition } from '../../pipeline/plan-strategy.ts';
import type { DeploymentPlan, DeploymentStep } from '../plan.ts';
import type { ReleaseRequest } from '../release-request.ts';
import { compilePlan } from './compile.ts';

const titles = (steps: readonly DeploymentStep[] | undefined) => steps?.map(({ title }) => title) ?? null;
const routes = ({ wayBack: { warm, cold, data } }: DeploymentPlan) =>
  [warm, cold, data].filter((route) => route !== null);
const weightsOf = (steps: readonly DeploymentStep[]) =>
  steps.flatMap(({ action }) => (action.type === 'set-weight' ? [action.candidatePercent] : []));
const migration = (kind: 'expand' | 'contract' | 'irreversible') =>
  ({ kind, up: './up.sh', down: kind === 'irreversible' ? null : './down.sh' }) as never;

const anyStrategy: fc.Arbitrary<Partial<StrategyDefinition>> = fc.oneof(
  fc
    .uniqueArray(fc.integer({ min: 1, max: 99 }), { maxLength: 5 })
    .map((weights) => ({ type: 'canary' as const, weights: [...weights.sort((a, b) => a - b), 100] })),
  fc.constant({ type: 'blue_green' as const }),
  fc.record({
    type: fc.constant('rolling' as const),
    batch: fc.record({
      unit: fc.constantFrom('hosts' as const, 'percent' as const),
      value: fc.integer({ min: 1, max: 100 }),
    }),
  }),
  fc.constant({ type: 'recreate' as const }),
);
const anyBack = fc.constantFrom<RollbackStrategy>('immediate', 'rolling', 'blue_green', 'canary', 'manual');

const anyRequest: fc.Arbitrary<ReleaseRequest> = fc
  .record({
    strategy: anyStrategy,
    back: anyBack,
    hosts: fc.integer({ min: 1, max: 12 }),
    stable: fc.constantFrom('none', 'healthy', 'broken'),
    migration: fc.constantFrom(null, 'expand' as const, 'contract' as const, 'irreversible' as const),
    hooks: fc.boolean(),
  })
  .map((given) => {
    const host = anEnvironment().hosts[0]!;
    return aRelease(given.strategy, {
      rollback: { strategy: given.back },
      service: aService(given.migration ? { migrations: migration(given.migration) } : {}),
      stable:
        given.stable === 'none' ? null : { digest: 'sha256:old', isHealthy: given.stable === 'healthy' },
      environment: anEnvironment({
        hosts: Array.from({ length: given.hosts }, (_, index) => ({ ...host, host: `web-${index + 1}` })),
        ...(given.hooks
          ? {
              preDeployHooks: [aCommand('before')],
              postDeployHooks: [aCommand('after')],
              smokeTests: [aCommand('smoke')],
            }
          : {}),
      }),
    });
  });

describe('compilePlan', () => {
  it('canary: 5 > 25 > 50 > 100 with 15 minutes each, then a bake with the old version warm', () => {
    const plan = compilePlan(aRelease({ type: 'canary' }));
    expect(plan.refusals).toEqual([]);
    expect(titles(plan.steps)).toEqual([
      'check that the way back is there',
      'fix what counts as slow',
      'start the candidate version on 4 hosts',
      'wait until the candidate version is healthy on 4 hosts',
      '5 % of the traffic to the candidate version',
      'judge the candidate version at 5 %',
      '25 % of the traffic to the candidate version',
      'judge the candidate version at 25 %',
      '50 % of the traffic to the candidate version',
      'judge the candidate version at 50 %',
      '100 % of the traffic to the candidate version',
      'bake, with the stable version still warm',
      'let requests of the stable version end',
      'stop the stable version on 4 hosts',
    ]);
    expect(titles(plan.wayBack.warm?.steps)?.[0]).toBe('all traffic to the stable version');
    expect(Math.round(plan.expectedMs / 60_000)).toBe(76);
  });

  it('blue-green: one switch there, one switch back', () => {
    const plan = compilePlan(aRelease({ type: 'blue_green' }));
    expect(weightsOf(plan.steps)).toEqual([100]);
    expect(weightsOf(plan.wayBack.warm!.steps)).toEqual([0]);
  });

  it('rolling: batches of 25 %, each healthy before its traffic comes', () => {
    const plan = compilePlan(aRelease({ type: 'rolling' }));
    expect(titles(plan.steps)?.slice(2, 8)).toEqual([
      'start the candidate version on web-1',
      'wait until the candidate version is healthy on web-1',
      '25 % of the traffic to the candidate version',
      'start the candidate version on web-2',
      'wait until the candidate version is healthy on web-2',
      '50 % of the traffic to the candidate version',
    ]);
  });

  it('recreate: says that nobody is served in between, and goes back in the same way', () => {
    const plan = compilePlan(aRelease({ type: 'recreate' }));
    expect(plan.steps[2]!.action.type).toBe('drain');
    expect(plan.notes[0]).toContain('nobody is served');
    const disk = { cpus: null, memoryBytes: null, diskBytes: 1, replicas: null };
    const limited = compilePlan(aRelease({ type: 'recreate' }, { service: aService({ resources: disk }) }));
    expect(limited.notes.join()).toContain('the limit of disk is not held to');
    expect(plan.wayBack.warm).toBeNull();
    expect(titles(plan.wayBack.cold.steps)).toEqual([
      'let requests of the candidate version end',
      'stop the candidate version on 4 hosts',
      'start the stable version on 4 hosts',
      'wait until the stable version is healthy on 4 hosts',
      'all traffic to the stable version',
    ]);
  });

  it('a broken stable version never holds the candidate up', () => {
    const broken = { digest: 'sha256:old', isHealthy: false };
    const plan = compilePlan(aRelease({ type: 'canary' }, { stable: broken }));
    expect(plan.steps.some(({ action }) => action.type === 'observe')).toBe(false);
    expect(plan.analysis).toBeNull();
    expect(plan.notes[0]).toContain('the stable version is not healthy');
  });

  it('a first release is only checked for health, and goes back to nothing', () => {
    const plan = compilePlan(aRelease({ type: 'canary' }, { stable: null }));
    expect(plan.wayBack.warm).toBeNull();
    expect(titles(plan.wayBack.cold.steps)).toEqual([
      'let requests of the candidate version end',
      'stop the candidate version on 4 hosts',
    ]);
    expect(plan.notes[0]).toContain('first release');
  });

  it('an expanding change of the data comes before the start, a contracting one after the old version ended', () => {
    const order = (kind: 'expand' | 'contract') => {
      const service = aService({ migrations: migration(kind) });
      return compilePlan(aRelease({ type: 'blue_green' }, { service })).steps.map(({ action }) =>
        action.type === 'command' ? action.purpose : `${action.type}`,
      );
    };
    const expand = order('expand');
    expect(expand.indexOf('migration-up')).toBeLessThan(expand.indexOf('start'));
    const contract = order('contract');
    expect(contract.indexOf('migration-up')).toBeGreaterThan(contract.indexOf('stop'));
  });

  it('says up front what cannot be undone', () => {
    const service = aService({ migrations: migration('irreversible') });
    const plan = compilePlan(aRelease({ type: 'blue_green' }, { service }));
    expect(plan.wayBack.data).toBeNull();
    expect(plan.notes.join()).toContain('cannot be taken back');
  });

  it('refuses a digest in quarantine, one that runs already, and a timeout that is too short', () => {
    const request = aRelease({ type: 'canary' });
    const observed = { ...request.observed, quarantine: 'it harmed on Monday' };
    expect(compilePlan({ ...request, observed }).refusals[0]).toContain('quarantine: it harmed on Monday');
    const same = { digest: 'sha256:new', isHealthy: true };
    expect(compilePlan({ ...request, stable: same }).refusals[0]).toContain('runs in production already');
    const environment = anEnvironment({ timeoutMs: 60_000 });
    expect(compilePlan({ ...request, environment }).refusals[0]).toContain('longer than');
  });

  it('leaves out standard checks that nothing can measure, and refuses a canary without any', () => {
    const request = aRelease({ type: 'canary' });
    const some = { ...request.observed, measurable: ['requests' as const] };
    const plan = compilePlan({ ...request, observed: some });
    expect(plan.analysis?.policy.triggers.map(({ name }) => name)).toEqual([
      'error rate',
      'error rate > 1 %',
    ]);
    expect(plan.notes.join()).toContain('latency has no figures here');
    const none = { ...request.observed, measurable: [] };
    expect(compilePlan({ ...request, observed: none }).refusals.join()).toContain('a canary needs figures');
  });

  it('holds checks to what is said of them: quantile, source, small samples, missing data', () => {
    const compiled = (check: Partial<AnalysisCheck>) => {
      const whole: AnalysisCheck = {
        name: 'latency',
        standard: 'latency',
        limit: { kind: 'baseline', factor: 3 },
        quantile: null,
        test: 'sequential',
        source: null,
        minSample: null,
        onNoData: null,
        mode: 'rollback',
        place: aService().place,
        ...check,
      };
      const { place } = aService();
      const analysis = {
        intervalMs: null,
        alpha: null,
        source: null,
        off: [],
        checks: [whole],
        triggers: [],
        place,
      };
      return compilePlan(aRelease({ type: 'canary' }, { service: aService({ analysis }) }));
    };
    const named = (plan: ReturnType<typeof compiled>, name: string) =>
      plan.analysis!.policy.triggers.find((trigger) => trigger.name === name);
    expect(named(compiled({ quantile: 0.99 }), 'P99 > 3x baseline')).toMatchObject({
      metric: 'p95',
      limit: 0.01,
    });
    expect(compiled({ quantile: 0.97 }).refusals).toEqual([
      'latency cannot be judged at the quantile 0.97; write 0.5, 0.9, 0.95, 0.99',
    ]);
    const errors = {
      name: 'error_rate',
      standard: 'error_rate',
      limit: { kind: 'at_most', value: 0.02 },
    } as const;
    const few = compiled({ ...errors, minSample: 200 });
    expect(named(few, 'error rate > 2 %')).toMatchObject({ requestsMin: 200 });
    const own = compiled({ ...errors, source: { kind: 'command', run: './errors.sh' } });
    expect(named(own, 'error_rate')).toMatchObject({ kind: 'limit', metric: 'error_rate' });
    expect(named(own, 'error rate')).toBeUndefined();
    const silent = compiled({ onNoData: 'proceed' });
    expect(named(silent, 'P95 > 3x baseline')).toMatchObject({ mayBeSilent: true });
    const strict = compiled({ onNoData: 'rollback' });
    expect(strict.analysis!.onNoData).toMatchObject({ 'P95 > 3x baseline': 'rollback', latency: 'rollback' });
  });

  it('says which test is in use: what was learnt of bursts, or the sign test', () => {
    const request = aRelease({ type: 'canary' });
    const learnt = { windows: 24, excess: 0, scale: 100 };
    const notesWith = (dispersion: typeof request.observed.dispersion) =>
      compilePlan({ ...request, observed: { ...request.observed, dispersion } }).notes.join('\n');
    expect(notesWith({ errors: { ...learnt, windows: 3 } })).toContain(
      'errors come in bursts is not learnt yet (3 of 20 windows): harm also needs the sign test to agree',
    );
    const notes = notesWith({ errors: learnt });
    expect(notes).toContain('how much errors come in bursts was learnt from 24 windows: evidence is divided');
    expect(notes).toContain('slow requests come in bursts is not learnt yet (0 of 20 windows)');
    expect(notes).toContain('health failures > 10 %, resources: one reading depends on the one before');
  });

  it('foresees by when evidence speaks', () => {
    const request = aRelease({ type: 'canary' });
    const observed = { ...request.observed, requestsPerSecond: 3, errorRate: 0.003 };
    const [first, second] = compilePlan({ ...request, observed }).foresight!.steps;
    expect(first!.requests).toBe(135);
    expect(second!.timeToVerdictMs).toBeLessThan(first!.timeToVerdictMs!);
    expect(second!.smallestHarm).toBeLessThan(first!.smallestHarm!);
  });

  it('partial: only the named hosts go back', () => {
    const plan = compilePlan(
      aRelease({ type: 'rolling' }, { rollback: { strategy: 'partial', only: ['web-2'] } }),
    );
    expect(weightsOf(plan.wayBack.part!.steps)).toEqual([75]);
    expect(weightsOf(plan.wayBack.warm!.steps)).toEqual([0]);
    expect(plan.wayBack.only).toEqual(['web-2']);
  });

  it('every plan: weights rise to 100, traffic only after health, the bake before the old version ends', () => {
    fc.assert(
      fc.property(anyRequest, (given) => {
        const { steps, strategy } = compilePlan(given);
        const at = (type: string) => steps.findIndex(({ action }) => action.type === type);
        const weights = weightsOf(steps);
        expect(weights).toEqual(weights.toSorted((a, b) => a - b));
        expect(weights.at(-1)).toBe(100);
        expect(at('await-healthy')).toBeLessThan(at('set-weight'));
        const stop = steps.findIndex(({ action }) => action.type === 'stop');
        if (strategy !== 'recreate' && stop >= 0) expect(at('bake')).toBeLessThan(stop);
        const started = steps.flatMap(({ action }) => (action.type === 'start' ? action.hosts : []));
        expect(started.toSorted()).toEqual(given.environment.hosts.map(({ host }) => host).toSorted());
      }),
    );
  });

  it('every step of every plan has a name of its own and a deadline beyond what it is expected to take', () => {
    fc.assert(
      fc.property(anyRequest, (given) => {
        const plan = compilePlan(given);
        for (const steps of [plan.steps, ...routes(plan).map((route) => route.steps)]) {
          expect(new Set(steps.map(({ id }) => id)).size).toBe(steps.length);
          for (const step of steps) expect(step.deadlineMs).toBeGreaterThan(step.expectedMs);
        }
      }),
    );
  });

  it('every way back ends with all traffic on the stable version and the candidate stopped', () => {
    fc.assert(
      fc.property(anyRequest, (given) => {
        const plan = compilePlan(given);
        for (const { steps } of routes(plan)) {
          if (given.stable !== null) expect(weightsOf(steps).at(-1)).toBe(0);
          expect(steps.some(({ action }) => action.type === 'stop' && action.version === 'candidate')).toBe(
            true,
          );
        }
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
