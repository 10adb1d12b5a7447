import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { Seeded } from '../sim/random.ts';
import { checkTrial } from './deployment/invariant.ts';
import { startLoad } from './deployment/load.ts';
import { DeploymentPlace } from './deployment/place.ts';
import { deployAndKill } from './deployment/trial.ts';

const KILLS = Number(process.env.SLUICE_KILLS ?? (process.env.SLUICE_SOAK === '1' ? 200 : 40));
const SEED = Number(process.env.SLUICE_SEED ?? Date.now() % 1_000_000);
/** Environments that are deployed to at the same time. */
const LANES = 2;
const KILLS_PER_DEPLOYMENT = 4;

const root = mkdtempSync(join(tmpdir(), 'sluice-deploy-crash-'));
const places: DeploymentPlace[] = [];

afterAll(async () => {
  for (const place of places) await place.close();
  rmSync(root, { recursive: true, force: true, maxRetries: 3 });
});

describe('a deployment by the real program', () => {
  it(`survives ${KILLS} kills of its supervisor, and no request fails (SLUICE_SEED=${SEED})`, {
    timeout: 120_000 + KILLS * 20_000,
  }, async () => {
    const failures: string[] = [];
    let kills = 0;
    const lane = async (number: number): Promise<void> => {
      const random = new Seeded(SEED * 100 + number);
      const place = await DeploymentPlace.open(join(root, `lane-${number}`));
      places.push(place);
      checkTrial(await deployAndKill(place, 'first', 'none', random, 0), place.ledger());
      const load = startLoad(place.port);
      for (let count = 1; kills < KILLS && failures.length === 0; count++) {
        const fault = random.chance(0.4) ? 'errors' : 'none';
        const trial = await deployAndKill(place, `v${count}`, fault, random, KILLS_PER_DEPLOYMENT);
        kills += trial.kills.length;
        try {
          checkTrial(trial, place.ledger());
        } catch (error) {
          failures.push(
            `lane ${number}, ${fault}, killed ${JSON.stringify(trial.kills)}: ${(error as Error).message}`,
          );
        }
      }
      await load.leave();
      failures.push(...load.tally.failures.map((failure) => `lane ${number}: ${failure}`));
      expect(load.tally.sent).toBeGreaterThan(100);
      expect(await place.damage()).toEqual([]);
    };
    await Promise.all(Array.from({ length: LANES }, (_, number) => lane(number)));
    expect(failures, `SLUICE_SEED=${SEED}, ${kills} kills`).toEqual([]);
  });
});
