import * as z from 'zod';
import { approval } from './approval.ts';
import { gates } from './gate.ts';
import { jobs } from './job.ts';
import { key, requiredKey } from './key.ts';
import { strategy } from './strategy.ts';
import { condition, duration, flag, idText, reference, references } from './text.ts';
import { variables } from './variable.ts';

const JOBS = '\njobs: {test: {commands: [npm test]}}';

export const stageSchema = z
  .strictObject({
    name: requiredKey(idText(), 'By which other stages refer to it.', `name: test${JOBS}`),
    depends_on: key(
      references(),
      'Stages that must be over before. A stage without it starts at once.',
      `name: test\ndepends_on: [build]${JOBS}`,
      ['needs', 'dependencies'],
    ),
    jobs: key(
      jobs(),
      'Its jobs, which run at the same time as far as their `needs` allow.',
      'name: test\njobs:\n  - name: unit\n    commands: [npm test]',
    ),
    if: key(
      condition('jobIf'),
      'Runs its jobs only when this is true; joined with their own conditions.',
      `name: test\nif: git.branch == 'main'${JOBS}`,
    ),
    environment: key(
      z
        .union([reference(), variables('jobEnv')])
        .meta({ expects: 'the name of an environment, or a mapping of variables' }),
      'A name: where the stage deploys after its jobs. A mapping: variables for its jobs.',
      'name: deploy\nenvironment: staging\nstrategy: rolling',
    ),
    variables: key(
      variables('jobEnv'),
      'Variables for its jobs, over those of the pipeline.',
      `name: test\nvariables: {LEVEL: debug}${JOBS}`,
      ['env'],
    ),
    timeout: key(
      duration(),
      'Longest time from the start of its first job to the end of its last one. Default: 3600 seconds.',
      `name: test\ntimeout: 30m${JOBS}`,
    ),
    parallel: key(
      flag(),
      '`false` runs its jobs one after another, in the order of the file. Default: true.',
      `name: test\nparallel: false${JOBS}`,
    ),
    allow_failure: key(
      flag(),
      'Failures of its jobs show as warnings, and the run goes on.',
      `name: lint\nallow_failure: true${JOBS}`,
    ),
    strategy: key(
      strategy(),
      'How the new version takes over.',
      'name: deploy\nenvironment: production\nstrategy: canary',
    ),
    rollback_on_failure: key(
      flag(),
      'A deployment that fails goes back to the release before. Default: true.',
      'name: deploy\nenvironment: staging\nrollback_on_failure: true',
    ),
    service: key(
      reference(),
      'What to deploy. Default: the only service.',
      'name: deploy\nenvironment: staging\nservice: api',
    ),
    artifact: key(
      reference(),
      'Which artifact to deploy. Default: the only one.',
      'name: deploy\nenvironment: staging\nartifact: api',
    ),
    approval: key(
      approval(),
      'People who must agree before its jobs start.',
      `name: ship\napproval: {approvers: [alice, bob], count: 2}${JOBS}`,
    ),
    gates: key(
      gates(),
      'Conditions that must hold after its jobs.',
      `name: test\ngates: [coverage-unit]${JOBS}`,
    ),
  })
  .meta({ id: 'stage' });
