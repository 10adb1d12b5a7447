import { DURATION_MAX_MS } from '../../../base/duration.ts';
import { child, type Entry, entryOf, type Node, placeOf } from '../../native/node.ts';
import { type Problems, shown } from '../../native/problem.ts';
import { headOf } from '../../native/read.ts';
import type { Concurrency, PlanJob, Refusal } from '../../plan.ts';
import { NO_ISOLATION, PLAIN_JOB } from '../../plan-default.ts';
import type { WorkflowCall, WorkflowJob } from '../../plan-workflow.ts';
import { foreignName } from '../foreign.ts';
import { containerOf, servicesOf } from './container.ts';
import { conditionOf, dynamicOf, JOB_CONDITION } from './expression.ts';
import { constant, matrixOf } from './matrix.ts';
import { grantsOf } from './secret.ts';
import { stepsOf } from './step.ts';
import { listOf, scalarsOf, textOf, textsOf, textUnder } from './text.ts';

/** GitHub's own. */
const TIMEOUT_MINUTES = 360;
const CLEANUP_GRACE_MS = 30_000;
const NO_RETRY = { max: 0, delayMs: 0, backoff: 1, on: [] };
export const STAGE = 'main';

/** What a workflow says for all of its jobs. */
export interface WorkflowSettings {
  readonly env: Node | undefined;
  readonly defaults: Node | undefined;
  readonly permissions: Node | undefined;
}

/** One job of a workflow, with the variables of the workflow among its own. Needs are as they are written. */
export function jobOf(
  { key, keySpan, value }: Entry,
  workflow: WorkflowSettings,
  problems: Problems,
): PlanJob {
  if (!/^[A-Za-z_][\w-]*$/.test(key)) {
    problems.error(
      'bad-name',
      keySpan,
      `the job name ${shown(key)} is not made of letters, digits, - and _`,
      {
        suggestion: 'choose another one; `name:` may be any text',
      },
    );
  }
  const under = (name: string) => child(value, name);
  reportMachine(under('runs-on'), problems);
  const list = under('steps');
  if (
    value.kind === 'map' &&
    !under('uses') &&
    (list === undefined || (list.kind === 'list' && list.items.length === 0))
  ) {
    problems.error('nothing-to-run', keySpan, `the job ${shown(key)} has no steps`, {
      suggestion: 'add `steps`, such as `steps: [{run: make}]`',
    });
  }
  const strategy = under('strategy');
  const variables = { ...textsOf(workflow.env), ...textsOf(under('env')) };
  const container = containerOf(under('container'));
  const steps = stepsOf(list, { ...runDefaults(workflow, value, container !== null), variables }, problems);
  return {
    id: key,
    name: textUnder(value, 'name') ?? key,
    stage: STAGE,
    needs: [...new Set(listOf(under('needs')))],
    if: conditionOf(under('if'), JOB_CONDITION, problems),
    matrix: matrixOf(strategy, problems),
    variables,
    secrets: grantsOf([workflow.env, value], steps),
    timeoutMs: timeoutOf(under('timeout-minutes')),
    silenceTimeoutMs: null,
    retry: NO_RETRY,
    allowFailure: constant(under('continue-on-error'), 'boolean') ?? false,
    concurrency: concurrencyOf(under('concurrency')),
    steps,
    cleanup: [],
    cleanupGraceMs: CLEANUP_GRACE_MS,
    outputs: textsOf(under('outputs')),
    repeatable: false,
    language: null,
    ...PLAIN_JOB,
    isolation: container ? { ...NO_ISOLATION, mode: 'docker' } : NO_ISOLATION,
    container,
    services: servicesOf(under('services')),
    workflow: workflowJobOf(value, workflow),
    refusals: callRefusals(value),
    place: placeOf(keySpan),
  };
}

function reportMachine(runsOn: Node | undefined, problems: Problems): void {
  for (const node of scalarsOf(runsOn?.kind === 'map' ? child(runsOn, 'labels') : runsOn)) {
    const label = textOf(node)!;
    if (!/^(windows|macos)-/.test(label)) continue;
    problems.warn('other-machine', node, `the job wants ${shown(label)}, but its steps run on this machine`);
  }
}

function timeoutOf(node: Node | undefined): number {
  const minutes = constant(node, 'number');
  const asked = minutes !== null && minutes > 0 ? minutes : TIMEOUT_MINUTES;
  return Math.min(Math.round(asked * 60_000), DURATION_MAX_MS);
}

/** `concurrency` of a workflow or a job. Without further words GitHub keeps one run waiting, and the newest one wins. */
export function concurrencyOf(node: Node | undefined): Concurrency | null {
  const group = node?.kind === 'map' ? textUnder(node, 'group') : textOf(node);
  if (!node || !group) return null;
  const cancels = child(node, 'cancel-in-progress');
  if (constant(cancels, 'boolean')) return { group, policy: 'cancel-running' };
  const policy = textUnder(node, 'queue') === 'max' ? 'queue' : 'newest-wins';
  return { group, policy, ...dynamicOf('cancelIf', cancels) };
}

/** Images need not have bash. */
const CONTAINER_SHELL = 'sh';

function runDefaults(workflow: WorkflowSettings, job: Node, isContained: boolean) {
  const runs = [child(job, 'defaults'), workflow.defaults].flatMap((defaults) => {
    const run = defaults && child(defaults, 'run');
    return run ? [run] : [];
  });
  const first = (key: string) => runs.map((run) => textUnder(run, key)).find((text) => text !== null) ?? null;
  const shell = first('shell') ?? (isContained ? CONTAINER_SHELL : null);
  return { shell, workingDirectory: first('working-directory') };
}

function workflowJobOf(job: Node, workflow: WorkflowSettings): WorkflowJob {
  const runsOn = child(job, 'runs-on');
  const labels = runsOn?.kind === 'map' ? child(runsOn, 'labels') : runsOn;
  const environment = child(job, 'environment');
  const name = environment?.kind === 'map' ? textUnder(environment, 'name') : textOf(environment);
  return {
    runsOn: listOf(labels),
    permissions: permissionsOf(child(job, 'permissions') ?? workflow.permissions),
    environment: environment && name ? { name, url: textUnder(environment, 'url') } : null,
    call: callOf(job),
    ...dynamicSettings(job),
  };
}

function dynamicSettings(job: Node): Pick<WorkflowJob, 'dynamic'> {
  const strategy = child(job, 'strategy');
  const dynamic = {
    ...dynamicOf('allowFailure', child(job, 'continue-on-error')),
    ...dynamicOf('timeoutMinutes', child(job, 'timeout-minutes')),
    ...dynamicOf('failFast', strategy && child(strategy, 'fail-fast')),
    ...dynamicOf('maxParallel', strategy && child(strategy, 'max-parallel')),
  };
  return Object.keys(dynamic).length > 0 ? { dynamic } : {};
}

function permissionsOf(node: Node | undefined): Readonly<Record<string, string>> | null {
  if (!node) return null;
  if (node.kind === 'map') return textsOf(node);
  const all = /^(read|write)-all$/.exec(textOf(node) ?? '')?.[1];
  return all === undefined ? {} : { '*': all };
}

function callOf(job: Node): WorkflowCall | null {
  const workflow = textUnder(job, 'uses');
  if (workflow === null) return null;
  const secrets = child(job, 'secrets');
  return {
    workflow,
    with: textsOf(child(job, 'with')),
    secrets: textOf(secrets) === 'inherit' ? 'inherit' : textsOf(secrets),
  };
}

function callRefusals(job: Node): Refusal[] {
  const entry = entryOf(job, 'uses');
  if (!entry) return [];
  const text = textOf(entry.value) ?? '';
  const why = foreignName(text)
    ? 'is of another repository, and nobody has looked for it'
    : 'cannot be called; write ./.github/workflows/NAME.yml, or owner/name/.github/workflows/NAME.yml@REF';
  const message = `the workflow ${shown(text)} ${why}`;
  return [{ feature: 'uses', message, place: placeOf(headOf(entry.value)) }];
}
