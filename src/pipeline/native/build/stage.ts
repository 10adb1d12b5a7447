import type * as z from 'zod';
import type { DeployRequest, PlanJob, PlanStage, Refusal } from '../../plan.ts';
import { PLAIN_JOB } from '../../plan-default.ts';
import { child, type Node, placeOf, type Span } from '../node.ts';
import { shown } from '../problem.ts';
import { headOf } from '../read.ts';
import type { stageSchema } from '../schema/stage.ts';
import { nodeAt, plainValue, without } from '../value.ts';
import { approvalOf } from './approval.ts';
import type { BuildContext, JobSource } from './context.ts';
import { gatesOf } from './gate.ts';
import { type DraftJob, draftJob, idOfName, type StageSetting } from './job.ts';
import { NO_RETRY } from './retry.ts';
import { strategyOf } from './strategy.ts';
import { conditionOf, durationMs, listOf, texts } from './text.ts';

type StageDefinition = z.input<typeof stageSchema>;

/** A stage with its jobs, whose needs and final job are not known yet. */
export interface DraftStage {
  readonly stage: PlanStage;
  readonly at: Span;
  readonly dependsOn: readonly { readonly name: string; readonly at: Span }[];
  readonly jobs: readonly DraftJob[];
  /** Jobs run one after another. */
  readonly sequential: boolean;
  /** What comes before the jobs: an approval. */
  readonly first: ExtraJob | null;
  /** What comes after the jobs, one after another: gates, then a deployment. */
  readonly last: readonly ExtraJob[];
}

/** A job that nobody wrote as one. Its id is chosen when all other ids are known. */
export interface ExtraJob {
  readonly suffix: 'approval' | 'gates' | 'deploy';
  readonly at: Span;
  make(id: string): PlanJob;
}

const STAGE_TIMEOUT_MS = 3_600_000;
/** A deployment has deadlines of its own; people may take a week to agree. */
const DEPLOY_TIMEOUT_MS = 30 * 86_400_000;

export function draftStage(node: Node, context: BuildContext): DraftStage {
  const definition = plainValue(without(node, ['jobs'])) as StageDefinition;
  const setting: StageSetting = {
    name: definition.name,
    timeoutMs: durationMs(definition.timeout, STAGE_TIMEOUT_MS),
    variables: variablesOf(definition, context),
    if: conditionOf(definition),
    allowFailure: definition.allow_failure ?? false,
  };
  const at = nodeAt(definition, 'name');
  const jobs = draftJobs(child(node, 'jobs'), setting, context);
  const dependsOn = listOf(definition.depends_on).map((name, index) => ({
    name,
    at: Array.isArray(definition.depends_on)
      ? nodeAt(definition.depends_on, index)
      : nodeAt(definition, 'depends_on'),
  }));
  const first = approvalJob(definition, setting, context);
  const last = lastJobs(definition, node, setting, context);
  const broken =
    node.kind === 'map' && (node.dropped ?? []).some((key) => key === 'jobs' || key === 'environment');
  const jobCount = child(node, 'jobs');
  const written =
    jobCount?.kind === 'list'
      ? jobCount.items.length
      : jobCount?.kind === 'map'
        ? jobCount.entries.length
        : 0;
  if (written === 0 && !first && last.length === 0 && !broken) {
    context.problems.error('empty-stage', at, `the stage ${shown(definition.name)} has no jobs`, {
      suggestion: 'add `jobs`, or `environment` when it deploys',
    });
  }
  const deploys = typeof definition.environment === 'string';
  const timeoutMs = deploys ? durationMs(definition.timeout, DEPLOY_TIMEOUT_MS) : setting.timeoutMs;
  const stage = { name: definition.name, dependsOn: [], timeoutMs, place: placeOf(at) };
  return { stage, at, dependsOn, jobs, sequential: definition.parallel === false, first, last };
}

/** The stage `main` of a pipeline that has jobs only. */
export function mainStage(jobs: readonly JobSource[], at: Span, context: BuildContext): DraftStage {
  const setting: StageSetting = {
    name: 'main',
    timeoutMs: STAGE_TIMEOUT_MS,
    variables: {},
    if: null,
    allowFailure: false,
  };
  const drafts = jobs.flatMap((job) => draftJob(job, setting, context) ?? []);
  const stage = { name: 'main', dependsOn: [], timeoutMs: STAGE_TIMEOUT_MS, place: placeOf(at) };
  return { stage, at, dependsOn: [], jobs: drafts, sequential: false, first: null, last: [] };
}

/** Jobs of a list or a mapping. */
export function jobSources(jobs: Node | undefined): JobSource[] {
  if (jobs?.kind === 'list') return jobs.items.map((node) => ({ key: null, node }));
  if (jobs?.kind === 'map')
    return jobs.entries.map((entry) => ({ key: { id: entry.key, span: entry.keySpan }, node: entry.value }));
  return [];
}

function draftJobs(jobs: Node | undefined, setting: StageSetting, context: BuildContext): DraftJob[] {
  return jobSources(jobs).flatMap((source) => draftJob(source, setting, context) ?? []);
}

function variablesOf(definition: StageDefinition, context: BuildContext): Record<string, string> {
  const { environment, variables } = definition;
  if (typeof environment === 'object' && variables !== undefined) {
    context.problems.error(
      'duplicate-key',
      headOf(nodeAt(definition, 'environment')),
      '`environment` with a mapping and `variables` are the same',
      { suggestion: 'join them under `variables`' },
    );
  }
  return { ...texts(typeof environment === 'object' ? environment : undefined), ...texts(variables) };
}

const DEPLOY_KEYS = ['strategy', 'rollback_on_failure', 'service', 'artifact'] as const;

function approvalJob(
  definition: StageDefinition,
  setting: StageSetting,
  context: BuildContext,
): ExtraJob | null {
  const approval = approvalOf(definition, context.problems);
  if (!approval) return null;
  const at = headOf(nodeAt(definition, 'approval'));
  return {
    suffix: 'approval',
    at,
    make: (id) => bareJob(id, `Approval of ${setting.name}`, setting, { approval }, at),
  };
}

function gatesJob(
  definition: StageDefinition,
  setting: StageSetting,
  context: BuildContext,
): ExtraJob | null {
  if (definition.gates === undefined) return null;
  const at = headOf(nodeAt(definition, 'gates'));
  const parts = { gates: gatesOf(definition, context.problems) };
  return {
    suffix: 'gates',
    at,
    make: (id) => bareJob(id, `Gates of ${setting.name}`, setting, parts, at),
  };
}

function lastJobs(
  definition: StageDefinition,
  node: Node,
  setting: StageSetting,
  context: BuildContext,
): ExtraJob[] {
  const gates = gatesJob(definition, setting, context);
  const deploy = deployJob(definition, node, setting, context);
  return [gates, deploy].filter((job) => job !== null);
}

function deployJob(
  definition: StageDefinition,
  node: Node,
  setting: StageSetting,
  context: BuildContext,
): ExtraJob | null {
  const environment = typeof definition.environment === 'string' ? definition.environment : null;
  if (environment === null) {
    for (const key of DEPLOY_KEYS) {
      if (definition[key] === undefined || (node.kind === 'map' && node.dropped?.includes('environment')))
        continue;
      context.problems.error(
        'no-environment',
        headOf(nodeAt(definition, key)),
        `\`${key}\` has no effect in the stage ${shown(definition.name)}, because it does not deploy`,
        {
          suggestion: 'add `environment: NAME`, or remove it',
        },
      );
    }
    return null;
  }
  const at = nodeAt(definition, 'environment');
  checkTarget(definition, environment, at, context);
  const deploy: DeployRequest = {
    environment,
    strategy: strategyOf(definition, context.problems),
    rollbackOnFailure: definition.rollback_on_failure ?? true,
    service: definition.service ?? null,
    artifact: definition.artifact ?? null,
  };
  const parts = { deploy, refusals: deployRefusals(environment, at, context) };
  const own = { ...setting, timeoutMs: durationMs(definition.timeout, DEPLOY_TIMEOUT_MS) };
  return {
    suffix: 'deploy',
    at,
    make: (id) => bareJob(id, `Deploy to ${environment}`, own, parts, at),
  };
}

/** What is missing for a deployment: files that define nothing to deploy still say what they would do. */
function deployRefusals(environment: string, at: Span, { definitions }: BuildContext): Refusal[] {
  const feature = 'environment';
  const place = placeOf(at);
  if (!definitions.environments?.some(({ name }) => name === environment)) {
    const message = `the environment \`${environment}\` is not defined in this pipeline; define it below \`environments:\``;
    return [{ feature, message, place }];
  }
  if (definitions.services?.length) return [];
  const message = `there is nothing to deploy to the environment \`${environment}\`; define it below \`services:\``;
  return [{ feature, message, place }];
}

function checkTarget(
  definition: StageDefinition,
  environment: string,
  at: Span,
  context: BuildContext,
): void {
  const { definitions, problems } = context;
  const environments = definitions.environments?.map(({ name }) => name);
  const services = definitions.services?.map(({ name }) => name);
  if (!environments) {
    problems.warn(
      'unknown-environment',
      at,
      `the environment ${shown(environment)} is not defined in this pipeline`,
      {
        suggestion: `define it: \`environments: {${environment}: {host: ...}}\``,
      },
    );
  } else if (!environments.includes(environment)) {
    const near = problems.near(environment, environments);
    problems.error('unknown-environment', at, `there is no environment ${shown(environment)}`, {
      suggestion: near ? `did you mean \`${near}\`?` : `the pipeline defines ${environments.join(', ')}`,
    });
  }
  if (definition.service !== undefined && services && !services.includes(definition.service)) {
    const near = problems.near(definition.service, services);
    problems.error(
      'unknown-service',
      nodeAt(definition, 'service'),
      `there is no service ${shown(definition.service)}`,
      {
        suggestion: near ? `did you mean \`${near}\`?` : `the pipeline defines ${services.join(', ')}`,
      },
    );
  }
}

/** A job without steps, which stands for something that this version does not perform. */
function bareJob(
  id: string,
  name: string,
  setting: StageSetting,
  parts: Partial<Pick<PlanJob, 'approval' | 'gates' | 'deploy' | 'refusals'>>,
  at: Span,
): PlanJob {
  return {
    id: idOfName(id),
    name,
    stage: setting.name,
    needs: [],
    if: setting.if,
    matrix: null,
    variables: setting.variables,
    secrets: [],
    timeoutMs: setting.timeoutMs,
    silenceTimeoutMs: null,
    retry: NO_RETRY,
    allowFailure: setting.allowFailure,
    concurrency: null,
    steps: [],
    cleanup: [],
    cleanupGraceMs: 30_000,
    outputs: {},
    repeatable: false,
    language: null,
    ...PLAIN_JOB,
    ...parts,
    place: placeOf(at),
  };
}
