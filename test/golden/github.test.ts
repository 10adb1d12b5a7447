import { globSync, readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { openWorkflowReader } from '../../src/main/workflow-reader.ts';
import { planSummary } from './plan-summary.ts';

/*
 * Workflows, one feature each, beside what becomes of them: `name.yml` and `name.plan.txt`. After a change that is meant,
 * `npx vitest run test/golden -u` writes the latter anew; read the difference.
 */
const { loadWorkflow } = await openWorkflowReader();
const folder = fileURLToPath(new URL('../fixtures/github', import.meta.url));

describe('the plan of a GitHub workflow', () => {
  it.each(globSync('*.yml', { cwd: folder }).sort())('%s', async (file) => {
    const name = basename(file, '.yml');
    const content = readFileSync(`${folder}/${file}`);
    const path = `.github/workflows/${file}`;
    const checked = loadWorkflow(path, { read: (asked) => (asked === path ? content : null) });
    await expect(planSummary(checked)).toMatchFileSnapshot(`${folder}/${name}.plan.txt`);
  });
});
