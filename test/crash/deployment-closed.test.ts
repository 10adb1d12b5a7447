import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, describe, expect, it } from 'vitest';
import { Seeded } from '../sim/random.ts';
import { startLoad } from './deployment/load.ts';
import { DeploymentPlace } from './deployment/place.ts';
import { deployAndKill } from './deployment/trial.ts';

const BACK_WITHIN_MS = 35_000;

const root = mkdtempSync(join(tmpdir(), 'sluice-closed-'));
let place: DeploymentPlace | null = null;

afterAll(async () => {
  await place?.close();
  rmSync(root, { recursive: true, force: true, maxRetries: 3 });
});

describe('sluice deploy whose terminal is closed', () => {
  it('goes back by itself when the canary turns bad, with no command typed, although its supervisor was killed', {
    timeout: 180_000,
  }, async () => {
    const here = await DeploymentPlace.open(join(root, 'one'));
    place = here;
    await deployAndKill(here, 'first', 'none', new Seeded(1), 0);
    const load = startLoad(here.port);
    await here.build('second', 'none');
    const before = await here.newest();
    const typed = here.type('deploy', 'production');
    let id = before;
    const percent = async () => {
      id = await here.newest();
      return id === before || id === null ? null : here.percent(id);
    };
    while ((await percent()) !== 10) await delay(20);
    typed.kill('SIGHUP');
    const end = await typed.ended;
    expect(here.killDriver(id!, 'alone')).toBe(true);
    here.turnBad('second');
    const startedMs = performance.now();
    while ((await percent()) !== 0) {
      if (performance.now() - startedMs > BACK_WITHIN_MS) break;
      await delay(50);
    }
    const tookMs = performance.now() - startedMs;
    expect(end.code).not.toBe(0);
    expect(tookMs, `back after ${Math.round(tookMs)} ms`).toBeLessThan(BACK_WITHIN_MS);
    while ((await here.events(id!)).at(-1)!.body.type !== 'deployment.finished') await delay(50);
    const { faults } = load.tally;
    await delay(1000);
    await load.leave();
    // Nothing fails any more, and nothing failed but what the bad version did.
    expect(load.tally.faults).toBe(faults);
    expect(load.tally.failures).toEqual([]);
    expect((await here.events(id!)).at(-1)!.body).toMatchObject({ outcome: 'rolled-back' });
  });
});
