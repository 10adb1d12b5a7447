import { describe, expect, it } from 'vitest';
import { ScriptedWorld } from '../../../test/support/scripted-ports.ts';

describe('sluice cache explain', () => {
  it('wants exactly one job', async () => {
    const world = new ScriptedWorld();
    expect(await world.run('cache', 'explain')).toBe(2);
    expect(world.err.text).toContain('cache explain takes one job');
  });
});
