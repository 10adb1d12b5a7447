import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import {
  type DockerEngine,
  IMAGE,
  missingForDocker,
  startDockerEngine,
} from '../../../test/support/docker-engine.ts';
import { openTestExecutor } from '../../../test/support/docker-harness.ts';
import { type JobRig, job, jobRig, machineOf, step } from '../../../test/support/job-rig.ts';
import { PLACE } from '../../../test/support/plan.ts';
import { needs } from '../../../test/support/require.ts';
import { noRooms } from '../../../test/support/rooms.ts';
import { userError } from '../../base/diagnostic.ts';
import type { Executor } from '../../executor/contract.ts';
import type { PlanUses } from '../../pipeline/plan-action.ts';

const WORKFLOW = { runsOn: [], permissions: null, environment: null, call: null };
const missing = await missingForDocker();
let engine: DockerEngine | null = null;
beforeAll(async () => {
  if (missing === null) engine = await startDockerEngine();
}, 120_000);
afterAll(async () => engine?.stop());

function uses(id: string, action: PlanUses) {
  return step(id, '', { uses: action });
}

describe('an action in a container', () => {
  let rig: JobRig;
  let executor: Executor | null = null;
  beforeEach(async (context) => {
    needs(context, 'a container engine', missing === null, missing ?? '');
    rig = jobRig(machineOf({}).executor(), {
      rooms: {
        ...noRooms,
        executor: async () => {
          executor ??= await openTestExecutor(join(rig.root, 'docker'), engine!.environment);
          return executor;
        },
      },
    });
  });
  afterEach(async () => {
    await executor?.shutdown();
    executor = null;
    rig?.remove();
  });

  it('runs an image with an entrypoint and arguments', { timeout: 60_000 }, async () => {
    const action: PlanUses = {
      kind: 'docker',
      image: IMAGE,
      with: {
        entrypoint: 'sh',
        args: `-c 'echo "$INPUT_WHO at $(pwd)"; ls /github/workspace; echo out=1 >> $GITHUB_OUTPUT'`,
        who: 'me',
      },
    };
    writeFileSync(join(rig.source, 'here.txt'), '');
    const report = await rig.perform(job([uses('one', action)], { workflow: WORKFLOW }));
    expect(report.outcome, rig.log('one')).toBe('succeeded');
    expect(rig.log('one')).toContain('me at /');
    expect(rig.log('one')).toContain('here.txt');
    expect(rig.finished('one')!.outputs).toEqual({ out: '1' });
  });

  it('makes the image of its Dockerfile, and runs its post entrypoint at the end', {
    timeout: 60_000,
  }, async () => {
    const folder = join(rig.source, 'act');
    mkdirSync(folder);
    writeFileSync(
      join(folder, 'Dockerfile'),
      `FROM ${IMAGE}\nCOPY main.sh after.sh /\nENTRYPOINT ["/main.sh"]\n`,
    );
    writeFileSync(join(folder, 'main.sh'), '#!/bin/sh\necho "main $1 $OWN"\nexit 3\n', { mode: 0o755 });
    writeFileSync(join(folder, 'after.sh'), '#!/bin/sh\necho "after $INPUT_WHO"\n', { mode: 0o755 });
    writeFileSync(
      join(folder, 'action.yml'),
      `name: act
inputs: {who: {default: nobody}}
runs:
  using: docker
  image: Dockerfile
  args: ['for \${{ inputs.who }}']
  env: {OWN: 'of \${{ inputs.who }}'}
  post-entrypoint: /after.sh
`,
    );
    const action: PlanUses = { kind: 'local', path: './act', with: { who: 'ada' } };
    const report = await rig.perform(job([uses('one', action)], { workflow: WORKFLOW }));
    expect(rig.log('one')).toContain('main for ada of ada');
    expect(report.cause).toEqual({ kind: 'exit-code', code: 3 });
    expect(rig.log('one.post')).toContain('after ada');
  });
});

describe('a JavaScript action of a job in a container', () => {
  it('is run by the Node of the image where ours has no libraries', { timeout: 60_000 }, async (context) => {
    needs(context, 'a container engine', missing === null, missing ?? '');
    let executor: Executor | null = null;
    const rig = jobRig(machineOf({}).executor(), {
      rooms: {
        ...noRooms,
        executor: async () => {
          executor ??= await openTestExecutor(join(rig.root, 'docker'), engine!.environment);
          return executor;
        },
      },
    });
    mkdirSync(join(rig.source, 'act'));
    writeFileSync(join(rig.source, 'act/action.yml'), 'runs: {using: node24, main: main.js}\n');
    writeFileSync(join(rig.source, 'act/main.js'), '');
    const shim = `mkdir bin; printf '#!/bin/sh\\necho "shim for \${1##*/}"\\n' > bin/node; chmod +x bin/node; echo "$PWD/bin" >> $GITHUB_PATH`;
    const container = {
      image: IMAGE,
      variables: {},
      ports: [],
      volumes: [],
      user: null,
      credentials: null,
      options: null,
      place: PLACE,
    };
    const action: PlanUses = { kind: 'local', path: './act', with: {} };
    const steps = [step('first', shim), uses('one', action)];
    const report = await rig.perform(job(steps, { workflow: WORKFLOW, container }));
    expect(report.outcome, JSON.stringify(report)).toBe('succeeded');
    expect(rig.log('one')).toContain('shim for main.js');
    await (executor as Executor | null)?.shutdown();
    rig.remove();
  });
});

describe('an action in a container, without an engine', () => {
  it('fails its step with the place and the way out', async () => {
    const rig = jobRig(machineOf({}).executor(), {
      rooms: {
        ...noRooms,
        executor: async () => Promise.reject(userError('executor.no-docker', 'no docker', 'install it', 3)),
      },
    });
    const action: PlanUses = { kind: 'docker', image: IMAGE, with: {} };
    const report = await rig.perform(job([uses('one', action)], { workflow: WORKFLOW }));
    expect(report.outcome).toBe('failed');
    expect(report.cause).toEqual({
      kind: 'surroundings',
      message:
        'the action runs in a container, and there is no engine for it: no docker; install it (sluice.yaml, line 1)',
    });
    rig.remove();
  });
});
