import { cpSync, globSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { killProcessesOf } from '../support/processes.ts';
import { runProduct } from '../support/product.ts';
import { makeRepository } from '../support/repository.ts';
import { needsSandbox } from '../support/sandbox-harness.ts';

const examples = fileURLToPath(new URL('../../examples', import.meta.url));
const files = globSync('*.yaml', { cwd: examples }).sort();

/** How the first line of an example says that it ends. */
function endOf(file: string): string | undefined {
  return /^# .* Ends: (\w+)\n/.exec(readFileSync(join(examples, file), 'utf8'))?.[1];
}

describe('examples', () => {
  let folder: string;
  let repository: string;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'sluice-examples-'));
    repository = join(folder, 'repository');
    mkdirSync(join(folder, 'user'));
    for (const file of files) cpSync(join(examples, file), join(repository, file));
    makeRepository(repository);
  });

  afterEach(() => {
    // What is deployed outlives the command that deployed it.
    killProcessesOf(folder);
    rmSync(folder, { recursive: true, force: true });
  });

  it.for(files)('%s ends as its first line says', async (file, context) => {
    if (file === 'sandbox.yaml') needsSandbox(context);
    const end = await runProduct(['run', '--json', '-f', file], { folder, cwd: repository });
    expect(JSON.parse(end.stdout).outcome ?? 'waiting', end.stderr).toBe(endOf(file));
    expect(end.code).toBe(endOf(file) === 'waiting' ? 4 : 0);
  });
});
