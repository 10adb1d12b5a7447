import type * as z from 'zod';
import { artifactSchema } from './artifact.ts';
import { cacheSchema } from './cache.ts';
import { concurrencySchema } from './concurrency.ts';
import { containerSchema } from './container.ts';
import {
  environmentSchema,
  freezeSchema,
  hostSchema,
  promotionSchema,
  protectionSchema,
  resourcesSchema,
  windowSchema,
} from './environment.ts';
import { gateSchema } from './gate.ts';
import { healthCheckKindsSchema, healthCheckSchema } from './health-check.ts';
import { includeSchema } from './include.ts';
import { inputSchema } from './input.ts';
import { jobSchema } from './job.ts';
import { matrixSchema } from './matrix.ts';
import { defaultsSchema, pipelineSchema } from './pipeline.ts';
import { reportSchema } from './report.ts';
import { retryCauseSchema, retrySchema } from './retry.ts';
import { migrationSchema, serviceSchema } from './service.ts';
import { stageSchema } from './stage.ts';
import { cleanupSchema, parallelSchema, stepSchema } from './step.ts';
import { strategySchema } from './strategy.ts';
import { manualSchema, triggerSchema } from './trigger.ts';

/** A mapping of the language, as a chapter of the manual. */
export interface Section {
  readonly title: string;
  readonly text: string;
  readonly schema: z.ZodObject;
}

/** All mappings of the language, in the order of the manual. A test finds any that is missing. */
export const SECTIONS: readonly Section[] = [
  {
    title: 'Pipeline',
    text: 'The file itself. It has `stages`, or `jobs` when one stage is enough.',
    schema: pipelineSchema,
  },
  {
    title: 'Trigger',
    text: 'Under `trigger` (or `on`). One event or a list of events may stand there, too: `on: push`.',
    schema: triggerSchema,
  },
  {
    title: 'Manual trigger',
    text: 'Under `trigger.manual`; `true` does when there are no inputs.',
    schema: manualSchema,
  },
  {
    title: 'Input',
    text: 'Under `inputs`, by name. A plain value is the default: `inputs: {target: staging}`.',
    schema: inputSchema,
  },
  { title: 'Defaults', text: 'Under `defaults`.', schema: defaultsSchema },
  {
    title: 'Include',
    text: 'An entry of `include`; a path alone does, too. An included file may have `variables`, `templates`, `include`, `stages`, `jobs`, `environments` and `services`. In it, `${{ params.NAME }}` is replaced by the value under `with` when the file is read. Paths start at the root of the repository; URLs and links that leave it are refused.',
    schema: includeSchema,
  },
  {
    title: 'Stage',
    text: 'An entry of `stages`. Stages without `depends_on` start at once.',
    schema: stageSchema,
  },
  {
    title: 'Job',
    text: 'An entry of `jobs`, in a list (`- name: test`) or under its id (`test:`). A job has `commands`, `steps` or `run`. A template under `templates` is a job of which anything may be missing.',
    schema: jobSchema,
  },
  { title: 'Step', text: 'An entry of `steps`; a command alone does, too.', schema: stepSchema },
  { title: 'Parallel steps', text: 'An entry of `steps`.', schema: parallelSchema },
  {
    title: 'Clean-up',
    text: 'Under `cleanup` of a job; a list of steps means `always`.',
    schema: cleanupSchema,
  },
  {
    title: 'Matrix',
    text: 'Under `matrix` of a job. One expression may stand there instead: `matrix: ${{ fromJSON(needs.setup.outputs.matrix) }}`; an axis may be an expression, too.',
    schema: matrixSchema,
  },
  { title: 'Retry', text: 'Under `retry`; a number alone is `max`.', schema: retrySchema },
  {
    title: 'Retry cause',
    text: 'An entry of `retry.on`, beside the words `timeout` and `lost`.',
    schema: retryCauseSchema,
  },
  {
    title: 'Concurrency',
    text: 'Under `concurrency` of a pipeline or a job; a text alone is the group.',
    schema: concurrencySchema('pipeline'),
  },
  {
    title: 'Report',
    text: 'An entry of `reports` of a job. This version checks reports and refuses to run the job.',
    schema: reportSchema,
  },
  {
    title: 'Artifact',
    text: 'An entry of `artifacts` of a job. This version checks artifacts and refuses to run the job.',
    schema: artifactSchema,
  },
  {
    title: 'Cache',
    text: 'Under `cache` of a job, or an entry of a list there. This version checks caches and refuses to run the job.',
    schema: cacheSchema,
  },
  {
    title: 'Gate',
    text: 'An entry of `gates`; the name of a preset does, too. This version checks gates and refuses to judge them.',
    schema: gateSchema,
  },
  {
    title: 'Container',
    text: 'Under `container` of a job, and by name under `services`. This version checks containers and refuses to run the job.',
    schema: containerSchema,
  },
  {
    title: 'Environment',
    text: 'Under `environments`, by name, or in a list with `name`. This version checks environments and refuses to deploy.',
    schema: environmentSchema,
  },
  { title: 'Host', text: 'An entry of `hosts`; a name alone does, too.', schema: hostSchema },
  {
    title: 'Health check',
    text: 'An entry of `health_checks`. It has exactly one of `http`, `tcp` and `command`.',
    schema: healthCheckSchema,
  },
  {
    title: 'Kinds of health checks',
    text: 'Under `health_checks`, instead of a list.',
    schema: healthCheckKindsSchema,
  },
  { title: 'Protection', text: 'Under `protection` of an environment.', schema: protectionSchema },
  { title: 'Window', text: 'An entry of `protection.windows`.', schema: windowSchema },
  { title: 'Freeze', text: 'An entry of `protection.freezes`.', schema: freezeSchema },
  { title: 'Promotion', text: 'Under `promotion` of an environment.', schema: promotionSchema },
  { title: 'Resources', text: 'Under `resources` of an environment or a service.', schema: resourcesSchema },
  {
    title: 'Strategy',
    text: 'Under `strategy`; the type alone does, too: `strategy: rolling`.',
    schema: strategySchema,
  },
  {
    title: 'Service',
    text: 'Under `services` of the pipeline, by name, or in a list with `name`.',
    schema: serviceSchema,
  },
  { title: 'Migrations', text: 'Under `migrations` of a service.', schema: migrationSchema },
];
