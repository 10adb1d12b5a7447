import { describe, expect, it } from 'vitest';
import type { Window } from '../../delivery/analysis/window.ts';
import type { StoredEvent } from '../../journal/event.ts';
import { dispersionOf } from './observed.ts';
import type { KnownDeployment } from './past.ts';

function deploymentWith(windows: readonly Window[]): KnownDeployment {
  const events = windows.map(
    (window) => ({ body: { type: 'deployment.observed', window } }) as unknown as StoredEvent,
  );
  return { events } as unknown as KnownDeployment;
}

function windowOf(errors: number, slow: number): Window {
  const samples = { p95: { taken: 100, bad: slow }, health: { taken: 8, bad: 1 } };
  const counts = { requests: 100, errors, exceed: { q50: 50, q90: 10, q95: 5, q99: 1 }, samples };
  return { at: 1, canary: counts, baseline: counts };
}

describe('dispersionOf', () => {
  it('learns from windows of one version that follow each other, two by two', () => {
    const steady = dispersionOf([deploymentWith(Array.from({ length: 7 }, () => windowOf(4, 6)))]);
    expect(steady.errors).toMatchObject({ windows: 3, excess: -3 });
    expect(steady.p95).toMatchObject({ windows: 3, excess: -3 });
    const bursty = dispersionOf([
      deploymentWith(Array.from({ length: 40 }, (_, index) => windowOf(index % 2 === 0 ? 0 : 12, 6))),
    ]);
    expect(bursty.errors!.excess / bursty.errors!.scale).toBeGreaterThan(1);
  });

  it('does not learn of readings that depend on those before them, nor across deployments', () => {
    const known = dispersionOf([deploymentWith([windowOf(4, 6)]), deploymentWith([windowOf(4, 6)])]);
    expect(known).toEqual({});
    const pair = dispersionOf([deploymentWith([windowOf(4, 6), windowOf(4, 6)])]);
    expect(Object.keys(pair).toSorted()).toEqual(['errors', 'p95', 'q50', 'q90', 'q95', 'q99']);
  });
});
