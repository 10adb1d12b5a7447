import { describe, expect, it } from 'vitest';
import type { EnvironmentEvent } from '../journal/deployment-event.ts';
import { turnsOf } from './queue.ts';

const claim = (
  deploymentId: string,
  service = 'api',
  policy: 'queue' | 'supersede' = 'queue',
): EnvironmentEvent => ({ type: 'environment.claimed', deploymentId, service, policy });
const release = (deploymentId: string): EnvironmentEvent => ({
  type: 'environment.released',
  deploymentId,
  reason: 'finished',
});

describe('turnsOf', () => {
  it('gives the environment to the earliest claim, and then to the next', () => {
    expect(turnsOf([claim('d1'), claim('d2', 'web')])).toEqual({
      holder: 'd1',
      waiting: ['d2'],
      superseded: [],
    });
    expect(turnsOf([claim('d1'), claim('d2', 'web'), release('d1')]).holder).toBe('d2');
  });

  it('lets a newer deployment of the same service take the place of one that waits, not of one that runs', () => {
    const turns = turnsOf([claim('d1'), claim('d2'), claim('d3', 'web'), claim('d4')]);
    expect(turns).toEqual({
      holder: 'd1',
      waiting: ['d3', 'd4'],
      superseded: [{ deploymentId: 'd2', by: 'd4' }],
    });
  });

  it('sends the running one back when the newer one says so', () => {
    const turns = turnsOf([claim('d1'), claim('d2', 'api', 'supersede')]);
    expect(turns.superseded).toEqual([{ deploymentId: 'd1', by: 'd2' }]);
    expect(turns.holder).toBe('d1');
  });

  it('counts a claim once, and no release of nobody', () => {
    expect(turnsOf([claim('d1'), claim('d1'), release('d9')])).toEqual({
      holder: 'd1',
      waiting: [],
      superseded: [],
    });
    expect(turnsOf([release('d1')]).holder).toBeNull();
  });
});
