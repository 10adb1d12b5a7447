import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { Seeded } from '../sim/random.ts';
import { killProcessesOf } from '../support/processes.ts';
import { checkTrial } from './invariant.ts';
import { type Kill, playTrial } from './trial.ts';

const KILLS = process.env.SLUICE_SOAK === '1' ? 300 : 40;
const SEED = Number(process.env.SLUICE_SEED ?? Date.now() % 1_000_000);
/** Trials at the same time. More than the machine has cores, since steps sleep. */
const LANES = 3;
const KILLS_PER_TRIAL = 3;

const root = mkdtempSync(join(tmpdir(), 'sluice-crash-'));

afterAll(() => rmSync(root, { recursive: true, force: true, maxRetries: 3 }));

describe('the real program', () => {
  it(`survives ${KILLS} kills at random (SLUICE_SEED=${SEED})`, { timeout: 900_000 }, async () => {
    const failures: string[] = [];
    let kills = 0;
    let next = 0;
    const lane = async (): Promise<void> => {
      while (kills < KILLS) {
        const number = next++;
        const folder = join(root, `trial-${number}`);
        const trial = await playTrial(folder, new Seeded(SEED * 10_000 + number), KILLS_PER_TRIAL);
        kills += trial.kills.length;
        await checkTrial(trial).catch((error: Error) => {
          failures.push(`trial ${number}, killed ${trial.kills.map(tell).join('; ')}: ${error.message}`);
        });
        killProcessesOf(folder);
        rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
      }
    };
    await Promise.all(Array.from({ length: LANES }, lane));
    expect(failures, `SLUICE_SEED=${SEED}, ${kills} kills in ${next} trials`).toEqual([]);
  });
});

function tell({ who, afterEvents, delayMs }: Kill): string {
  return `${who} ${delayMs} ms after event ${afterEvents}`;
}
