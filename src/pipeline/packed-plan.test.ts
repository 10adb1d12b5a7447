import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Seeded } from '../../test/sim/random.ts';
import { randomPlan } from '../../test/sim/random-plan.ts';
import { aJob, aPlan, aStep } from '../../test/support/plan.ts';
import type { JsonObject } from '../base/json.ts';
import { planOf } from './native/load.fixture.ts';
import { packPlan, unpackPlan } from './packed-plan.ts';

/** Through text, as the journal does it: nothing is known of the object any more. */
const throughText = (packed: JsonObject) => JSON.parse(JSON.stringify(packed)) as JsonObject;

describe('a packed plan', () => {
  it('is the same plan again, whatever it holds', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 2 ** 31 }), (seed) => {
        const plan = randomPlan(new Seeded(seed));
        expect(unpackPlan(throughText(packPlan(plan)))).toEqual(plan);
      }),
      { numRuns: 300 },
    );
  });

  it('keeps steps, clean-up and places of other files', () => {
    const place = { file: 'other.yaml', start: { line: 3, column: 1 }, end: { line: 4, column: 2 } };
    const step = aStep({
      id: 'a',
      shell: 'bash',
      place,
      when: 'on-failure',
      if: { source: 'always()', place },
    });
    const plan = aPlan([aJob({ id: 'a', steps: [step], cleanup: [step], place })]);
    expect(unpackPlan(throughText(packPlan(plan)))).toEqual(plan);
  });

  it('is small where a job says nothing special', () => {
    const plan = aPlan(Array.from({ length: 100 }, (_, index) => aJob({ id: `job${index}` })));
    expect(JSON.stringify(packPlan(plan)).length).toBeLessThan(JSON.stringify(plan).length / 4);
  });

  it('keeps environments, services and what jobs declare, and names none of them when there are none', () => {
    const text = `environments: {qa: {host: a, protection: {approvals: 1}}}
services: {api: {port: 80}}
jobs: {t: {run: x, cache: {key: a, path: b}, limits: {pids: 9}}}
`;
    const plan = planOf(text);
    expect(unpackPlan(throughText(packPlan(plan)))).toEqual(JSON.parse(JSON.stringify(plan)));
    const plain = JSON.stringify(packPlan(planOf('jobs: {t: {run: x}}\n')));
    expect(plain).not.toMatch(/environments|services|waivers|isolation|caches/);
  });

  it('is one object with its plan for all who ask', () => {
    const plan = aPlan([aJob({ id: 'a' })]);
    expect(unpackPlan(packPlan(plan))).toBe(plan);
    const packed = throughText(packPlan(plan));
    expect(unpackPlan(packed)).toBe(unpackPlan(packed));
  });

  it('of a format that is not known is refused', () => {
    expect(() => unpackPlan({ format: 2 })).toThrow('the plan has format 2; this version knows 1');
  });
});
