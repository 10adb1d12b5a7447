import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type JobRig, job, jobRig, realClock, step } from '../../test/support/job-rig.ts';
import { PLACE } from '../../test/support/plan.ts';
import type { Executor } from '../executor/contract.ts';
import { openProcessExecutor } from '../executor/process/process-executor.ts';
import type { HealthQuestion } from '../pipeline/plan-health-check.ts';
import type { CommandService } from '../pipeline/plan-isolation.ts';

describe('a command as a service', () => {
  let home: string;
  let executor: Executor;
  let rig: JobRig;
  beforeAll(async () => {
    home = mkdtempSync(join(tmpdir(), 'sluice-service-'));
    executor = await openProcessExecutor({ directory: join(home, 'executor'), clock: realClock });
  });
  afterAll(async () => {
    await executor.shutdown();
    rmSync(home, { recursive: true });
  });
  afterEach(async () => {
    await rig.runner.releaseAttempt('r1', 'build', 1);
    rig.remove();
  });

  function service(run: string, ask: HealthQuestion, more: Partial<CommandService> = {}): CommandService {
    return {
      kind: 'command',
      name: 'web',
      run,
      shell: 'sh',
      workingDirectory: '.',
      variables: {},
      health: {
        name: 'check',
        kind: 'startup',
        ask,
        intervalMs: 50,
        timeoutMs: 2000,
        successThreshold: 1,
        failureThreshold: 3,
        place: PLACE,
      },
      startTimeoutMs: 20_000,
      place: PLACE,
      ...more,
    };
  }

  it('runs beside the steps once it is healthy, and ends with the job', async () => {
    const port = await freePort();
    const server = `require('http').createServer((_, answer) => answer.end('here')).listen(${port}, '127.0.0.1')`;
    rig = jobRig(executor);
    const report = await rig.perform(
      job([step('a', `node -e "fetch('http://127.0.0.1:${port}/').then(r => r.text()).then(console.log)"`)], {
        services: [
          service(`exec node -e "${server}"`, {
            kind: 'http',
            url: `http://127.0.0.1:${port}/`,
            status: null,
          }),
        ],
      }),
    );
    expect(report.cause).toBeNull();
    expect(rig.log('a')).toBe('here\n');
    expect(report.warnings).toBeUndefined();
    await expect(fetch(`http://127.0.0.1:${port}/`)).rejects.toThrow();
  });

  it('may be checked by a command in the workspace', async () => {
    rig = jobRig(executor);
    const report = await rig.perform(
      job([step('a', 'cat ready')], {
        services: [service('echo yes > ready; exec sleep 60', { kind: 'command', run: 'test -s ready' })],
      }),
    );
    expect(report.outcome).toBe('succeeded');
    expect(rig.log('a')).toBe('yes\n');
  });

  it('fails the job with its last lines when it ends instead of getting healthy, and no step runs', async () => {
    rig = jobRig(executor);
    const report = await rig.perform(
      job([step('a', 'true')], {
        services: [service('echo no such database; exit 3', { kind: 'command', run: 'false' })],
      }),
    );
    expect(report.outcome).toBe('failed');
    expect(report.cause).toEqual({
      kind: 'surroundings',
      message: 'service web did not get healthy: it ended: exit code 3\nno such database',
    });
    expect(rig.events.map(({ type, step: id }) => `${type} ${id}`)).toEqual(['step.finished a']);
  });

  it('says what the last answer was when its time is over', async () => {
    rig = jobRig(executor);
    const report = await rig.perform(
      job([step('a', 'true')], {
        services: [service('exec sleep 60', { kind: 'command', run: 'exit 7' }, { startTimeoutMs: 1 })],
      }),
    );
    expect(report.cause).toEqual({
      kind: 'surroundings',
      message: 'service web did not get healthy in 1 ms: its check ended with exit code 7',
    });
  });
});

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number };
      server.close(() => resolve(port));
    });
  });
}
