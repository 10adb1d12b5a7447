import { afterEach, describe, expect, it } from 'vitest';
import { type JobRig, job, jobRig, machineOf, step } from '../../test/support/job-rig.ts';
import type { Behaviour } from '../executor/scripted.ts';
import type { RunnerOptions } from './options.ts';

let rig: JobRig;
afterEach(() => rig.remove());

function on(behaviours: Readonly<Record<string, Behaviour>>, more: Partial<RunnerOptions> = {}): JobRig {
  rig = jobRig(machineOf(behaviours).executor(), more);
  return rig;
}

const fail =
  (code: number, output = ''): Behaviour =>
  async (process) => {
    if (output) await process.print(output);
    process.exit(code);
  };

describe('runner', () => {
  it('runs the steps in order and records intent and receipt of each', async () => {
    const report = await on({}).perform(job([step('a', 'true'), step('b', 'true')]));
    expect(report).toMatchObject({ outcome: 'succeeded', cause: null, step: null });
    expect(rig.events.map((event) => `${event.type} ${event.step}`)).toEqual([
      'step.started a',
      'step.finished a',
      'step.started b',
      'step.finished b',
    ]);
  });

  it('stops at the first step that fails and says which, why and with what last words', async () => {
    const report = await on({ a: fail(3, 'one\n\ntwo\n') }).perform(job([step('a', 'x'), step('b', 'true')]));
    expect(report).toMatchObject({
      outcome: 'failed',
      step: 'a',
      cause: { kind: 'exit-code', code: 3 },
      tail: ['one', 'two'],
    });
    expect(rig.finished('b')).toMatchObject({
      outcome: 'skipped',
      reason: { sentence: expect.stringContaining('step a failed') },
    });
  });

  it('keeps secrets out of the log across chunks', async () => {
    const secret = 'Zk39-tokenvalue';
    on(
      {
        a: async (process) => {
          await process.print('x Zk39-tok');
          await process.print('envalue y\n');
          process.exit(0);
        },
      },
      { secrets: { read: async () => secret } },
    );
    const report = await rig.perform(
      job([step('a', 'x')], { secrets: [{ name: 'TOKEN', variable: 'TOKEN' }] }),
    );
    expect(report.outcome).toBe('succeeded');
    expect(rig.log('a')).toBe('x *** y\n');
  });
});
