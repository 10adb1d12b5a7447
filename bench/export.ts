/*
 * Two pipelines by Sluice and, exported to GitLab, by gitlab-ci-local: a job of 20 steps of `true`, and 50 jobs in a graph. Whole
 * commands in rotation, medians of wall time. Sluice keeps a journal, logs with times, receipts and workspaces that are removed;
 * gitlab-ci-local copies the repository by rsync for each job that is isolated, as here. Needs rsync and GNU time
 * (apt-get install rsync time).
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { compare, line } from './support/measure.ts';
import { commitAll } from './support/release.ts';

const ROUNDS = 5;
const root = fileURLToPath(new URL('..', import.meta.url));
const start = join(root, 'bin/start.cjs');
const require = createRequire(import.meta.url);
const local = require.resolve('gitlab-ci-local');
const work = mkdtempSync(join(tmpdir(), 'sluice-bench-'));

const steps = `name: bench\njobs:\n  steps:\n    commands: [${Array.from({ length: 20 }, () => '"true"').join(', ')}]\n`;
const graph = `name: bench\njobs:\n${Array.from({ length: 50 }, (_, index) => {
  const needs = index < 5 ? '' : `needs: [j${index - 5}], `;
  return `  j${index}: { ${needs}commands: ["true"] }`;
}).join('\n')}\n`;

/** A repository with a pipeline and its export. */
function repository(name: string, pipeline: string): string {
  const folder = join(work, name);
  mkdirSync(folder);
  writeFileSync(join(folder, 'sluice.yaml'), pipeline);
  commitAll(folder);
  execFileSync(process.execPath, [start, 'export', 'gitlab', '--output', '.gitlab-ci.yml'], {
    cwd: folder,
    env: { ...process.env, SLUICE_HOME: join(work, 'home') },
    stdio: 'ignore',
  });
  commitAll(folder);
  return folder;
}

const time = (command: readonly string[]) => ['/usr/bin/time', '-f', 'peak %M', ...command];

try {
  for (const [name, pipeline] of [
    ['20 steps of true', steps],
    ['50 jobs of true', graph],
  ] as const) {
    const directory = repository(name.replaceAll(' ', '-'), pipeline);
    const samples = await compare(
      [
        {
          name: 'sluice',
          command: time([process.execPath, start, 'run']),
          directory,
          environment: { SLUICE_HOME: join(work, 'home') },
        },
        { name: 'gitlab-ci-local', command: time([process.execPath, local, '--quiet']), directory },
        {
          name: 'gitlab-ci-local, isolated',
          command: time([process.execPath, local, '--quiet', '--shell-isolation']),
          directory,
        },
      ],
      ROUNDS,
    );
    const own = samples.get('sluice')!;
    for (const [contestant, { wallMs, memoryMib }] of samples) {
      if (contestant === 'sluice') continue;
      const detail = `${own.wallMs.toFixed(0)} ms and ${own.memoryMib} MiB, ${contestant} ${wallMs.toFixed(0)} ms and ${memoryMib} MiB`;
      line(`${name}, beside ${contestant}`, own.wallMs / wallMs, 'none', detail);
    }
  }
} finally {
  rmSync(work, { recursive: true, force: true, maxRetries: 3 });
}
