import type { InputFiles, WorkResults, WorkRoom } from '../../cache/contract.ts';
import { InputNames } from '../../cache/work/input-names.ts';
import type { PlanJob } from '../../pipeline/plan.ts';
import { cacheScope } from '../cache-scope.ts';
import type { ReusingRun } from '../contract.ts';
import type { Workspaces } from '../workspace/workspace.ts';
import { namesOf } from './inputs.ts';
import { sourceNames } from './source-names.ts';

/** What a run compares and where it looks, opened once for all of its jobs. */
export interface RunWork {
  readonly room: WorkRoom;
  readonly names: InputNames;
  readonly files: InputFiles;
  readonly results: WorkResults;
  /** What tools said, by where they run and their command. */
  readonly tools: Map<string, Promise<string>>;
  /** The same of those that have answered. */
  readonly answers: Map<string, string>;
  /** The names of what workspaces are made from, when some were made: from then on a file may look otherwise than it did to them. */
  taken: InputNames | null;
}

/** Reads the results of the pipeline and lists the files of the source. Rejects as git and the storage do. */
export async function openRunWork(
  run: ReusingRun,
  openRoom: () => Promise<WorkRoom>,
  workspaces: Workspaces,
): Promise<RunWork> {
  const { source, trust, payload } = run;
  const [room, listed] = await Promise.all([openRoom(), listSourceOf(run, workspaces)]);
  return {
    room,
    names: new InputNames(listed.names),
    files: room.inputs(listed.root, source.mode === 'tree'),
    results: await room.results(cacheScope(source, trust, payload), run.pipeline),
    tools: new Map(),
    answers: new Map(),
    taken: null,
  };
}

/** Looks at the inputs of all jobs that can be told before any of them has run. */
export async function lookAtAll({ names, files }: RunWork, jobs: readonly PlanJob[]): Promise<void> {
  const paths = new Set<string>();
  for (const { work } of jobs) {
    if (!work || work.inputs.some((glob) => glob.includes('${{'))) continue;
    for (const path of namesOf(work.inputs, names)) paths.add(path);
  }
  await files.look([...paths]);
}

async function listSourceOf(
  { runId, source }: ReusingRun,
  workspaces: Workspaces,
): Promise<{ readonly root: string; readonly names: readonly string[] }> {
  if (source.mode === 'tree')
    return { root: source.path, names: await sourceNames(source.path, workspaces.own()) };
  const { root, entries } = await workspaces.listSource(runId, source);
  return { root, names: entries.map(({ path }) => path) };
}
