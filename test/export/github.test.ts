import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { runProduct } from '../support/product.ts';
import { makeRepository } from '../support/repository.ts';
import type { Results } from './gitlab-run.ts';
import { runHere } from './here-run.ts';
import { PIPELINES } from './pipelines.ts';

const root = mkdtempSync(join(tmpdir(), 'sluice-github-'));
afterAll(() => rmSync(root, { recursive: true, force: true, maxRetries: 3 }));

describe.concurrent('a pipeline that became a GitHub workflow', () => {
  it.for(PIPELINES.filter(({ lostOnGithub }) => lostOnGithub !== undefined))(
    'does what it did: $title',
    { timeout: 240_000 },
    async (pipeline) => {
      const folder = join(root, pipeline.title.replaceAll(' ', '-'));
      const [native, workflow] = [join(folder, 'native'), join(folder, 'workflow')];
      makeRepository(native, { 'sluice.yaml': pipeline.text, ...pipeline.files });
      const exported = await runProduct(['export', 'github', '--json'], { folder, cwd: native });
      const { files, losses } = JSON.parse(exported.stdout) as {
        files: readonly { path: string; text: string }[];
        losses: readonly { feature: string }[];
      };
      makeRepository(workflow, { [files[0]!.path]: files[0]!.text, ...pipeline.files });
      expect(losses.map(({ feature }) => feature)).toEqual(pipeline.lostOnGithub);
      const here = await runHere(folder, native);
      expect(withoutActions(await runHere(folder, workflow))).toEqual(here);
    },
  );
});

/** Results without what actions say of themselves. */
function withoutActions(results: Results): Results {
  return Object.fromEntries(
    Object.entries(results).map(([name, { outcome, lines }]) => [
      name,
      { outcome, lines: lines.filter((line) => !line.startsWith('[sluice: ')) },
    ]),
  );
}
