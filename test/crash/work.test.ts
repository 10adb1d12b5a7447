import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import type { StoredEvent } from '../../src/journal/event.ts';
import { Seeded } from '../sim/random.ts';
import { killProcessesOf } from '../support/processes.ts';
import { runProduct, startProduct } from '../support/product.ts';
import { makeRepository } from '../support/repository.ts';
import { readJournal } from './trial.ts';

const REPOSITORY = fileURLToPath(new URL('work-repository', import.meta.url));
const TRIALS = process.env.SLUICE_SOAK === '1' ? 15 : 1;
const SEED = Number(process.env.SLUICE_SEED ?? Date.now() % 1_000_000);
/** Results are kept while the run goes on, and saved when it is over: a kill may come after all events, too. */
const EVENTS_OF_A_RUN = 16;
const DELAY_MAX_MS = 80;
const KILLS = 3;

const root = mkdtempSync(join(tmpdir(), 'sluice-work-'));

afterAll(() => rmSync(root, { recursive: true, force: true, maxRetries: 3 }));

describe('results of work', () => {
  it(`are right and kept again, whenever the program is killed while it keeps them (SLUICE_SEED=${SEED})`, {
    timeout: 600_000,
  }, async () => {
    for (let number = 0; number < TRIALS; number++) {
      const random = new Seeded(SEED * 1000 + number);
      const said = `SLUICE_SEED=${SEED}, trial ${number}`;
      const folder = join(root, `trial-${number}`);
      const repository = join(folder, 'repository');
      mkdirSync(folder);
      cpSync(REPOSITORY, repository, { recursive: true });
      makeRepository(repository);
      const files = ['LEDGER', 'SUMS'].map((name) => `${name}=${join(folder, name.toLowerCase())}`);
      const run = ['run', ...files.flatMap((file) => ['--var', file]), '--events'];
      for (let kill = 0; kill < KILLS; kill++) {
        // Of two texts the second comes back: then there is something to take over, half saved or whole.
        writeFileSync(join(repository, 'src/text'), `${kill % 2}\n`);
        if (await isKilled(run, folder, random)) await runProduct(['resume'], { folder, cwd: repository });
        expect((await runProduct(run, { folder, cwd: repository })).code, said).toBe(0);
      }
      const read = (name: string) => readFileSync(join(folder, name), 'utf8').trimEnd().split('\n');
      const done = read('ledger').length;
      expect((await runProduct(run, { folder, cwd: repository })).code, said).toBe(0);
      const { events, damage } = await readJournal(folder);
      expect(damage, said).toEqual([]);
      expect(takenOver(events), said).toEqual(['make', 'whole']);
      expect(read('ledger').length, said).toBe(done);
      // Of each of the two texts one sum of what the job and what the step made.
      expect(new Set(read('sums')).size, said).toBe(4);
      killProcessesOf(folder);
      rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
    }
  });
});

/** Begins a run and kills the program at random; false: the run was over before. */
async function isKilled(run: readonly string[], folder: string, random: Seeded): Promise<boolean> {
  const product = startProduct(run, { folder, cwd: join(folder, 'repository') });
  const after = random.below(EVENTS_OF_A_RUN);
  await product.until((output) => output.split('\n').length > after, 'events').catch(() => {});
  await delay(random.below(DELAY_MAX_MS));
  product.kill('SIGKILL');
  const { signal } = await product.ended;
  const { events } = await readJournal(folder);
  return signal !== null && events.length > 0 && events.at(-1)?.body.type !== 'run.finished';
}

/** The job and the step whose work was taken over. */
function takenOver(events: readonly StoredEvent[]): readonly string[] {
  return events
    .flatMap(({ body }) => {
      if (body.type === 'step.finished' && body.work?.reusedFrom) return [body.step];
      if (body.type === 'cell.finished' && body.extras?.work?.reusedFrom) return [body.cell];
      return [];
    })
    .sort();
}
