import type { Plan, PlanJob } from '../../plan.ts';
import type { LossNote } from '../contract.ts';
import { type JobWord, jobLosses } from '../feature.ts';
import type { Names } from '../names.ts';
import { failingScript, gateScript } from '../substitute.ts';
import { type Tree, told } from '../yaml.ts';
import { concurrencyLosses, writtenConcurrency } from './concurrency.ts';
import { writtenContainer, writtenServices } from './container.ts';
import { type GithubWords, githubWords } from './expression.ts';
import { stepsAfter, stepsBefore } from './keep.ts';
import { writtenStrategy } from './matrix.ts';
import { minuteLosses, minutes, type RunDefaults, SHELL_DEFAULT, written, writtenSteps } from './step.ts';

const RUNS_ON = 'ubuntu-latest';
/** GitHub's own, since images need not have bash. */
const CONTAINER_SHELL = 'sh';
/** GitHub's own. */
const TIMEOUT_MS = 360 * 60_000;

const EXPRESSED: readonly JobWord[] = [
  'name',
  'needs',
  'if',
  'matrix',
  'variables',
  'secrets',
  'timeoutMs',
  'allowFailure',
  'concurrency',
  'steps',
  'cleanup',
  'outputs',
  'container',
  'services',
  'caches',
  'downloads',
  'artifacts',
  'workflow',
];

/** One job of a workflow. */
export function writtenJob(plan: Plan, job: PlanJob, names: Names, defaults: RunDefaults): Tree {
  const isOurs = plan.dialect === 'sluice';
  const outer = githubWords(plan, names, job, false);
  const inner = githubWords(plan, names, job, true);
  const { workflow, matrix, timeoutMs, concurrency, outputs } = job;
  const call = workflow?.call ?? null;
  const dynamic = workflow?.dynamic ?? {};
  const all = variablesOf(plan, job);
  const twice = doubled(all);
  const variables = without(all, twice);
  const own = call ? defaults : runDefaultsOf(job, defaults);
  const tree: Record<string, Tree | undefined> = {
    name: job.name === job.id ? undefined : outer.template(job.name),
    uses: call?.workflow,
    with: call && Object.keys(call.with).length > 0 ? call.with : undefined,
    secrets:
      call && (call.secrets === 'inherit' || Object.keys(call.secrets).length > 0) ? call.secrets : undefined,
    'runs-on': call ? undefined : runsOn(job),
    needs: job.needs.length > 0 ? job.needs.map(names.job) : undefined,
    if: job.if ? outer.expression(job.if.source) : undefined,
    permissions: permissions(job),
    environment: environmentOf(job),
    strategy: matrix ? writtenStrategy(matrix, dynamic, outer.expression) : undefined,
    'timeout-minutes': dynamic.timeoutMinutes
      ? written(dynamic.timeoutMinutes)
      : timeoutMs === TIMEOUT_MS
        ? undefined
        : minutes(timeoutMs, isOurs),
    'continue-on-error': dynamic.allowFailure ? written(dynamic.allowFailure) : job.allowFailure || undefined,
    concurrency: concurrency ? writtenConcurrency(concurrency, outer.template) : undefined,
    outputs: Object.keys(outputs).length > 0 ? inner.templates(outputs) : undefined,
    defaults: ownDefaults(job, own, defaults),
    env: Object.keys(variables).length > 0 ? outer.templates(variables) : undefined,
    container: job.container ? writtenContainer(job.container, outer) : undefined,
    services: writtenServices(job.services, outer),
    steps: call ? undefined : stepsOf(plan, job, names, own, inner),
  };
  const notes = [
    ...outer.losses(),
    ...jobLosses(job, EXPRESSED, {
      retry: 'it is tried once',
      reports: 'nothing reads them',
      gates: 'the job asks `sluice gate check`, which must be installed there',
      approval: `it waits when the environment ${job.id} has required reviewers, which is a setting on GitHub`,
      deploy: 'the job fails and says so',
    }),
    ...minuteLosses(`job ${job.id}`, timeoutMs, isOurs, job.place),
    ...(concurrency ? concurrencyLosses(`job ${job.id}`, concurrency, job.place) : []),
    ...(matrix && !matrix.cells ? matrixLosses(job) : []),
    ...job.services.flatMap((service) =>
      service.kind === 'command' ? [serviceLoss(job, service.name)] : [],
    ),
    ...twice.map((name) => ({
      feature: 'job.variables',
      message: `job ${job.id}: the variable ${name} beside one that differs only in case`,
      instead: 'the later one was written',
      place: job.place,
    })),
    ...refusalLosses(job),
  ];
  return told(tree as Tree, notes);
}

/** Names that differ in case alone, which GitHub refuses in one mapping: the earlier of each two. */
function doubled(variables: Readonly<Record<string, string>>): string[] {
  const last = new Map(Object.keys(variables).map((name) => [name.toLowerCase(), name]));
  return Object.keys(variables).filter((name) => last.get(name.toLowerCase()) !== name);
}

function without<T>(values: Readonly<Record<string, T>>, names: readonly string[]): Record<string, T> {
  return Object.fromEntries(Object.entries(values).filter(([name]) => !names.includes(name)));
}

/** The variables of the job, and the secrets that it gets as variables. */
function variablesOf(plan: Plan, job: PlanJob): Record<string, string> {
  const secrets = job.secrets.flatMap(({ name, variable }): [string, string][] =>
    variable === null ? [] : [[variable, `\${{ secrets.${name} }}`]],
  );
  // In a workflow those of the pipeline are among those of the job.
  return plan.dialect === 'github'
    ? { ...job.variables }
    : { ...job.variables, ...Object.fromEntries(secrets) };
}

function runsOn(job: PlanJob): Tree {
  const labels = job.workflow?.runsOn ?? [];
  return labels.length === 0 ? RUNS_ON : labels.length === 1 ? labels[0]! : labels;
}

function permissions({ workflow }: PlanJob): Tree | undefined {
  if (!workflow?.permissions) return undefined;
  const all = workflow.permissions['*'];
  return all === undefined ? workflow.permissions : `${all}-all`;
}

function environmentOf(job: PlanJob): Tree | undefined {
  if (job.approval) return job.id;
  const environment = job.workflow?.environment;
  if (!environment) return undefined;
  return environment.url === null ? environment.name : { name: environment.name, url: environment.url };
}

/** Actions have no shell of their own to write; so theirs is the default of the job. */
function runDefaultsOf(job: PlanJob, defaults: RunDefaults): RunDefaults {
  const action = job.steps.find(({ uses }) => uses !== null);
  const usual =
    job.container && defaults === NO_DEFAULTS ? { ...defaults, shell: CONTAINER_SHELL } : defaults;
  return action && action.shell !== usual.shell ? { ...usual, shell: action.shell } : usual;
}

function ownDefaults(job: PlanJob, own: RunDefaults, usual: RunDefaults): Tree | undefined {
  const implied = job.container && usual === NO_DEFAULTS ? CONTAINER_SHELL : usual.shell;
  return own.shell === implied ? undefined : { run: { shell: own.shell } };
}

/** What stands under `defaults.run`, where the usual is otherwise. */
export function runTree(own: RunDefaults, usual: RunDefaults): Tree {
  return {
    shell: own.shell === usual.shell ? undefined : own.shell,
    'working-directory': own.workingDirectory === usual.workingDirectory ? undefined : own.workingDirectory,
  };
}

export const NO_DEFAULTS: RunDefaults = { shell: SHELL_DEFAULT, workingDirectory: '.' };

function stepsOf(plan: Plan, job: PlanJob, names: Names, defaults: RunDefaults, words: GithubWords): Tree {
  const isOurs = plan.dialect === 'sluice';
  const surroundings = { job, isOurs, defaults, names, words };
  if (job.approval) return [{ name: job.approval.message ?? 'Approved', run: 'true' }];
  if (job.deploy) return [{ name: `Deploy to ${job.deploy.environment}`, run: failingScript(job) }];
  const written = writtenSteps(job.steps, surroundings);
  if (!isOurs) return written;
  const commands = job.services.flatMap((service) =>
    service.kind === 'command'
      ? [{ name: `Start ${service.name}`, run: `(${words.template(service.run)}) &`, shell: service.shell }]
      : [],
  );
  return [
    ...stepsBefore(job, plan.jobs, words),
    ...commands,
    ...written,
    ...(job.gates.length > 0 ? [{ name: 'Gates', if: 'always()', run: gateScript(job) }] : []),
    ...stepsAfter(job, words),
    ...writtenSteps(job.cleanup, surroundings),
  ];
}

function matrixLosses(job: PlanJob): LossNote[] {
  const { include, exclude } = job.matrix!;
  if (include.length + exclude.length === 0) return [];
  return [
    {
      feature: 'job.matrix',
      message: `job ${job.id}: include and exclude beside an expression (${JSON.stringify({ include, exclude })})`,
      instead: 'the expression alone was written',
      place: job.matrix!.expression?.place ?? job.place,
    },
  ];
}

function serviceLoss(job: PlanJob, name: string): LossNote {
  return {
    feature: 'job.services',
    message: `job ${job.id}: nobody waits until the command ${name} beside it answers`,
    instead: 'a step starts it in the background',
    place: job.services.find((service) => service.name === name)!.place,
  };
}

function refusalLosses(job: PlanJob): LossNote[] {
  return job.refusals
    .filter(({ feature }) => feature !== 'uses')
    .map(({ feature, message, place }) => ({
      feature: `job.${feature}`,
      message: `job ${job.id}: ${message}`,
      instead: 'what the plan has of it was written',
      place,
    }));
}
