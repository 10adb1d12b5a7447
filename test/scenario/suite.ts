import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, it, type TestContext } from 'vitest';
import { isThere, needs } from '../support/require.ts';
import { playScenario, readScenario } from './play.ts';

/** Far more than any takes on a machine that does nothing else. */
const TIMEOUT_MS = 120_000;

/**
 * A test for each fixture of a folder, several at the same time. The name of a fixture is its title. `environment`: what every command
 * gets besides; it may skip the test.
 */
export function scenarioSuite(
  subject: string,
  fixtures: string,
  environment: (context: TestContext) => Readonly<Record<string, string>> = () => ({}),
): void {
  const root = mkdtempSync(join(tmpdir(), `sluice-${subject}-`));
  afterAll(() => rmSync(root, { recursive: true, force: true, maxRetries: 3 }));
  describe.concurrent(subject, () => {
    for (const name of readdirSync(fixtures).sort()) {
      it(`${name.replace('-', ': ').replaceAll('-', ' ')}`, { timeout: TIMEOUT_MS }, async (context) => {
        const fixture = join(fixtures, name);
        const scenario = readScenario(fixture);
        for (const [program, install] of Object.entries(scenario.needs ?? {}))
          needs(context, program, isThere(program), install);
        const given = environment(context);
        const folder = join(root, name);
        mkdirSync(folder);
        await playScenario(fixture, scenario, folder, given);
        rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
      });
    }
  });
}
