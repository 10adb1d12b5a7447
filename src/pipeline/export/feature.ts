import { DURATION_MAX_MS, formatDuration } from '../../base/duration.ts';
import { counted } from '../../base/text.ts';
import type { Plan, PlanJob, PlanStage, PlanStep, RetryPolicy } from '../plan.ts';
import type { WorkflowJob, WorkflowStep } from '../plan-workflow.ts';
import type { LossNote } from './contract.ts';

/** What each word of a plan is called when it is lost; null: the plan does not use the word here. */
type Words<T, Skipped extends keyof T> = {
  readonly [Key in Exclude<keyof T, Skipped>]-?: (thing: T) => string | null | undefined;
};

const STAGE_TIMEOUT_MS = 3_600_000;
const CLEANUP_GRACE_MS = 30_000;

/** The table has every word of the plan, so that a new one cannot be forgotten; the skipped ones say where and which. */
export const PLAN_WORDS: Words<Plan, 'schemaVersion' | 'dialect' | 'file' | 'digest' | 'jobs' | 'stages'> = {
  name: ({ name, file }) => (name === file ? null : `the name ${JSON.stringify(name)}`),
  variables: ({ variables }) => listed('variables', Object.keys(variables)),
  concurrency: ({ concurrency }) =>
    concurrency &&
    `that runs of the group ${concurrency.group} are not at the same time (${concurrency.policy})`,
  triggers: ({ triggers }) =>
    triggers.length > 0 ? `when it starts: ${triggers.map(({ event }) => event).join(', ')}` : null,
  inputs: ({ inputs }) => listed('inputs', Object.keys(inputs)),
  timeoutMs: ({ timeoutMs }) =>
    timeoutMs === null ? null : `the longest time of a run, ${formatDuration(timeoutMs)}`,
  environments: ({ environments }) => listed('environments', environments.map(named)),
  services: ({ services }) => listed('services', services.map(named)),
  waivers: ({ waivers }) =>
    listed(
      'waivers of',
      waivers.map(({ condition, expires }) => `${condition} until ${expires}`),
    ),
  calls: ({ calls }) =>
    listed(
      'what goes into and comes out of the calls of other workflows',
      (calls ?? []).map(({ id }) => id),
    ),
  protectedPaths: ({ protectedPaths }) => listed('protected paths', protectedPaths),
};

export const STAGE_WORDS: Words<PlanStage, 'place'> = {
  name: ({ name }) => (name === 'main' ? null : `the stage ${JSON.stringify(name)}`),
  dependsOn: ({ name, dependsOn }) =>
    dependsOn.length > 0 ? `that the stage ${name} is after ${dependsOn.join(', ')}` : null,
  timeoutMs: ({ name, timeoutMs }) =>
    timeoutMs === STAGE_TIMEOUT_MS || timeoutMs === DURATION_MAX_MS
      ? null
      : `the longest time of the stage ${name}, ${formatDuration(timeoutMs)}`,
};

export const JOB_WORDS: Words<PlanJob, 'id' | 'place' | 'stage'> = {
  name: ({ id, name }) => (name === id ? null : `the name ${JSON.stringify(name)}`),
  needs: ({ needs }) => listed('that it is after', needs),
  if: (job) => job.if && `the condition ${job.if.source}`,
  matrix: ({ matrix }) =>
    matrix &&
    (matrix.cells
      ? counted(matrix.cells.length, 'combination')
      : `the matrix ${matrix.expression?.source ?? ''}`) +
      (matrix.failFast ? '' : ', of which a failed one does not cancel the others') +
      (matrix.maxParallel === null ? '' : `, at most ${matrix.maxParallel} at the same time`) +
      (matrix.include.length + matrix.exclude.length > 0
        ? `, with ${JSON.stringify({ include: matrix.include, exclude: matrix.exclude })}`
        : ''),
  variables: ({ variables }) => listed('variables', Object.keys(variables)),
  secrets: ({ secrets }) =>
    listed(
      'secrets',
      secrets.map(({ name, variable }) => `${name} as ${variable}`),
    ),
  timeoutMs: ({ timeoutMs }) => `its longest time, ${formatDuration(timeoutMs)}`,
  silenceTimeoutMs: ({ silenceTimeoutMs }) =>
    silenceTimeoutMs === null
      ? null
      : `that it ends when it prints nothing for ${formatDuration(silenceTimeoutMs)}`,
  retry: ({ retry }) => retryText(retry),
  allowFailure: ({ allowFailure }) => (allowFailure ? 'that its failure lets the run go on' : null),
  concurrency: ({ concurrency }) =>
    concurrency &&
    `that jobs of the group ${concurrency.group} are not at the same time (${concurrency.policy})`,
  steps: ({ steps }) =>
    listed(
      'steps',
      steps.map(({ id }) => id),
    ),
  cleanup: ({ cleanup }) =>
    listed(
      'clean-up',
      cleanup.map(({ id }) => id),
    ),
  cleanupGraceMs: ({ cleanupGraceMs }) =>
    cleanupGraceMs === CLEANUP_GRACE_MS ? null : `the time for clean-up, ${formatDuration(cleanupGraceMs)}`,
  outputs: ({ outputs }) => listed('outputs', Object.keys(outputs)),
  repeatable: ({ repeatable }) => (repeatable ? 'that it may be started again by a resume' : null),
  language: ({ language }) => language && `the language ${language}`,
  snapshots: ({ snapshots }) => (snapshots ? 'that its workspace is kept after each step' : null),
  work: ({ work }) =>
    work &&
    `that unchanged work is skipped (inputs ${work.inputs.join(', ')}; outputs ${work.outputs.join(', ')}; ` +
      `variables ${work.variables.join(', ')}; tools ${work.tools.join(', ')})`,
  isolation: ({ isolation, container }) => {
    const { cpus, memoryBytes, processesMax, diskBytes } = isolation.limits;
    const parts = [
      isolation.mode !== null && !(isolation.mode === 'docker' && container) && `isolation ${isolation.mode}`,
      isolation.network === 'none' && 'no network',
      isolation.readable.length > 0 && `readable ${isolation.readable.join(', ')}`,
      cpus !== null && `at most ${cpus} processors`,
      memoryBytes !== null && `at most ${memoryBytes} bytes of memory`,
      processesMax !== null && `at most ${processesMax} processes`,
      diskBytes !== null && `at most ${diskBytes} bytes on the disk`,
    ].filter((part) => part !== false);
    return parts.length > 0 ? parts.join(', ') : null;
  },
  container: ({ container }) => container && `the container ${container.image}`,
  services: ({ services }) => listed('services', services.map(named)),
  caches: ({ caches }) =>
    listed(
      'caches',
      caches.map(({ key }) => key),
    ),
  downloads: ({ downloads }) =>
    listed(
      'downloads',
      downloads.map(({ artifact }) => artifact),
    ),
  artifacts: ({ artifacts }) => listed('artifacts', artifacts.map(named)),
  reports: ({ reports }) =>
    listed(
      'that reports are read:',
      reports.map(({ kind, paths }) => `${kind ?? 'report'} ${paths.join(' ')}`),
    ),
  gates: ({ gates }) => listed('gates', gates.map(named)),
  approval: ({ approval }) =>
    approval &&
    `an approval by ${approval.count} of ${approval.approvers.join(', ') || 'everyone who may'}` +
      (approval.message === null ? '' : ` (${approval.message})`),
  deploy: ({ deploy }) => deploy && `the deployment to ${deploy.environment}`,
  workflow: ({ workflow }) => workflow && jobWorkflowText(workflow),
  refusals: () => null,
};

export const STEP_WORDS: Words<PlanStep, 'id' | 'place' | 'refusal'> = {
  name: ({ name }) => `the name ${JSON.stringify(name)}`,
  run: ({ run }) => (run === '' ? null : 'its script'),
  uses: ({ uses }) => uses && 'the action',
  shell: ({ shell }) => `the shell ${shell}`,
  workingDirectory: ({ workingDirectory }) =>
    workingDirectory === '.' ? null : `where it runs, ${workingDirectory}`,
  variables: ({ variables }) => listed('variables', Object.keys(variables)),
  if: (step) => step.if && `the condition ${step.if.source}`,
  timeoutMs: ({ timeoutMs }) =>
    timeoutMs === null ? null : `its longest time, ${formatDuration(timeoutMs)}`,
  allowFailure: ({ allowFailure }) => (allowFailure ? 'that its failure lets the job go on' : null),
  retry: ({ retry }) => retryText(retry),
  repeatable: ({ repeatable }) => (repeatable ? 'that it may be started again by a resume' : null),
  tty: ({ tty }) => (tty ? 'its terminal' : null),
  work: ({ work }) => work && 'that unchanged work is skipped',
  parallelGroup: ({ parallelGroup }) =>
    parallelGroup === null ? null : 'that it runs beside the other steps of its block',
  workflow: ({ workflow }) => workflow && stepWorkflowText(workflow),
  when: ({ when }) => (when === 'on-failure' ? 'that it runs only when the job failed' : null),
};

export type PlanWord = keyof typeof PLAN_WORDS;
export type StageWord = keyof typeof STAGE_WORDS;
export type JobWord = keyof typeof JOB_WORDS;
export type StepWord = keyof typeof STEP_WORDS;

/** What a target writes instead of a word; most words: nothing. */
export type Insteads<Word extends string> = Readonly<Partial<Record<Word, string>>>;

const NOTHING = 'nothing was written instead';

/** The losses of a plan's own words: those that `expressed` does not name. */
export function planLosses(
  plan: Plan,
  expressed: readonly PlanWord[],
  instead: Insteads<PlanWord> = {},
): LossNote[] {
  return losses(PLAN_WORDS, plan, '', expressed, instead, null);
}

export function stageLosses(plan: Plan, expressed: readonly StageWord[]): LossNote[] {
  return plan.stages.flatMap((stage) =>
    losses(STAGE_WORDS, stage, 'stage.', expressed, {}, stage.place).map(({ ...note }) => note),
  );
}

export function jobLosses(
  job: PlanJob,
  expressed: readonly JobWord[],
  instead: Insteads<JobWord> = {},
): LossNote[] {
  return losses(JOB_WORDS, job, 'job.', expressed, instead, job.place).map((note) => ({
    ...note,
    message: `job ${job.id}: ${note.message}`,
  }));
}

export function stepLosses(
  step: PlanStep,
  expressed: readonly StepWord[],
  instead: Insteads<StepWord> = {},
): LossNote[] {
  return losses(STEP_WORDS, step, 'step.', expressed, instead, step.place).map((note) => ({
    ...note,
    message: `step ${step.id}: ${note.message}`,
  }));
}

function losses<T, Word extends string>(
  words: Readonly<Record<Word, (thing: T) => string | null | undefined>>,
  thing: T,
  prefix: string,
  expressed: readonly Word[],
  instead: Insteads<Word>,
  place: LossNote['place'],
): LossNote[] {
  return (Object.keys(words) as Word[]).flatMap((word) => {
    const message = expressed.includes(word) ? null : words[word](thing);
    return message
      ? [{ feature: `${prefix}${word}`, message, instead: instead[word] ?? NOTHING, place }]
      : [];
  });
}

function jobWorkflowText({
  runsOn,
  permissions,
  environment,
  call,
  dynamic = {},
}: WorkflowJob): string | null {
  const parts = [
    runsOn.length > 0 && `the machine ${runsOn.join(', ')}`,
    permissions && `the permissions ${JSON.stringify(permissions)}`,
    environment && `the environment ${environment.name} (${environment.url ?? 'no URL'})`,
    call && `the call of ${call.workflow} (${JSON.stringify([call.with, call.secrets])})`,
    ...Object.entries(dynamic).map(([name, { source }]) => `${name} by the expression ${source}`),
  ].filter((part) => typeof part === 'string');
  return parts.length > 0 ? parts.join(', ') : null;
}

function stepWorkflowText({ background, control, ...dynamic }: WorkflowStep): string | null {
  const parts = [
    background && 'that it runs in the background',
    control && (control.kind === 'wait-all' ? 'that it waits for all steps' : JSON.stringify(control)),
    ...Object.entries(dynamic).map(([name, { source }]) => `${name} by the expression ${source}`),
  ].filter((part) => typeof part === 'string');
  return parts.length > 0 ? parts.join(', ') : null;
}

function listed(what: string, names: readonly string[]): string | null {
  return names.length > 0 ? `${what} ${names.join(', ')}` : null;
}

function named({ name }: { readonly name: string }): string {
  return name;
}

function retryText({ max, delayMs, backoff, on }: RetryPolicy): string | null {
  if (max === 0) return null;
  const causes = on.map((cause) =>
    'codes' in cause
      ? `exit code ${cause.codes.join(' or ')}`
      : 'signals' in cause
        ? cause.signals.join(' or ')
        : 'pattern' in cause
          ? `output ${cause.pattern}`
          : cause.kind,
  );
  const parts = [
    counted(max, 'further attempt'),
    ...(delayMs > 0 ? [`after ${formatDuration(delayMs)}`] : []),
    ...(backoff === 1 ? [] : [`each ${backoff} times later`]),
    ...(causes.length > 0 ? [`on ${causes.join(', ')}`] : []),
  ];
  return parts.join(', ');
}
