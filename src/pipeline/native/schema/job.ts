import * as z from 'zod';
import { approval } from './approval.ts';
import { artifacts, downloads } from './artifact.ts';
import { cache } from './cache.ts';
import { concurrency } from './concurrency.ts';
import { containerOrImage, jobServices } from './container.ts';
import { gates } from './gate.ts';
import { isolation, limitsSchema } from './isolation.ts';
import { key } from './key.ts';
import { matrix } from './matrix.ts';
import { reports } from './report.ts';
import { retry } from './retry.ts';
import { cleanupSchema, step, stepOrParallel } from './step.ts';
import {
  choice,
  condition,
  displayName,
  duration,
  fileGlobs,
  flag,
  idText,
  innerPath,
  references,
  script,
  shell,
  template,
  text,
  wholeNumber,
} from './text.ts';
import { secretGrants, variables } from './variable.ts';
import { workInputs } from './work.ts';

const RUN = '\ncommands: [npm test]';

export const jobSchema = z
  .strictObject({
    name: key(
      displayName('name'),
      'What people see. In a list of jobs without `id` it is also the id.',
      `name: Unit tests\nid: unit${RUN}`,
    ),
    id: key(
      idText(),
      'By which other jobs refer to it. Letters, digits, `_`, `-`, `.`; unique in the pipeline.',
      `id: unit${RUN}`,
    ),
    commands: key(
      z.union([script(), z.array(script()).min(1)]).meta({ expects: 'a list of commands' }),
      'Commands, each a step with a fresh shell. The first that fails ends the job.',
      'commands:\n  - npm ci\n  - npm test',
      ['script'],
    ),
    run: key(script(), 'One script as the only step.', 'run: |\n  npm ci\n  npm test', ['command']),
    steps: key(
      z.array(stepOrParallel()).min(1).meta({ expects: 'a list of steps' }),
      'Steps with names, conditions and time-outs of their own; `parallel` runs some at the same time.',
      'steps:\n  - npm ci\n  - name: Unit tests\n    run: npm test\n    timeout: 5m',
    ),
    needs: key(
      references(),
      'Jobs that must be over before; their outputs are in `needs`.',
      `needs: [build]${RUN}`,
      ['depends_on', 'dependencies'],
    ),
    if: key(
      condition('jobIf'),
      'Runs the job only when this is true. Default: `success()`.',
      `if: git.branch == 'main'${RUN}`,
    ),
    matrix: key(matrix(), 'Runs the job once for each combination.', `matrix: {node: [22, 24]}${RUN}`),
    env: key(
      variables('jobEnv'),
      'Variables for the steps, over those of stage and pipeline.',
      `env: {LEVEL: debug}${RUN}`,
      ['environment', 'variables'],
    ),
    secrets: key(
      secretGrants(),
      'Secrets that the job may see, as variables of that name; or a mapping from variable to secret.',
      `secrets: [NPM_TOKEN]${RUN}`,
    ),
    timeout: key(
      duration(),
      'Longest time for one attempt. Default: that of the stage.',
      `timeout: 10m${RUN}`,
    ),
    silence_timeout: key(
      duration(),
      'Cancels the job when it prints nothing for so long.',
      `silence_timeout: 5m${RUN}`,
    ),
    retry: key(
      retry(),
      'Further attempts of the whole job when it failed.',
      `retry: {max: 2, on: [lost, timeout]}${RUN}`,
    ),
    retry_count: key(wholeNumber(0, 10), 'The same as `retry` with a number.', `retry_count: 2${RUN}`),
    allow_failure: key(
      flag(),
      'A failure shows as a warning, and the run goes on.',
      `allow_failure: true${RUN}`,
    ),
    cleanup: key(
      z
        .union([cleanupSchema, z.array(step())])
        .meta({ expects: 'a list of steps, or a mapping with `always`, `on_failure` and `grace`' }),
      'Steps that run after the others, also after a failure or a cancel. A list means `always`.',
      `cleanup: {always: ["docker compose down"], grace: 30s}${RUN}`,
    ),
    concurrency: key(
      concurrency('concurrency'),
      'Jobs of one group do not run at the same time.',
      `concurrency: {group: database, policy: queue}${RUN}`,
    ),
    outputs: key(
      z
        .union([
          fileGlobs(),
          z.record(
            z
              .string()
              .regex(/^[A-Za-z_][A-Za-z0-9_-]*$/)
              .max(100)
              .meta({ expects: 'an output name of letters, digits, `_` and `-`' }),
            template('outputs'),
          ),
        ])
        .meta({ expects: 'a mapping from name to `${{ steps.ID.outputs.NAME }}`, or a list of files' }),
      'A mapping: values for the jobs that need this one. A list: files that it makes, beside `inputs`.',
      'outputs: {version: "${{ steps.version.outputs.number }}"}\nsteps:\n  - {id: version, run: "echo number=1 >> $SLUICE_OUTPUT"}',
    ),
    working_directory: key(
      innerPath('step'),
      'Where the steps start, relative to the repository.',
      `working_directory: web${RUN}`,
    ),
    shell: key(shell(), 'The shell of its steps. Default: `sh`.', `shell: bash${RUN}`),
    extends: key(
      references(),
      'Templates to start from: mappings join, everything else replaces.',
      `extends: node-job${RUN}`,
    ),
    repeatable: key(
      flag(),
      'May be started again by a resume when nobody knows how it ended.',
      `repeatable: true${RUN}`,
    ),
    language: key(
      text().min(1),
      'The language of what is built. With commands it only declares it.',
      `language: python${RUN}`,
    ),
    snapshots: key(
      flag(),
      'Keeps the workspace as each step left it, so that `sluice rerun --from STEP` can begin there. Default: that of the pipeline.',
      `snapshots: true${RUN}`,
    ),
    inputs: key(
      workInputs(),
      'What decides the result. When nothing of it changed since a run that succeeded, the job need not run again.',
      `inputs: ["src/**", package-lock.json]${RUN}`,
    ),
    output_files: key(
      fileGlobs(),
      'Files that it makes, which are brought back when it need not run. The same as a list under `outputs`.',
      `inputs: ["src/**"]\noutput_files: [dist/**]${RUN}`,
    ),
    reports: key(
      reports(),
      'Files of test runners and scanners to read.',
      `reports: {junit: report.xml}${RUN}`,
    ),
    artifacts: key(artifacts(), 'Files to keep.', `artifacts: [{name: site, paths: dist/**}]${RUN}`),
    downloads: key(downloads(), 'Artifacts of jobs before this one.', `downloads: [site]${RUN}`),
    cache: key(
      cache(),
      'Folders to bring along from run to run.',
      `cache: {key: npm, paths: node_modules}${RUN}`,
    ),
    gates: key(gates(), 'Conditions on its reports.', `gates: [coverage-unit]${RUN}`),
    approval: key(
      approval(),
      'Makes the job wait for people instead of running something.',
      'approval: {message: Ship it?, approvers: [alice, bob], count: 2}',
    ),
    isolation: key(isolation(), 'What keeps the job apart from the machine.', `isolation: sandbox${RUN}`),
    network: key(
      choice('host', 'none'),
      '`none`: the job reaches nothing, not even this machine. Default: `host`.',
      `network: none${RUN}`,
    ),
    limits: key(limitsSchema, 'What the job may use up.', `limits: {cpu: 2, memory: 512Mi}${RUN}`),
    image: key(template('jobEnv'), 'The container image in which the steps run.', `image: node:24${RUN}`),
    container: key(
      containerOrImage(),
      'The container in which the steps run.',
      `container: {image: node:24}${RUN}`,
    ),
    services: key(
      jobServices(),
      'Containers, and commands in the background, beside the job.',
      `services: {database: {image: "postgres:18", ports: [5432]}}${RUN}`,
    ),
  })
  .meta({ id: 'job' });

/** A template is a job of which anything may be missing. */
export const templates = () =>
  z.record(idText(), jobSchema).meta({ expects: 'a mapping from name to a partial job' });

/** Jobs as a list, or as a mapping from id to job. */
export const jobs = () =>
  z
    .union([z.array(jobSchema), z.record(idText(), jobSchema)])
    .meta({ expects: 'a list of jobs, or a mapping from id to job' });
