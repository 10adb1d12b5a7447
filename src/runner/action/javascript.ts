import { existsSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { checkEnvironment, type Environment } from '../environment.ts';
import { KeepProblem } from '../problem.ts';
import { parseAssignments, readStepFile } from '../step-file.ts';
import type { StepFiles } from '../step-files.ts';
import type { StepScope } from '../step-setup.ts';
import { type ActionEnd, type ActionRun, runProcess, takeLeft } from './action-run.ts';
import type { BroughtAction } from './bring.ts';
import type { PartPlace } from './part-place.ts';
import { isPrepared, NOTHING_DONE, tellWithoutPre } from './pre.ts';

/** Our own Node performs actions of every version. */
const VERSION = Number(process.versions.node.split('.')[0]);

/**
 * Performs `pre` or `main` of a JavaScript action, which the ids `key` lead to; its `post` is registered before, since it runs
 * whatever becomes of them.
 */
export async function performJavascript(
  run: ActionRun,
  scope: StepScope,
  place: PartPlace,
  action: BroughtAction,
  variables: Environment,
  key: string,
): Promise<ActionEnd> {
  const { runs, name } = action.definition;
  if (runs.kind !== 'javascript') throw new Error('only JavaScript actions are performed here');
  const wanted = Number(runs.node.slice('node'.length));
  if (wanted !== VERSION) run.say(`it wants Node ${wanted} and is run by Node ${process.versions.node}`);
  const environment: Environment = { ...place.environment, ...variables };
  const state = { ...run.prepared[key] };
  if (run.stage === 'pre' && !isPrepared(run, runs.pre, scope, environment, key, name, state))
    return NOTHING_DONE;
  if (run.stage === 'main') tellWithoutPre(run, runs.pre, key, name);
  if (runs.post) {
    const script = join(action.folder, runs.post.script);
    run.tally.posts.push({
      key,
      name,
      if: runs.post.if,
      work: { kind: 'javascript', script, variables },
      state,
    });
  }
  const perform = (script: string) =>
    performScript(run, scope, place, join(action.folder, script), environment, state);
  return perform(run.stage === 'pre' ? runs.pre!.script : runs.main);
}

/** Runs one script of an action. `state`: what its earlier parts left, to which it adds. */
export async function performScript(
  run: ActionRun,
  scope: StepScope,
  { directory, files }: Pick<PartPlace, 'directory' | 'files'>,
  script: string,
  environment: Environment,
  state: Record<string, string>,
): Promise<ActionEnd> {
  if (!existsSync(script))
    throw new KeepProblem(
      `the action has no file ${script.split('/').slice(-2).join('/')}; it may have to be built first`,
    );
  const told = Object.fromEntries(Object.entries(state).map(([name, value]) => [`STATE_${name}`, value]));
  const all = { ...environment, ...told };
  checkEnvironment(all);
  const cause = await runProcess(run, nodeCommand(run, script), directory, all);
  const outputs = takeLeft(run, scope, files);
  noteState(files, state);
  return { cause, outputs };
}

/** In a container that ours cannot run in, for want of its libraries, the image's own. */
const IN_IMAGE = '"$1" --version >/dev/null 2>&1 && exec "$1" "$2"; exec node "$2"';

function nodeCommand(run: ActionRun, script: string): readonly string[] {
  const own = [process.execPath, script];
  const isAbroad = run.place.setup.executor.isolation.kind === 'docker';
  return isAbroad ? ['/bin/sh', '-c', IN_IMAGE, 'sh', ...own] : own;
}

function noteState(files: StepFiles, state: Record<string, string>): void {
  const text = readStepFile(files.state, 'GITHUB_STATE');
  if (text !== null) Object.assign(state, parseAssignments(text, 'GITHUB_STATE', 'output'));
}
