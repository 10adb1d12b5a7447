import { describe, expect, it } from 'vitest';
import { aJob, aPlan } from '../../test/support/plan.ts';
import { ScriptedRunner } from '../../test/support/scripted-runner.ts';
import { VirtualClock } from '../../test/support/virtual-clock.ts';
import type { Plan } from '../pipeline/plan.ts';
import type { Journal, Store } from '../store/contract.ts';
import { openMemoryStore } from '../store/memory.ts';
import type { Client, StartRequest } from './contract.ts';
import { createInProcessClient } from './in-process.ts';

let nextByte = 0;
const random = { bytes: (count: number) => Uint8Array.from({ length: count }, () => (nextByte++ * 7) % 256) };
const noSecrets = { secretFiles: [], keepWorkspaces: false };

function setUp(
  clock = new VirtualClock(),
  store: Store = openMemoryStore(clock),
  name = 'one',
  living = new Set([name]),
) {
  const runner = new ScriptedRunner();
  const client: Client = createInProcessClient({
    store,
    clock,
    random,
    owners: {
      self: name,
      alive: (owner) => living.has(owner),
      isSameBoot: () => true,
      describe: (owner) => `process ${owner}`,
    },
    actor: { kind: 'person', id: 'ann' },
    directory: '/nowhere',
    openRunner: async () => runner,
    openKept: () => Promise.reject(new Error('nothing is kept in this test')),
    openDeployments: () => Promise.reject(new Error('nothing is deployed in this test')),
    requireSpace: async () => {},
    openSnapshots: () => Promise.reject(new Error('no workspace is kept in this test')),
    shutdown: async () => {},
  });
  return { client, runner, clock, store, living };
}

function request(plan: Plan, repository = '/repo'): StartRequest {
  return {
    plan,
    source: {
      path: repository,
      repository,
      branch: 'main',
      tag: null,
      commit: null,
      commitTimeMs: null,
      mode: 'tree',
      dirty: false,
    },
    event: { name: 'manual', payload: {} },
    inputs: {},
    variables: {},
    workersMax: 4,
    only: null,
    ...noSecrets,
  };
}

const two = aPlan([aJob({ id: 'a' }), aJob({ id: 'b', needs: ['a'] })]);

async function runAll(
  client: Client,
  runner: ScriptedRunner,
  plan: Plan,
  failing: readonly string[] = [],
): Promise<string> {
  const run = await client.start(request(plan));
  for await (const { body } of client.events(run.runId, { follow: true })) {
    if (body.type !== 'cell.started') continue;
    await runner.has(body.cell);
    const failed = { outcome: 'failed', cause: { kind: 'exit-code', code: 1 } } as const;
    runner.end(body.cell, { durationMs: 1000, ...(failing.includes(body.cell) ? failed : {}) });
  }
  await run.finished;
  return run.runId;
}

describe('the client in this process', () => {
  it('lists, finds and shows runs', async () => {
    const { client, runner, clock } = setUp();
    const first = await runAll(client, runner, two);
    clock.advance(1000);
    const second = await runAll(client, runner, two, ['a']);
    const list = await client.list({ repository: '/repo', limit: 10 });
    expect(list.map((run) => [run.runId, run.outcome])).toEqual([
      [second, 'failed'],
      [first, 'succeeded'],
    ]);
    expect(await client.list({ repository: '/other', limit: 10 })).toEqual([]);
    expect(await client.resolve('latest', '/repo')).toBe(second);
    expect(await client.resolve(first.slice(-5))).toBe(first);
    await expect(client.resolve('zzzz')).rejects.toThrow('there is no run "zzzz"');
    expect((await client.show(second)).stages[0]?.jobs.map((job) => job.cells?.[0]?.outcome)).toEqual([
      'failed',
      'skipped',
    ]);
  });

  it('expects of a job what it took in earlier runs', async () => {
    const { client, runner } = setUp();
    await runAll(client, runner, two);
    expect(await client.expectations('/repo', 'test')).toEqual({ a: 1000, b: 1000 });
    expect(await client.expectations('/repo', 'another')).toEqual({});
  });

  it('gives a follower every event once, in order, to the end', async () => {
    const { client, runner } = setUp();
    const runId = await runAll(client, runner, two);
    const sequences: number[] = [];
    for await (const event of client.events(runId, { follow: true })) sequences.push(event.sequence);
    expect(sequences).toEqual(Array.from({ length: sequences.length }, (_, index) => index + 1));
    expect(sequences.length).toBeGreaterThan(5);
  });

  it('gives all events there are to somebody who does not follow, also of a run driven here', async () => {
    const { client, runner } = setUp();
    const run = await client.start(request(aPlan([aJob({ id: 'a' })])));
    await runner.has('a');
    runner.end('a');
    await run.finished;
    const seen: string[] = [];
    for await (const { body } of client.events(run.runId, { follow: false })) seen.push(body.type);
    expect(seen.at(0)).toBe('run.requested');
    expect(seen.at(-1)).toBe('run.finished');
  });

  it('follows a run that another process drives', async () => {
    const one = setUp();
    const other = setUp(one.clock, one.store, 'two', one.living.add('two'));
    const run = await one.client.start(request(aPlan([aJob({ id: 'a' })])));
    const seen: string[] = [];
    const following = (async () => {
      for await (const { body } of other.client.events(run.runId, { follow: true })) seen.push(body.type);
    })();
    await one.runner.has('a');
    one.runner.end('a');
    await following;
    expect(seen.at(-1)).toBe('run.finished');
  });

  it('repeats what failed and what is behind it, and keeps the rest', async () => {
    const { client, runner } = setUp();
    const plan = aPlan([aJob({ id: 'x' }), aJob({ id: 'a' }), aJob({ id: 'b', needs: ['a'] })]);
    const runId = await runAll(client, runner, plan, ['a']);
    runner.started.length = 0;
    const again = await client.rerun(runId, { kind: 'failed' }, noSecrets);
    await runner.has('a');
    runner.end('a');
    await runner.has('b');
    runner.end('b');
    expect(await again.finished).toBe('succeeded');
    expect(runner.started).toEqual(['a', 'b']);
    expect((await client.show(again.runId)).rerunOf).toBe(runId);
  });

  it('repeats from a job on, and refuses a job that is not there', async () => {
    const { client, runner } = setUp();
    const runId = await runAll(client, runner, two);
    runner.started.length = 0;
    const again = await client.rerun(runId, { kind: 'from', from: 'b' }, noSecrets);
    await runner.has('b');
    runner.end('b');
    await again.finished;
    expect(runner.started).toEqual(['b']);
    await expect(client.rerun(runId, { kind: 'from', from: 'c' }, noSecrets)).rejects.toThrow(
      '--from c: the run has no job and no step c',
    );
    await expect(client.rerun(runId, { kind: 'failed' }, noSecrets)).rejects.toThrow(
      'nothing failed in that run',
    );
  });

  it('finds runs that nobody drives, and takes one over to cancel it', async () => {
    const clock = new VirtualClock();
    const whole = openMemoryStore(clock);
    // A dead process hears nothing any more.
    const deaf = {
      ...whole,
      journal: new Proxy(whole.journal, {
        get: (journal, name: keyof Journal) =>
          name === 'watch' ? () => () => {} : journal[name].bind(journal),
      }),
    };
    const one = setUp(clock, deaf);
    const run = await one.client.start(request(two));
    await one.runner.has('a');
    one.living.delete('one');
    const other = setUp(clock, whole, 'two', one.living.add('two'));
    expect((await other.client.orphans('/repo')).map((orphan) => orphan.runId)).toEqual([run.runId]);
    await other.client.cancel(run.runId, { kind: 'run' }, 'not needed');
    const [summary] = await other.client.list({ limit: 1 });
    expect(summary).toMatchObject({ outcome: 'cancelled', sentence: 'cancelled by ann: not needed' });
    await expect(other.client.cancel(run.runId, { kind: 'run' }, 'again')).rejects.toThrow('is over');
  });
});
