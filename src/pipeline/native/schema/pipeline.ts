import * as z from 'zod';
import { concurrency } from './concurrency.ts';
import { environments } from './environment.ts';
import { include } from './include.ts';
import { inputs } from './input.ts';
import { jobs, templates } from './job.ts';
import { key } from './key.ts';
import { retry } from './retry.ts';
import { services } from './service.ts';
import { stageSchema } from './stage.ts';
import { displayName, duration, flag, innerPath, shell } from './text.ts';
import { trigger } from './trigger.ts';
import { secretNames, variables } from './variable.ts';

export const defaultsSchema = z
  .strictObject({
    shell: key(shell(), 'The shell of every step. Default: `sh`.', 'shell: bash'),
    working_directory: key(innerPath('step'), 'Where every step starts.', 'working_directory: web'),
    timeout: key(duration(), 'The timeout of every job.', 'timeout: 10m'),
    retry: key(retry(), 'The retry of every job.', 'retry: {max: 1, on: [lost]}'),
  })
  .meta({ id: 'defaults' });

/** What an included file may hold. */
const shared = {
  variables: key(
    variables('pipeline'),
    'Variables for every step, also reachable as `vars.NAME`.',
    'variables: {LEVEL: info}',
    ['env', 'environment'],
  ),
  templates: key(
    templates(),
    'Partial jobs for `extends`.',
    'templates:\n  node-job:\n    working_directory: web\n    retry: 1',
  ),
  include: key(
    include(),
    'Files whose stages, jobs, templates, variables, environments and services are added.',
    'include:\n  - .sluice/shared/node.yaml\n  - {path: .sluice/shared/python.yaml, with: {version: "3.13"}}',
  ),
  stages: key(
    z.array(stageSchema).meta({ expects: 'a list of stages' }),
    'The stages.',
    'stages:\n  - name: build\n    jobs:\n      - name: build-python\n        commands: [uv sync, uv run pytest]',
  ),
  jobs: key(
    jobs(),
    'The jobs of a pipeline without stages; they form a stage called `main`.',
    'jobs:\n  test:\n    commands: [npm test]',
  ),
  environments: key(
    environments(),
    'Where can be deployed.',
    'environments:\n  staging: {host: staging.example.com, user: deploy}',
  ),
  services: key(services(), 'What can be deployed.', 'services:\n  api: {artifact: api, port: 8080}'),
};

export const pipelineSchema = z.strictObject({
  name: key(displayName(), 'What the pipeline is called. Default: the name of the file.', 'name: main-build'),
  trigger: key(
    trigger(),
    'What starts the pipeline.',
    'trigger:\n  branches: [main, develop]\n  events: [push, pull_request]',
    ['on', 'triggers'],
  ),
  inputs: key(
    inputs(),
    'What a person or a program may give at the start; reachable as `inputs.NAME`.',
    'inputs:\n  target: {default: staging, options: [staging, production]}',
  ),
  secrets: key(
    secretNames(),
    'The secrets that jobs may ask for. When it is there, no job may ask for another one.',
    'secrets: [NPM_TOKEN]',
  ),
  defaults: key(defaultsSchema, 'Defaults for all jobs.', 'defaults: {shell: bash, timeout: 10m}'),
  concurrency: key(
    concurrency('pipeline'),
    'Runs of one group do not run at the same time.',
    'concurrency: {group: "ci-${{ git.branch }}", policy: cancel-running}',
  ),
  timeout: key(duration(), 'Longest time for the whole run.', 'timeout: 2h'),
  snapshots: key(
    flag(),
    'Keeps the workspaces of all jobs as each step left them, so that `sluice rerun --from STEP` can begin there. Default: false.',
    'snapshots: true',
  ),
  waivers: key(
    innerPath(),
    'The file with accepted failures of gates. Default: `.sluice/waivers.yaml`, when there is one.',
    'waivers: .sluice/waivers.yaml',
  ),
  protected_paths: key(
    z.array(innerPath()).max(100).meta({ expects: 'a list of files and folders of the repository' }),
    'Files, and folders with all that is in them, that an untrusted run takes from the base as it takes the pipeline: scripts that must not be those of a stranger.',
    'protected_paths: [ci, Makefile]',
  ),
  ...shared,
});

/** A file that only says what is deployed, and where. */
export const definitionsSchema = z.strictObject({
  environments: shared.environments,
  services: shared.services,
});

export const includedSchema = z.strictObject(shared);

/** A pipeline as one writes it, in its canonical spelling. */
export type PipelineDefinition = z.input<typeof pipelineSchema>;
