import type { Expression, PlanJob, PlanStep } from '../../plan.ts';
import { PLAIN_JOB } from '../../plan-default.ts';
import { entryOf, type MapNode, placeOf, type Span } from '../node.ts';
import { shown } from '../problem.ts';
import { headOf } from '../read.ts';
import { idProblem, nameProblem } from '../schema/text.ts';
import { nodeAt, plainValue } from '../value.ts';
import { approvalOf } from './approval.ts';
import { artifactsOf, downloadsOf } from './artifact.ts';
import { cachesOf } from './cache.ts';
import type { BuildContext, JobSource } from './context.ts';
import type { LocatedDownload } from './download.ts';
import { gatesOf } from './gate.ts';
import { containerOf, isolationOf, jobServicesOf } from './isolation.ts';
import { matrixOf } from './matrix.ts';
import { type Reference, referencesOf } from './reference.ts';
import { refusalsOf } from './refusal.ts';
import { reportsOf } from './report.ts';
import { NO_RETRY, retryOf } from './retry.ts';
import { grantsOf, reportUnaskedSecrets } from './secret.ts';
import { cleanupOf, type JobDefinition, stepsOf } from './step.ts';
import { bothConditions, concurrencyOf, conditionOf, durationMs, listOf, texts } from './text.ts';
import { workOf } from './work.ts';

/** What a job gets from its stage. */
export interface StageSetting {
  readonly name: string;
  readonly timeoutMs: number;
  readonly variables: Readonly<Record<string, string>>;
  readonly if: Expression | null;
  readonly allowFailure: boolean;
}

/** A planned job whose `needs` are still as they were written. */
export interface DraftJob {
  readonly job: PlanJob;
  /** Where the job's name stands. */
  readonly at: Span;
  readonly needs: readonly { readonly name: string; readonly at: Span }[];
  readonly downloads: readonly LocatedDownload[];
  readonly references: readonly Reference[];
}

/** One job with its templates applied; null when it has no usable name (which is reported). */
export function draftJob(source: JobSource, stage: StageSetting, context: BuildContext): DraftJob | null {
  if (source.node.kind !== 'map') return null;
  const node = context.templates.apply(source.node);
  const definition = plainValue(node) as JobDefinition;
  const identity = identityOf(source, definition, node, context);
  const defaults = {
    shell: definition.shell ?? context.defaults.shell ?? 'sh',
    workingDirectory: definition.working_directory ?? context.defaults.working_directory ?? '.',
  };
  checkWork(definition, node, identity?.id ?? 'the job', context);
  const cleanup = cleanupOf(definition, defaults, context.problems);
  const downloads = downloadsOf(definition);
  const declarations = declarationsOf(definition, identity?.id ?? 'job', defaults, context);
  const parts = {
    matrix: matrixOf(definition, context),
    secrets: grantsOf(definition, context),
    steps: stepsOf(definition, defaults, context.problems),
  };
  const beside = parts.steps.filter(({ parallelGroup }) => parallelGroup !== null);
  warnOfInputs(beside, 'a step that runs beside others is done each time', context);
  warnOfInputs(cleanup.steps, 'a step for clean-up is done each time', context);
  reportUnaskedSecrets(node, parts.secrets, context.problems);
  if (!identity) return null;
  const needs = listOf(definition.needs).map((name, index) => ({
    name,
    at: Array.isArray(definition.needs) ? nodeAt(definition.needs, index) : nodeAt(definition, 'needs'),
  }));
  const job: PlanJob = {
    id: identity.id,
    name: identity.name,
    stage: stage.name,
    needs: [],
    if: bothConditions(stage.if, conditionOf(definition)),
    ...parts,
    variables: { ...stage.variables, ...texts(definition.env) },
    timeoutMs: durationMs(definition.timeout ?? context.defaults.timeout, stage.timeoutMs),
    silenceTimeoutMs: durationMs(definition.silence_timeout, null),
    retry: retryOf(definition.retry ?? definition.retry_count ?? context.defaults.retry) ?? NO_RETRY,
    allowFailure: definition.allow_failure ?? stage.allowFailure,
    concurrency: concurrencyOf(definition.concurrency),
    cleanup: cleanup.steps,
    cleanupGraceMs: cleanup.graceMs,
    outputs: outputValues(definition.outputs),
    repeatable: definition.repeatable ?? false,
    language: definition.language ?? null,
    ...declarations,
    snapshots: definition.snapshots ?? context.snapshots,
    downloads: downloads.map(({ download }) => download),
    approval: approvalOf(definition, context.problems),
    deploy: null,
    workflow: null,
    refusals: refusalsOf(definition),
    place: placeOf(identity.at),
  };
  return { job, at: identity.at, needs, downloads, references: referencesOf(node) };
}

/** What a job declares beside its steps. Most jobs declare nothing, and share one answer. */
function declarationsOf(
  job: JobDefinition,
  id: string,
  defaults: { readonly shell: string; readonly workingDirectory: string },
  context: BuildContext,
) {
  if (DECLARATIONS.every((key) => job[key] === undefined)) return PLAIN_JOB;
  return {
    work: workOf(job, context.problems),
    isolation: isolationOf(job, context),
    container: containerOf(job, context),
    services: jobServicesOf(job, defaults, context.problems),
    caches: cachesOf(job, context),
    artifacts: artifactsOf(job, id, context),
    reports: reportsOf(job),
    gates: gatesOf(job, context.problems),
  };
}

const DECLARATIONS = [
  'inputs',
  'outputs',
  'output_files',
  'isolation',
  'network',
  'limits',
  'image',
  'container',
  'services',
  'cache',
  'artifacts',
  'reports',
  'gates',
] as const;

/** What runs beside other steps, or after all of them, is done whatever its inputs are. */
function warnOfInputs(steps: readonly PlanStep[], why: string, context: BuildContext): void {
  for (const { work } of steps) {
    if (work === null) continue;
    context.problems.placed('warning', 'no-effect', work.place, `\`inputs\` have no effect here: ${why}`);
  }
}

/** Output values; a list under `outputs` names files instead. */
function outputValues(outputs: JobDefinition['outputs']): Record<string, string> {
  return typeof outputs === 'object' && !Array.isArray(outputs) ? texts(outputs) : {};
}

/** The id that a name gives: the name with `-` for spaces, in Unicode's composed form. */
export function idOfName(name: string): string {
  return name.trim().normalize('NFC').replace(/\s+/g, '-');
}

function identityOf(
  source: JobSource,
  job: JobDefinition,
  node: MapNode,
  context: BuildContext,
): { id: string; name: string; at: Span } | null {
  const { problems } = context;
  const own = (key: string) => entryOf(source.node, key)?.value;
  if (source.key) {
    const id = idOfName(source.key.id);
    const given = own('id');
    if (given && job.id !== source.key.id) {
      problems.error(
        'two-ids',
        given,
        `the job is called ${shown(source.key.id)} by its key and ${shown(job.id)} by its \`id\``,
        { suggestion: 'remove the `id`' },
      );
    }
    return { id, name: job.name ?? source.key.id, at: source.key.span };
  }
  const at = own('id') ?? own('name');
  if (at?.kind !== 'scalar') {
    const broken =
      source.node.kind === 'map' && (source.node.dropped ?? []).some((key) => key === 'name' || key === 'id');
    if (!broken)
      problems.error('missing-key', headOf(node), 'a job in a list needs the key `name`', {
        suggestion: 'write it, for example `name: unit-tests`',
      });
    return null;
  }
  const text = String(at.value);
  // What is wrong with every name was reported when it was read.
  const problem = nameProblem(text) === null ? idProblem(text) : null;
  if (problem && !own('id')) {
    problems.error('bad-name', at, `the job name ${shown(text)} ${problem}`, {
      suggestion: 'choose another name, or give the job an `id` beside it',
    });
  }
  return { id: idOfName(text), name: job.name ?? text, at };
}

/** A job has exactly one of `commands`, `steps` and `run`, or a `language`. */
function checkWork(job: JobDefinition, node: MapNode, id: string, context: BuildContext): void {
  const { problems } = context;
  const kinds = (['commands', 'steps', 'run', 'approval'] as const).filter((key) => job[key] !== undefined);
  if (kinds.length > 1) {
    problems.error(
      'two-kinds-of-work',
      nodeAt(job, kinds[1]!),
      `${shown(id)} has \`${kinds[0]}\` and \`${kinds[1]}\`, but a job has one of them`,
      {
        suggestion: kinds.includes('approval')
          ? 'make the approval a job of its own, which this one needs'
          : 'put all of it under `steps`',
      },
    );
  }
  if (job.retry !== undefined && job.retry_count !== undefined) {
    problems.error('duplicate-key', nodeAt(job, 'retry_count'), '`retry` and `retry_count` are the same', {
      suggestion: 'keep `retry`',
    });
  }
  const broken = (node.dropped ?? []).some((key) =>
    ['commands', 'steps', 'run', 'language', 'approval', 'gates'].includes(key),
  );
  // A job may only judge what the jobs before it reported.
  if (kinds.length === 0 && job.language === undefined && job.gates === undefined && !broken) {
    problems.error('nothing-to-run', headOf(node), `${shown(id)} has nothing to run`, {
      suggestion: 'add `commands`, `steps` or `run`',
    });
  }
}
