import { describe, expect, it } from 'vitest';
import { job, messageFor, step } from '../../test/support/job-rig.ts';
import type { WorkflowJob } from '../pipeline/plan-workflow.ts';
import type { JobMessage } from './contract.ts';
import { environmentHold } from './environment-hold.ts';

type Held = NonNullable<NonNullable<WorkflowJob['environment']>['held']>;

const OPEN: Held = { branches: [], windows: [], freezes: [] };
const NOON = Date.parse('2026-03-04T12:00:00Z');
const MORNING = { rule: null, timeZone: 'UTC', fromMinute: 8 * 60, toMinute: 10 * 60 };

function messageOf(held: Held | null, source: Partial<JobMessage['source']> = {}): JobMessage {
  const environment = { name: 'production', url: null, ...(held ? { held } : {}) };
  const workflow = { runsOn: ['x'], permissions: null, environment, call: null };
  const message = messageFor(job([step('a', 'true')], { workflow }), '/nowhere');
  return { ...message, source: { ...message.source, ...source } };
}

const holdOf = (held: Held | null, source?: Partial<JobMessage['source']>, nowMs = NOON) =>
  environmentHold(messageOf(held, source), nowMs);

describe('environmentHold', () => {
  it('lets a job begin whose environment demands nothing', () => {
    expect(holdOf(null)).toBe(null);
    expect(holdOf(OPEN)).toBe(null);
  });

  it('holds a job outside of the windows, and says when it may begin', () => {
    const held = { ...OPEN, windows: [MORNING] } as unknown as Held;
    expect(holdOf(held)).toBe(
      'the environment production is closed: it is outside of the windows for deployments; it opens at 2026-03-05T08:00:00.000Z, then: sluice rerun r1 --failed',
    );
    expect(holdOf(held, {}, NOON - 3 * 3_600_000)).toBe(null);
  });

  it('holds a job whose expression becomes the name of such an environment', () => {
    const mayHold = [
      { ...OPEN, windows: [MORNING], name: 'Production' } as unknown as Held & { name: string },
    ];
    const named = (name: string) => {
      const message = messageOf(null);
      const { workflow } = message.job;
      const environment = { name, url: null, mayHold };
      return {
        ...message,
        job: { ...message.job, workflow: { ...workflow!, environment } },
        matrix: { to: 'production' },
      };
    };
    expect(environmentHold(named('${{ matrix.to }}'), NOON)).toContain(
      'the environment Production is closed',
    );
    expect(environmentHold(named('${{ matrix.to }}-2'), NOON)).toBe(null);
    expect(environmentHold(named('${{ fromJSON(1) }}'), NOON)).toBe(null);
  });

  it('holds a job in a freeze', () => {
    const freeze = { start: '2026-03-01T00:00:00Z', end: '2026-03-09T00:00:00Z', reason: 'audit' };
    expect(holdOf({ ...OPEN, freezes: [freeze] } as unknown as Held)).toContain(
      'deployments are frozen until 2026-03-09T00:00:00.000Z (audit)',
    );
  });

  it('holds commits of other branches, of none, and what is in no commit', () => {
    const held = { ...OPEN, branches: ['main', 'release/*'] };
    expect(holdOf(held, { branch: 'release/1' })).toBe(null);
    expect(holdOf(held, { branch: 'topic' })).toBe(
      'the environment production takes commits of main, release/* only, and this one is of topic',
    );
    expect(holdOf(held, { branch: null })).toContain('of no branch');
    expect(holdOf(held, { branch: 'main', dirty: true })).toContain('the files here are in no commit');
    expect(holdOf(held, { branch: 'main', dirty: true, mode: 'commit' })).toBe(null);
  });
});
