import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { runProduct } from '../support/product.ts';
import { makeRepository } from '../support/repository.ts';
import { needs } from '../support/require.ts';
import { runGitlab } from './gitlab-run.ts';
import { runHere } from './here-run.ts';
import { PIPELINES } from './pipelines.ts';

const root = mkdtempSync(join(tmpdir(), 'sluice-gitlab-'));
afterAll(() => rmSync(root, { recursive: true, force: true, maxRetries: 3 }));

describe.concurrent('a pipeline on GitLab', () => {
  it.for(PIPELINES)('does what it does here: $title', { timeout: 240_000 }, async (pipeline, context) => {
    needs(context, 'rsync', hasRsync(), 'apt-get install rsync');
    const folder = join(root, pipeline.title.replaceAll(' ', '-'));
    const repository = join(folder, 'repository');
    makeRepository(repository, { [pipeline.file ?? 'sluice.yaml']: pipeline.text, ...pipeline.files });
    const here = await runHere(folder, repository);
    const exported = await runProduct(['export', 'gitlab', '--output', '.gitlab-ci.yml', '--json'], {
      folder,
      cwd: repository,
    });
    expect(exported.code, exported.stderr).toBe(0);
    const { losses } = JSON.parse(exported.stdout) as { losses: readonly { feature: string }[] };
    expect([...new Set(losses.map(({ feature }) => feature))].sort()).toEqual(
      [...(pipeline.lost ?? [])].sort(),
    );
    for (const name of pipeline.passing ?? []) here[name] = { ...here[name]!, outcome: 'succeeded' };
    expect(await runGitlab(repository)).toEqual(here);
  });
});

function hasRsync(): boolean {
  try {
    execFileSync('rsync', ['--version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}
