import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, it } from 'vitest';
import { parseAllDocuments } from 'yaml';
import type { Executor } from '../../src/executor/contract.ts';
import { openProcessExecutor } from '../../src/executor/process/process-executor.ts';
import { machineClock } from '../../src/machine/clock.ts';
import { isThere, needs } from '../support/require.ts';
import { workflowCaseSchema } from './workflow/case.ts';
import { comparePlayed } from './workflow/compare-played.ts';
import { playCase } from './workflow/machine.ts';

const CASES = fileURLToPath(new URL('workflow/cases', import.meta.url));
const TIMEOUT_MS = 60_000;

let root: string;
let executor: Executor;
beforeAll(async () => {
  root = mkdtempSync(join(tmpdir(), 'sluice-workflow-'));
  executor = await openProcessExecutor({ directory: join(root, 'steps'), clock: machineClock });
});
afterAll(async () => {
  await executor.shutdown();
  rmSync(root, { recursive: true, force: true, maxRetries: 3 });
});

for (const file of readdirSync(CASES).sort()) {
  describe.concurrent(file.replace(/\.yaml$/, '').replaceAll('-', ' '), () => {
    const documents = parseAllDocuments(readFileSync(join(CASES, file), 'utf8'));
    for (const [index, document] of documents.entries()) {
      const one = workflowCaseSchema.parse(document.toJS());
      it(one.shows, { timeout: TIMEOUT_MS }, async (context) => {
        for (const [program, install] of Object.entries(one.needs ?? {}))
          needs(context, program, isThere(program), install);
        const folder = join(root, `${file}-${index}`);
        mkdirSync(folder);
        await comparePlayed(one, await playCase(one, folder, executor), folder);
        rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
      });
    }
  });
}
