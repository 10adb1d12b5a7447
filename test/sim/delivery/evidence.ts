import type { Seeded } from '../random.ts';
import type { Nature } from './places.ts';

const REQUESTS = 4000;
const LIES: readonly unknown[] = [
  null,
  '<html>please log in</html>',
  [],
  { at: 'yesterday' },
  { at: 1, canary: { requests: Number.NaN, errors: 0 }, baseline: { requests: 1, errors: 0 } },
  { at: 1, canary: { requests: 1, errors: 2 }, baseline: { requests: 1, errors: 0 } },
  { at: 1, canary: { requests: 1e300, errors: 0 }, baseline: { requests: 1, errors: 0 } },
  { at: 1, canary: { requests: 0, errors: 0 }, baseline: { requests: 0, errors: 0 } },
];

/** What a source says of the last interval. */
export function sayEvidence(random: Seeded, nature: Nature, percent: number): unknown {
  if (nature === 'silent') return null;
  if (nature === 'lying') return random.pick(LIES);
  const canary = Math.round((REQUESTS * percent) / 100);
  return {
    at: 1,
    canary: counts(random, canary, nature === 'harmful' ? 0.3 : 0.003),
    baseline: counts(random, REQUESTS - canary, 0.003),
  };
}

function counts(random: Seeded, requests: number, rate: number) {
  const mean = requests * rate;
  const errors = Math.min(requests, Math.max(0, Math.round(mean + (random.next() - 0.5) * Math.sqrt(mean))));
  const part = (share: number) => Math.round(requests * share);
  return {
    requests,
    errors,
    exceed: { q50: part(0.5), q90: part(0.1), q95: part(0.05), q99: part(0.01) },
    samples: {
      p95: { taken: requests, bad: 0 },
      health: { taken: 8, bad: 0 },
      resources: { taken: 8, bad: 0 },
    },
  };
}
