import * as z from 'zod';
import { key, requiredKey } from './key.ts';
import { retry } from './retry.ts';
import {
  condition,
  displayName,
  duration,
  fileGlobs,
  flag,
  idText,
  innerPath,
  script,
  shell,
} from './text.ts';
import { variables } from './variable.ts';
import { workInputs } from './work.ts';

export const stepSchema = z
  .strictObject({
    name: key(
      displayName('name'),
      'What people see. Default: the first line of the command.',
      'name: Unit tests\nrun: npm test',
    ),
    id: key(
      idText(),
      'By which other steps and outputs refer to it: `steps.ID.outputs`. Default: `step-1` and so on.',
      'id: version\nrun: echo "number=1" >> "$SLUICE_OUTPUT"',
    ),
    run: requiredKey(
      script(),
      'The script. It runs in a fresh shell; it failed when the exit code is not 0.',
      'run: |\n  npm ci\n  npm test',
      ['command'],
    ),
    shell: key(
      shell(),
      '`sh`, `bash` (which stops at the first failing command, also in a pipe), `python`, or a command line with `{0}` for the script file. Default: that of the job.',
      'shell: bash\nrun: make | tee build.log',
    ),
    env: key(
      variables('step'),
      'Variables for this step, over those of the job.',
      'env:\n  LEVEL: debug\nrun: npm test',
      ['variables', 'environment'],
    ),
    if: key(
      condition('stepIf'),
      'Runs the step only when this is true. Default: `success()`.',
      "if: git.branch == 'main'\nrun: npm publish",
    ),
    timeout: key(duration(), 'Longest time for one attempt of the step.', 'timeout: 5m\nrun: npm test'),
    allow_failure: key(
      flag(),
      'A failure shows as a warning, and the job goes on.',
      'allow_failure: true\nrun: npm audit',
    ),
    retry: key(retry(), 'Further attempts of the step when it failed.', 'retry: 2\nrun: npm ci'),
    working_directory: key(
      innerPath('step'),
      'Where the script starts, relative to the repository.',
      'working_directory: web\nrun: npm test',
    ),
    inputs: key(
      workInputs(),
      'What decides the result. When nothing of it changed since it succeeded, the step need not run again.',
      'inputs: ["src/**"]\nrun: npm run build',
    ),
    outputs: key(
      fileGlobs(),
      'Files that it makes, which are brought back when it need not run.',
      'inputs: ["src/**"]\noutputs: [dist/**]\nrun: npm run build',
      ['output_files'],
    ),
    tty: key(flag(), 'Gives the script a terminal.', 'tty: true\nrun: npx playwright test'),
    repeatable: key(
      flag(),
      'May be started again by a resume when nobody knows how it ended.',
      'repeatable: true\nrun: npm test',
    ),
  })
  .meta({ id: 'step' });

export const parallelSchema = z
  .strictObject({
    parallel: requiredKey(
      z
        .array(z.union([script(), stepSchema]))
        .min(1)
        .meta({ expects: 'a list of steps' }),
      'These steps run at the same time. The next one starts when all are over.',
      'parallel:\n  - npm run lint\n  - npm test',
    ),
  })
  .meta({ id: 'parallel' });

export const step = () =>
  z.union([script(), stepSchema]).meta({ expects: 'a command, or a mapping with `run`' });
export const stepOrParallel = () =>
  z
    .union([script(), stepSchema, parallelSchema])
    .meta({ expects: 'a command, a mapping with `run`, or `parallel` with a list of steps' });

export const cleanupSchema = z
  .strictObject({
    always: key(
      z.array(step()),
      'Steps that run after the others whatever happened.',
      'always: ["docker compose down"]',
    ),
    on_failure: key(
      z.array(step()),
      'Steps that run only when the job failed or was cancelled.',
      'on_failure: ["cat server.log"]',
    ),
    grace: key(
      duration(),
      'How long clean-up may take in all after a cancel. Default: 30s.',
      'always: ["./stop.sh"]\ngrace: 1m',
    ),
  })
  .meta({ id: 'cleanup' });
