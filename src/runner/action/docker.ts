import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { UserError } from '../../base/diagnostic.ts';
import { digestOf } from '../../base/digest.ts';
import { type Executor, type ExecutorJob, StartError } from '../../executor/contract.ts';
import type { ExpressionContext } from '../../pipeline/expression-context.ts';
import type { PlanUses } from '../../pipeline/plan-action.ts';
import { causeOfEnd } from '../end-cause.ts';
import type { Environment } from '../environment.ts';
import { jobKey } from '../job-key.ts';
import { fill } from '../job-state.ts';
import { KeepProblem } from '../problem.ts';
import { splitWords } from '../shell.ts';
import type { StepScope } from '../step-setup.ts';
import { decidingCause } from '../stop.ts';
import { type ActionEnd, type ActionRun, takeLeft } from './action-run.ts';
import type { BroughtAction } from './bring.ts';
import { inputVariables, readInputs } from './inputs.ts';
import type { PartPlace } from './part-place.ts';
import type { PostWork } from './post-action.ts';
import { isPrepared, NOTHING_DONE, tellWithoutPre } from './pre.ts';

/** Where actions of GitHub look for the workspace, besides its own name. */
const ALIAS = '/github/workspace';
const NO_LIMITS = { cpus: null, memoryBytes: null, processesMax: null, diskBytes: null };
/** Of the machine, and untrue in an image. */
const OWN_TO_MACHINE =
  /^(PATH|USER|LOGNAME|SSL_CERT_(FILE|DIR)|NODE_EXTRA_CA_CERTS|CURL_CA_BUNDLE|REQUESTS_CA_BUNDLE|GIT_SSL_CAINFO)$/;

/** What one container of an action is to do. */
interface Work {
  readonly image: string;
  /** null: the image's own. */
  readonly entrypoint: string | null;
  readonly args: readonly string[];
  readonly variables: Environment;
}

/** Performs `uses: docker://image`. */
export async function performImage(
  run: ActionRun,
  scope: StepScope,
  place: PartPlace,
  uses: Extract<PlanUses, { kind: 'docker' }>,
): Promise<ActionEnd> {
  const { values } = readInputs({}, uses.with, () => scope.context(place.environment));
  const work = {
    image: uses.image,
    entrypoint: values.entrypoint || null,
    args: splitWords(values.args ?? ''),
    variables: inputVariables(values),
  };
  return perform(run, scope, place, work);
}

/** Performs an action that says `using: docker`, which the ids `key` lead to: `pre`, the main part, and later `post`. */
export async function performDocker(
  run: ActionRun,
  scope: StepScope,
  place: PartPlace,
  action: BroughtAction,
  inputs: Readonly<Record<string, string>>,
  identity: Environment,
  key: string,
): Promise<ActionEnd> {
  const { runs, name } = action.definition;
  if (runs.kind !== 'docker') throw new Error('only container actions are performed here');
  const environment = { ...place.environment, ...identity };
  const state = { ...run.prepared[key] };
  if (run.stage === 'pre' && !isPrepared(run, runs.pre, scope, environment, key, name, state))
    return NOTHING_DONE;
  if (run.stage === 'main') tellWithoutPre(run, runs.pre, key, name);
  const image = await imageOf(run, action.folder, runs.image);
  const context = (): ExpressionContext => ({ ...scope.context(environment), inputs });
  const variables: Environment = { ...identity, ...inputVariables(inputs) };
  for (const [key, template] of Object.entries(runs.variables))
    variables[key] = fill(template, `variable ${key} of the action`, context);
  if (runs.post) {
    const work = { kind: 'docker', image, entrypoint: runs.post.script, variables } as const;
    run.tally.posts.push({ key, name, if: runs.post.if, work, state });
  }
  if (run.stage === 'pre')
    return perform(run, scope, place, { image, entrypoint: runs.pre!.script, args: [], variables });
  const args = runs.args.map((arg) => fill(arg, 'an argument of the action', context));
  return perform(run, scope, place, { image, entrypoint: runs.entrypoint, args, variables });
}

/** What a container action does at the end of the job. */
export function performPostEntrypoint(
  run: ActionRun,
  scope: StepScope,
  place: PartPlace,
  { image, entrypoint, variables }: Extract<PostWork, { kind: 'docker' }>,
): Promise<ActionEnd> {
  return perform(run, scope, place, { image, entrypoint, args: [], variables: { ...variables } });
}

/** The name of the image, which is made first when the action brings only what it is made from. */
async function imageOf(run: ActionRun, folder: string, image: string): Promise<string> {
  if (image.startsWith('docker://')) return image.slice('docker://'.length);
  const file = join(folder, image);
  if (!existsSync(file)) throw new KeepProblem(`the action has no file ${image} to make its image from`);
  const executor = await engineOf(run);
  if (!executor.makeImage) throw new KeepProblem('this container engine makes no images');
  run.say(`makes an image from ${image}`);
  try {
    return await executor.makeImage(folder, file);
  } catch (error) {
    if (error instanceof StartError) throw new KeepProblem(error.message);
    throw error;
  }
}

async function engineOf(run: ActionRun): Promise<Executor> {
  const { options, state } = run.place;
  try {
    return await options.rooms.executor('docker', state.message.trust);
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    const [{ message, suggestion } = { message: error.message, suggestion: undefined }] = error.diagnostics;
    throw new KeepProblem(
      `the action runs in a container, and there is no engine for it: ${message}${suggestion ? `; ${suggestion}` : ''}`,
    );
  }
}

/** A container of its own for each part, with the folders of the job under their own names. */
async function perform(run: ActionRun, scope: StepScope, place: PartPlace, work: Work): Promise<ActionEnd> {
  const { supervised, tally, place: at } = run;
  if (supervised.stops.length > 0) return { cause: decidingCause(supervised.stops), outputs: {} };
  const { message } = at.state;
  const { folder, directory, temporary } = at.setup.workspace;
  const executor = await engineOf(run);
  const stepKey = tally.nextKey(run.key);
  const own = `a${digestOf(stepKey).slice(0, 12)}`;
  const job: ExecutorJob = await executor.openJob({
    jobKey: `${jobKey(message.runId, message.cell, message.attempt)}.${own}`,
    confinement: {
      writable: [folder],
      readable: [],
      network: message.trust === 'untrusted' ? 'none' : 'host',
      limits: NO_LIMITS,
      container: {
        image: work.image,
        environment: {},
        ports: [],
        volumes: [`${directory}:${ALIAS}`],
        user: null,
      },
    },
  });
  try {
    const usual = await job.imageCommand?.();
    const args = work.args.length > 0 ? work.args : work.entrypoint === null ? (usual?.command ?? []) : [];
    const command = [...(work.entrypoint === null ? (usual?.entrypoint ?? []) : [work.entrypoint]), ...args];
    if (command.length === 0)
      throw new KeepProblem(
        `the image ${work.image} does not say what it runs; give the step an \`entrypoint\``,
      );
    const kept = Object.entries(place.environment).filter(([name]) => !OWN_TO_MACHINE.test(name));
    const process = await job.start({
      stepKey,
      command,
      directory,
      environment: { ...Object.fromEntries(kept), HOME: temporary, ...work.variables },
      tty: false,
      onOutput: run.sink,
    });
    const end = await supervised.watch(process, true);
    tally.add(end);
    return { cause: causeOfEnd(end, supervised.stops), outputs: takeLeft(run, scope, place.files) };
  } finally {
    await job.close();
    job.forget();
  }
}
