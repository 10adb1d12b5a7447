import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, it } from 'vitest';
import { needs } from '../support/require.ts';
import { playScenario, readScenario } from './play.ts';

const FIXTURES = fileURLToPath(new URL('fixtures', import.meta.url));
/** Far more than any takes on a machine that does nothing else. */
const TIMEOUT_MS = 120_000;
const root = mkdtempSync(join(tmpdir(), 'sluice-scenario-'));

afterAll(() => rmSync(root, { recursive: true, force: true, maxRetries: 3 }));

describe.concurrent('scenario', () => {
  for (const name of readdirSync(FIXTURES).sort()) {
    const fixture = join(FIXTURES, name);
    it(`${name.replace('-', ': ').replaceAll('-', ' ')}`, { timeout: TIMEOUT_MS }, async (context) => {
      const scenario = readScenario(fixture);
      for (const [program, install] of Object.entries(scenario.needs ?? {}))
        needs(context, program, isThere(program), install);
      const folder = join(root, name);
      mkdirSync(folder);
      await playScenario(fixture, scenario, folder);
      rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
    });
  }
});

function isThere(program: string): boolean {
  try {
    execFileSync('sh', ['-c', `command -v ${program}`], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}
