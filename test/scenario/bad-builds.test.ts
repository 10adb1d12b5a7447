import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ExampleProduction } from '../support/example-production.ts';

/** Each bad build, why it goes back, and how many requests may fail at most until it is gone. */
const BUILDS = [
  ['errors', /^harm$/, /fails|error rate/, 40],
  ['slow', /^harm$/, /slower|baseline/, 0],
  // On a busy machine the memory that it takes makes it slow before it is too much.
  ['leak', /^(harm|health)$/, /resources|is down|slower|baseline/, 5],
  ['crash', /^(harm|health)$/, /exit code 70|fails|check/, 40],
  ['never-ready', /^health$/, /health\/ready failed/, 0],
] as const;

describe('a bad build of the example service', () => {
  const production = new ExampleProduction({ weights: [25, 50, 100], requestsPerSecond: 120 });
  beforeAll(() => production.begin(), 120_000);
  afterAll(() => production.close());

  it.each(BUILDS)(
    'that suffers from %s is taken back',
    {
      timeout: 180_000,
    },
    async (fault, trigger, why, failures) => {
      await production.build(fault);
      const before = { serving: await production.serving(), failed: production.load().failed };
      const end = await production.deploy();
      const told = JSON.parse(end.stdout);
      expect(told, end.stderr).toMatchObject({
        outcome: 'rolled-back',
        candidatePercent: 0,
        data: 'unchanged',
      });
      expect(end.code).toBe(1);
      expect(told.rollback.trigger).toMatch(trigger);
      expect(told.sentence).toMatch(why);
      expect(await production.serving()).toEqual(before.serving);
      const [begun, routed] = ['it goes back', 'all traffic goes to the stable'].map(
        (text) => told.story.find((entry: { text: string }) => entry.text.startsWith(text)).atMs as number,
      );
      expect(routed! - begun!).toBeLessThan(30_000);
      expect(production.load().failed - before.failed).toBeLessThanOrEqual(failures);
    },
  );
});
