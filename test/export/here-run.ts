import type { LogLine } from '../../src/client/contract.ts';
import type { RunView } from '../../src/client/run-view.ts';
import { runProduct } from '../support/product.ts';
import type { JobResult } from './gitlab-run.ts';

/** Runs the pipeline of a repository as a push to its branch would. `folder` holds the program's data. */
export async function runHere(folder: string, repository: string): Promise<Record<string, JobResult>> {
  const ran = await runProduct(['run', '--event', 'push'], { folder, cwd: repository });
  const shown = await runProduct(['show', '--json'], { folder, cwd: repository });
  if (shown.code !== 0) throw new Error(ran.stderr);
  const view = JSON.parse(shown.stdout) as RunView;
  const logs = await runProduct(['logs', '--json'], { folder, cwd: repository });
  const lines = logs.stdout
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as LogLine);
  const results: Record<string, JobResult> = {};
  const cells = view.stages.flatMap(({ jobs }) => jobs.flatMap((job) => job.cells ?? []));
  for (const { name: cell, outcome } of cells) {
    if (outcome === 'skipped' || outcome === null) continue;
    const name = cell.replace(/(?<=[(,] ?)\w+: /g, '').replace(/"/g, '');
    const own = lines.filter((line) => line.cell === cell).map((line) => line.text);
    results[name] = { outcome: outcome as JobResult['outcome'], lines: own };
  }
  return results;
}
