import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import { sweepLogs } from './sweep.ts';

const VICTIM = fileURLToPath(new URL('../../../test/support/sweep-victim.ts', import.meta.url));
const KILLS = 8;
const RUNS = 150;
const FILES = 5;
/** About what removing all of them takes. */
const DELAY_MAX_MS = 60;

const root = mkdtempSync(join(tmpdir(), 'sluice-sweep-'));

afterAll(() => rmSync(root, { recursive: true, force: true }));

describe('a killed sweep', () => {
  it('leaves every log whole or gone, and the rest to the next one', { timeout: 60_000 }, async () => {
    for (let kill = 0; kill < KILLS; kill++) {
      const folder = join(root, String(kill));
      for (let run = 0; run < RUNS; run++) {
        mkdirSync(join(folder, `run-${run}`, 'a.1'), { recursive: true });
        for (let file = 0; file < FILES; file++)
          writeFileSync(join(folder, `run-${run}`, 'a.1', `${file}.log`), 'x'.repeat(100));
      }
      const victim = spawn(process.execPath, [VICTIM, folder], { stdio: ['ignore', 'pipe', 'ignore'] });
      const ended = once(victim, 'close');
      await once(victim.stdout, 'data');
      await delay((DELAY_MAX_MS * kill) / KILLS);
      victim.kill('SIGKILL');
      await ended;
      for (const name of readdirSync(folder).filter((one) => !one.startsWith('.')))
        expect(readdirSync(join(folder, name, 'a.1'))).toHaveLength(FILES);
      await sweepLogs({ folder, bytesMax: 0, ageMaxMs: 0, nowMs: Date.now(), isOver: async () => true });
      expect(readdirSync(folder)).toEqual([]);
    }
  });
});
