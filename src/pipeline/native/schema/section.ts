import type * as z from 'zod';
import {
  analysisSchema,
  metricCheckSchema,
  sourceSchema,
  standardCheckSchema,
  triggerSourceSchema,
} from './analysis.ts';
import { approvalFieldSchema, approvalSchema } from './approval.ts';
import { artifactSchema, downloadSchema } from './artifact.ts';
import { cacheSchema } from './cache.ts';
import { concurrencySchema } from './concurrency.ts';
import {
  commandServiceSchema,
  containerSchema,
  containerServiceSchema,
  credentialsSchema,
} from './container.ts';
import {
  deployCommandSchema,
  environmentSchema,
  freezeSchema,
  hostSchema,
  promotionSchema,
  protectionSchema,
  registrySchema,
  resourcesSchema,
  windowSchema,
} from './environment.ts';
import {
  gateExceptionSchema,
  gateSchema,
  severitiesSchema,
  waiverMatchSchema,
  waiverSchema,
} from './gate.ts';
import { healthCheckKindsSchema, healthCheckSchema } from './health-check.ts';
import { includeSchema } from './include.ts';
import { inputSchema } from './input.ts';
import { isolationSchema, limitsSchema } from './isolation.ts';
import { jobSchema } from './job.ts';
import { matrixSchema } from './matrix.ts';
import { defaultsSchema, pipelineSchema } from './pipeline.ts';
import { reportSchema } from './report.ts';
import { retryCauseSchema, retrySchema } from './retry.ts';
import { rollbackSchema } from './rollback.ts';
import { migrationSchema, serviceSchema } from './service.ts';
import { stageSchema } from './stage.ts';
import { cleanupSchema, parallelSchema, stepSchema } from './step.ts';
import { strategySchema, trafficMatchSchema } from './strategy.ts';
import { routerSchema, targetSchema } from './target.ts';
import { manualSchema, triggerSchema } from './trigger.ts';
import { workInputSchema } from './work.ts';

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
    title: 'Work inputs',
    text: 'Under `inputs` of a job or a step; a list of files does, too. The commands, their variables and the results of the jobs before count always. A job whose work was done before is not done again: its artifacts, values, log and reports are taken over. Its workspace holds the declared files and nothing else, no `.git` either. A step looks at the files as the steps before it left them; when its work was done before, its output files, values and log are taken over.',
    schema: workInputSchema,
  },
  {
    title: 'Report',
    text: 'An entry of `reports` of a job; a file alone, or a mapping from kind to file (`{junit: report.xml}`), does, too. They are read after the steps, whatever became of them, and kept with the run.',
    schema: reportSchema,
  },
  {
    title: 'Artifact',
    text: 'An entry of `artifacts` of a job. Files alone are one artifact, called like the job.',
    schema: artifactSchema,
  },
  {
    title: 'Download',
    text: 'An entry of `downloads` of a job; the name of an artifact does, too.',
    schema: downloadSchema,
  },
  {
    title: 'Cache',
    text: 'Under `cache` of a job, or an entry of a list there.',
    schema: cacheSchema,
  },
  {
    title: 'Gate',
    text: 'An entry of `gates`; the name of a preset does, too. Of a job they are judged on its own reports; of a stage on all reports so far, before it deploys.',
    schema: gateSchema,
  },
  {
    title: 'Severities',
    text: 'Under `severities` of a gate.',
    schema: severitiesSchema,
  },
  {
    title: 'Gate exception',
    text: 'Under `unless` of a gate, or an entry of a list there.',
    schema: gateExceptionSchema,
  },
  {
    title: 'Waiver',
    text: 'An entry of `waivers` in the waivers file (`.sluice/waivers.yaml`). A failure that is accepted for a while.',
    schema: waiverSchema,
  },
  {
    title: 'Waiver match',
    text: 'Under `match` of a waiver. Everything that is given must be so.',
    schema: waiverMatchSchema,
  },
  {
    title: 'Approval',
    text: 'Under `approval` of a job, which then waits for people and runs nothing, or of a stage, whose jobs then wait. `true` is one approval, a number is how many. The page [Approvals](approvals.md) says what comes of it.',
    schema: approvalSchema,
  },
  {
    title: 'Approval field',
    text: 'Under `form` of an approval, by name; a question alone does, too.',
    schema: approvalFieldSchema,
  },
  {
    title: 'Isolation',
    text: 'Under `isolation` of a job; the mode alone does, too.',
    schema: isolationSchema,
  },
  { title: 'Limits', text: 'Under `limits` of a job.', schema: limitsSchema },
  {
    title: 'Container',
    text: 'Under `container` of a job; an image alone does, too.',
    schema: containerSchema,
  },
  { title: 'Credentials', text: 'Under `credentials` of a container.', schema: credentialsSchema },
  {
    title: 'Container beside a job',
    text: 'Under `services` of a job, by name; an image alone does, too.',
    schema: containerServiceSchema,
  },
  {
    title: 'Command beside a job',
    text: 'Under `services` of a job, by name: a service without a container.',
    schema: commandServiceSchema,
  },
  {
    title: 'Environment',
    text: 'Under `environments`, by name, or in a list with `name`. Pipelines of one repository can share them: the file `.sluice/environments.yaml` is read when it is there. What is deployed there, and how it goes out and comes back, is told in docs/deployments.md.',
    schema: environmentSchema,
  },
  { title: 'Host', text: 'An entry of `hosts`; a name alone does, too.', schema: hostSchema },
  {
    title: 'Registry',
    text: 'Under `registry` of an environment; a name alone does, too.',
    schema: registrySchema,
  },
  {
    title: 'Health check',
    text: 'An entry of `health_checks`, or under `health_check` of a service of a job. It has exactly one of `http`, `tcp` and `command`.',
    schema: healthCheckSchema('deploy'),
  },
  {
    title: 'Kinds of health checks',
    text: 'Under `health_checks`, instead of a list.',
    schema: healthCheckKindsSchema,
  },
  {
    title: 'Deploy command',
    text: 'An entry of `pre_deploy_hooks`, `post_deploy_hooks` and `smoke_tests`; a command alone does, too. `deploy.version` and the like say what is deployed.',
    schema: deployCommandSchema,
  },
  {
    title: 'Target',
    text: 'Under `target` of an environment; the kind alone does, too.',
    schema: targetSchema,
  },
  {
    title: 'Router',
    text: 'Under `router` of an environment or a service. `proxy` needs `listen`, `haproxy` needs `socket` and `backend`, `nginx` needs `config` and `upstream`.',
    schema: routerSchema,
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
    title: 'Traffic match',
    text: 'Under `match` of a strategy. It has `header` or `cookie`.',
    schema: trafficMatchSchema,
  },
  {
    title: 'Analysis',
    text: 'Under `analysis` of an environment or a service; the environment goes before the service. `false` switches a standard check off.',
    schema: analysisSchema,
  },
  {
    title: 'Standard check',
    text: 'Under `error_rate`, `latency`, `health_failures` and `resources` of an analysis; the limit alone does, too.',
    schema: standardCheckSchema,
  },
  {
    title: 'Metric check',
    text: 'An entry of `metrics` of an analysis. It has one source and one limit.',
    schema: metricCheckSchema,
  },
  {
    title: 'Evidence source',
    text: 'Under `source`. It has `prometheus` with `query`, `http` with `field`, or `command`.',
    schema: sourceSchema,
  },
  {
    title: 'Rollback trigger',
    text: 'An entry of `triggers` of an analysis. It has one source.',
    schema: triggerSourceSchema,
  },
  {
    title: 'Rollback',
    text: 'Under `rollback` of an environment or a service; the strategy alone does, too.',
    schema: rollbackSchema,
  },
  {
    title: 'Service',
    text: 'Under `services` of the pipeline, by name, or in a list with `name`. The file `.sluice/services.yaml` is read when it is there.',
    schema: serviceSchema,
  },
  { title: 'Migrations', text: 'Under `migrations` of a service.', schema: migrationSchema },
];
