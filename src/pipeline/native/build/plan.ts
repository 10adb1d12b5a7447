import type { Digest } from '../../../base/digest.ts';
import type { Plan } from '../../plan.ts';
import { child, type MapNode, type Span } from '../node.ts';
import { type Problems, shown } from '../problem.ts';
import { headOf } from '../read.ts';
import type { PipelineDefinition } from '../schema/pipeline.ts';
import { type Template, Templates } from '../template.ts';
import { plainValue, without } from '../value.ts';
import type { BuildContext, JobSource } from './context.ts';
import { definitionsOf } from './definition.ts';
import { orderJobs } from './order.ts';
import { checkReferences } from './reference.ts';
import { draftStage, jobSources, mainStage } from './stage.ts';
import { concurrencyOf, durationMs, texts } from './text.ts';
import { inputsOf, triggersOf } from './trigger.ts';
import { waiversOf } from './waiver.ts';

/** What a plan is made from; each tree was checked by itself. */
export interface PlanSources {
  /** The main file's first. */
  readonly trees: readonly MapNode[];
  /** Of files with environments and services only. */
  readonly definitions: readonly MapNode[];
  readonly waivers: MapNode | null;
}

/** The plan of a pipeline. Problems between its files are reported. */
export function buildPlan(sources: PlanSources, digest: Digest, problems: Problems): Plan {
  const { trees } = sources;
  const main = trees[0]!;
  const pipeline = plainValue(without(main, LARGE_KEYS)) as PipelineDefinition;
  const context = contextOf(sources, pipeline, problems);
  const drafts = draftStages(trees, context);
  const { stages, jobs } = orderJobs(drafts, problems);
  const inputs = inputsOf(pipeline, context);
  const written = drafts.flatMap((draft) => draft.jobs);
  checkReferences(written, jobs, Object.keys(inputs), problems);
  for (const template of context.templates.unused(main.source.file)) {
    problems.warn(
      'unused-template',
      template.keySpan,
      `no job extends the template ${shown(template.name)}`,
      { suggestion: 'remove it' },
    );
  }
  for (const [name, at] of context.secrets ?? []) {
    if (!context.secretsUsed.has(name)) {
      problems.warn('unused-secret', at, `no job asks for the secret ${shown(name)}`, {
        suggestion: `add \`secrets: [${name}]\` to the job that needs it`,
      });
    }
  }
  return {
    schemaVersion: 1,
    dialect: 'sluice',
    name: pipeline.name ?? nameOfFile(main.source.file),
    file: main.source.file,
    digest,
    variables: joinedVariables(trees),
    concurrency: concurrencyOf(pipeline.concurrency),
    stages,
    jobs,
    triggers: triggersOf(pipeline, context),
    inputs,
    timeoutMs: durationMs(pipeline.timeout, null),
    environments: context.definitions.environments ?? [],
    services: context.definitions.services ?? [],
    waivers: waiversOf(sources.waivers),
    protectedPaths: pipeline.protected_paths ?? [],
  };
}

/** Keys that are made into values part by part. */
const LARGE_KEYS = ['stages', 'jobs', 'templates', 'environments', 'services'];

/** A pipeline's name when it has none: its file's, without folder and ending. */
export function nameOfFile(file: string): string {
  return file
    .split('/')
    .at(-1)!
    .replace(/\.(ya?ml|ts|js|mjs)$/, '');
}

function contextOf(
  { trees, definitions }: PlanSources,
  pipeline: PipelineDefinition,
  problems: Problems,
): BuildContext {
  const secrets = child(trees[0]!, 'secrets');
  const declared = new Map<string, Span>();
  if (secrets?.kind === 'list')
    for (const item of secrets.items) if (item.kind === 'scalar') declared.set(String(item.value), item);
  const declaredSecrets = { secrets: secrets ? declared : null, secretsUsed: new Set<string>() };
  return {
    problems,
    templates: new Templates(collectTemplates(trees, problems), problems),
    defaults: pipeline.defaults ?? {},
    snapshots: pipeline.snapshots ?? false,
    ...declaredSecrets,
    definitions: definitionsOf([...trees, ...definitions], declaredSecrets, problems),
  };
}

function collectTemplates(trees: readonly MapNode[], problems: Problems): Template[] {
  const found = new Map<string, Template>();
  for (const tree of trees) {
    const templates = child(tree, 'templates');
    if (templates?.kind !== 'map') continue;
    for (const entry of templates.entries) {
      if (entry.value.kind !== 'map') continue;
      const before = found.get(entry.key);
      if (before) {
        problems.error('duplicate-id', entry.keySpan, `two templates are called ${shown(entry.key)}`, {
          related: [{ message: 'the first one is here', at: before.keySpan }],
          suggestion: 'give one of them another name',
        });
      }
      found.set(entry.key, { name: entry.key, keySpan: entry.keySpan, node: entry.value });
    }
  }
  return [...found.values()];
}

function draftStages(trees: readonly MapNode[], context: BuildContext) {
  const stages = trees.flatMap((tree) => {
    const list = child(tree, 'stages');
    return list?.kind === 'list' ? list.items : [];
  });
  const jobs: JobSource[] = trees.flatMap((tree) => jobSources(child(tree, 'jobs')));
  const main = trees[0]!;
  const dropped = trees.some((tree) =>
    (tree.dropped ?? []).some((key) => key === 'stages' || key === 'jobs'),
  );
  if (stages.length === 0 && jobs.length === 0 && !dropped && !context.problems.errors) {
    context.problems.error(
      'empty-pipeline',
      headOf(main),
      'the pipeline has no jobs: expected `stages` or `jobs`',
      {
        suggestion: 'write at least one job, such as `jobs: {test: {commands: ["npm test"]}}`',
      },
    );
  }
  const drafts = stages.map((stage) => draftStage(stage, context));
  if (jobs.length === 0) return drafts;
  const at = jobs[0]!.key?.span ?? headOf(jobs[0]!.node);
  if (stages.length > 0) {
    context.problems.error(
      'stages-and-jobs',
      at,
      'the pipeline has `stages`, so its jobs belong into one of them',
      { suggestion: 'move `jobs` into a stage' },
    );
  }
  return [...drafts, mainStage(jobs, at, context)];
}

/** Variables of all files; what the main file says wins. */
function joinedVariables(trees: readonly MapNode[]): Record<string, string> {
  const all = trees.toReversed().map((tree) => {
    const variables = child(tree, 'variables');
    return variables ? texts(plainValue(variables) as Record<string, string>) : {};
  });
  return Object.assign({}, ...all);
}
