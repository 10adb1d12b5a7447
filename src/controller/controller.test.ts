import { describe, expect, it } from 'vitest';
import { aJob, aPlan, aRequest } from '../../test/support/plan.ts';
import { ScriptedRunner } from '../../test/support/scripted-runner.ts';
import { VirtualClock } from '../../test/support/virtual-clock.ts';
import type { JsonObject } from '../base/json.ts';
import type { RunRequested } from '../engine/course.ts';
import type { StoredEvent } from '../journal/event.ts';
import { inboxStream, runLease, runStream } from '../journal/stream.ts';
import type { Plan } from '../pipeline/plan.ts';
import { openMemoryStore } from '../store/memory.ts';
import { Controller } from './controller.ts';

const clock = new VirtualClock();
let nextByte = 0;
const random = { bytes: (count: number) => Uint8Array.from({ length: count }, () => nextByte++ % 256) };

function setUp(store = openMemoryStore(clock), name = 'one', living: Set<string> = new Set([name])) {
  const runner = new ScriptedRunner();
  const owners = {
    self: name,
    alive: (owner: string) => living.has(owner),
    isSameBoot: (owner: string) => owner === 'one',
    describe: (owner: string) => `process ${owner}`,
  };
  const controller = new Controller({ store, runner, clock, random, owners });
  return { store, runner, controller, living };
}

function request(plan: Plan, more: Partial<RunRequested> = {}): Omit<RunRequested, 'type' | 'runId'> {
  const {
    type: _type,
    runId: _runId,
    ...rest
  } = aRequest(plan, { plan: plan as unknown as JsonObject, ...more });
  return rest;
}

const types = (events: readonly StoredEvent[]) => events.map((event) => event.body.type);

describe('the controller', () => {
  it('drives a run to its end and leaves the story in the journal', async () => {
    const { store, runner, controller } = setUp();
    const run = await controller.start(request(aPlan([aJob({ id: 'a' }), aJob({ id: 'b', needs: ['a'] })])));
    await runner.has('a');
    runner.end('a');
    await runner.has('b');
    runner.end('b');
    expect(await run.finished).toBe('succeeded');
    expect(types(await store.journal.read(runStream(run.runId)))).toEqual([
      'run.requested',
      'job.ready',
      'cell.started',
      'run.owned',
      'cell.finished',
      'job.ready',
      'cell.started',
      'cell.finished',
      'run.finished',
    ]);
    expect(await store.leases.peek(runLease(run.runId))).toBeNull();
  });

  it('counts the runs whose artifacts are called after their number, and no others', async () => {
    const { store, runner, controller } = setUp();
    const artifact = { name: 'a', paths: ['a'], version: null, tags: {}, when: 'success', retentionMs: null };
    const numberOf = async (more: object, source: object = {}) => {
      const asked = request(aPlan([aJob({ id: 'a', artifacts: [{ ...artifact, ...more }] as never })]));
      const run = await controller.start({ ...asked, source: { ...asked.source, ...source } });
      const number = (await runner.has('a')).message.contexts.run.number;
      runner.end('a');
      await run.finished;
      const [first] = await store.journal.read(runStream(run.runId));
      expect(first!.body).toMatchObject(number === undefined ? {} : { number });
      return number;
    };
    expect(await numberOf({})).toBe(1);
    expect(await numberOf({ version: '7' })).toBeUndefined();
    expect(await numberOf({}, { tag: 'v1.2.3' })).toBeUndefined();
    expect(await numberOf({})).toBe(2);
  });

  it('refuses to resume a run whose owner lives, and names the owner', async () => {
    const { store, runner, controller, living } = setUp();
    const run = await controller.start(request(aPlan([aJob({ id: 'a' })])));
    await runner.has('a');
    const other = setUp(store, 'two', living.add('two'));
    await expect(other.controller.resume(run.runId)).rejects.toThrow(/driven by process one, which is alive/);
  });

  it('takes a run over from a dead owner, whose late words are refused', async () => {
    const { store, runner, controller, living } = setUp();
    const run = await controller.start(request(aPlan([aJob({ id: 'a' }), aJob({ id: 'b', needs: ['a'] })])));
    const { message } = await runner.has('a');
    living.delete('one');
    clock.advance(5);
    const other = setUp(store, 'two', living.add('two'));
    const resumed = await other.controller.resume(run.runId);
    const taken = await other.runner.has('a');
    expect(taken.message.resumed).toBe(true);
    expect(taken.message.startedAtMs).toBe(message.startedAtMs);
    expect(taken.message.isSameBoot).toBe(true);
    runner.end('a');
    await expect(run.finished).rejects.toThrow();
    other.runner.end('a');
    await other.runner.has('b');
    other.runner.end('b');
    expect(await resumed.finished).toBe('succeeded');
    const started = (await store.journal.read(runStream(run.runId))).filter(
      (event) => event.body.type === 'cell.started',
    );
    expect(started).toHaveLength(2);
  });

  it('hears a cancel request that another process wrote into the inbox', async () => {
    const { store, runner, controller } = setUp();
    const run = await controller.start(request(aPlan([aJob({ id: 'a' }), aJob({ id: 'b', needs: ['a'] })])));
    await runner.has('a');
    const body = {
      type: 'run.cancel-requested',
      target: { kind: 'run' },
      by: 'ann',
      reason: 'wrong branch',
    } as const;
    await store.journal.append(inboxStream(run.runId), 0, [
      { schemaVersion: 1, at: 0, actor: { kind: 'person', id: 'ann' }, body },
    ]);
    expect(await run.finished).toBe('cancelled');
    const events = await store.journal.read(runStream(run.runId));
    expect(events.find((event) => event.body.type === 'run.cancel-requested')?.cause).toBe(
      `${inboxStream(run.runId)}#1`,
    );
    expect(runner.started).toEqual(['a']);
  });

  it('tries a failed job again after its delay', async () => {
    const { runner, controller } = setUp();
    const retry = { max: 1, delayMs: 5000, backoff: 1, on: [] };
    const run = await controller.start(request(aPlan([aJob({ id: 'a', retry })])));
    await runner.has('a');
    runner.end('a', { outcome: 'failed', cause: { kind: 'exit-code', code: 1 } });
    await new Promise((resolve) => setImmediate(resolve));
    expect(runner.started).toEqual(['a']);
    clock.advance(5000);
    expect((await runner.has('a')).message.attempt).toBe(2);
    runner.end('a');
    expect(await run.finished).toBe('succeeded');
  });

  it('has the files of a run taken while it is accepted, unless no job of it begins', async () => {
    const { runner, controller } = setUp();
    const run = await controller.start(request(aPlan([aJob({ id: 'a' })])));
    expect(runner.prepared).toEqual([run.runId]);
    const nothing = setUp();
    await nothing.controller.start(request(aPlan([])));
    expect(nothing.runner.prepared).toEqual([]);
  });

  it('tidies what is over, or died before it was accepted, and nothing else', async () => {
    const { store, runner, controller, living } = setUp();
    const run = await controller.start(request(aPlan([aJob({ id: 'a' })])));
    await store.leases.acquire(runLease('cut-off'), 'dead', 1000);
    await store.leases.acquire(runLease('beginning'), 'two', 1000);
    living.add('two');
    const isOver = (runId: string) => runner.isOver(runId);
    expect(await Promise.all([run.runId, 'cut-off', 'beginning', 'of-somebody'].map(isOver))).toEqual([
      false,
      true,
      false,
      false,
    ]);
    await runner.has('a');
    runner.end('a');
    await run.finished;
    expect(await runner.isOver(run.runId)).toBe(true);
  });

  it('rejects when the end of the run cannot be recorded, and leaves it for a resume', async () => {
    const { store, runner, controller } = setUp();
    const run = await controller.start(request(aPlan([aJob({ id: 'a' })])));
    await runner.has('a');
    const append = store.journal.append.bind(store.journal);
    store.journal.append = (stream, sequence, events, fence) =>
      events.some(({ body }) => body.type === 'run.finished')
        ? Promise.reject(new Error('the disk is full'))
        : append(stream, sequence, events, fence);
    runner.end('a');
    await expect(run.finished).rejects.toThrow('the disk is full');
    expect(types(await store.journal.read(runStream(run.runId)))).not.toContain('run.finished');
  });

  it('reports a broken promise of the runner as an error of ours', async () => {
    const { store, controller } = setUp();
    const failing = new Controller({
      store,
      clock,
      random,
      owners: { self: 'one', alive: () => true, isSameBoot: () => true, describe: String },
      runner: {
        perform: () => Promise.reject(new Error('boom')),
        prepare: () => {},
        releaseAttempt: async () => null,
        releaseRun: async () => null,
        tidy: async () => {},
      },
    });
    const run = await failing.start(request(aPlan([aJob({ id: 'a' })])));
    expect(await run.finished).toBe('errored');
    void controller;
  });
});

describe('concurrency groups', () => {
  const plan = (policy: 'queue' | 'newest-wins' | 'cancel-running' | 'never-cancel') =>
    aPlan([aJob({ id: 'a' })], { concurrency: { group: 'deploy', policy } });

  it('queue: runs of one group go one after the other', async () => {
    const { store, runner, controller } = setUp();
    const first = await controller.start(request(plan('queue')));
    await runner.has('a');
    const second = await controller.start(request(plan('queue')));
    await new Promise((resolve) => setImmediate(resolve));
    expect(runner.started).toEqual(['a']);
    runner.end('a');
    expect(await first.finished).toBe('succeeded');
    await runner.has('a');
    runner.end('a');
    expect(await second.finished).toBe('succeeded');
    const waiting = (await store.journal.read(runStream(second.runId))).find(
      (event) => event.body.type === 'run.waiting',
    );
    expect(waiting?.body).toMatchObject({ group: 'deploy', behind: [first.runId] });
  });

  it('newest-wins: a newer run replaces the one that waits, not the one that runs', async () => {
    const { runner, controller } = setUp();
    const first = await controller.start(request(plan('newest-wins')));
    await runner.has('a');
    const second = await controller.start(request(plan('newest-wins')));
    const third = await controller.start(request(plan('newest-wins')));
    expect(await second.finished).toBe('cancelled');
    runner.end('a');
    expect(await first.finished).toBe('succeeded');
    await runner.has('a');
    runner.end('a');
    expect(await third.finished).toBe('succeeded');
  });

  it('cancel-running: a newer run cancels the one that runs', async () => {
    const { store, runner, controller } = setUp();
    const first = await controller.start(request(plan('cancel-running')));
    await runner.has('a');
    const second = await controller.start(request(plan('cancel-running')));
    expect(await first.finished).toBe('cancelled');
    const end = (await store.journal.read(runStream(first.runId))).at(-1)?.body;
    expect(end).toMatchObject({
      sentence: `cancelled by run ${second.runId}: it is newer in the concurrency group deploy`,
    });
    await runner.has('a');
    runner.end('a');
    expect(await second.finished).toBe('succeeded');
  });

  it('never-cancel: nothing supersedes it', async () => {
    const { runner, controller } = setUp();
    const first = await controller.start(request(plan('never-cancel')));
    await runner.has('a');
    const second = await controller.start(request(plan('cancel-running')));
    await new Promise((resolve) => setImmediate(resolve));
    runner.end('a');
    expect(await first.finished).toBe('succeeded');
    await runner.has('a');
    runner.end('a');
    expect(await second.finished).toBe('succeeded');
  });

  it('is left by a resume for a job that was over, when the dead owner had not come to it', async () => {
    const { store, runner, controller, living } = setUp();
    const shared = { group: 'db', policy: 'queue' } as const;
    const jobs = [
      aJob({ id: 'a', concurrency: shared }),
      aJob({ id: 'b', needs: ['a'], concurrency: shared }),
    ];
    const run = await controller.start(request(aPlan(jobs)));
    await runner.has('a');
    // The owner dies between the durable end of the job and what follows from it: its last words are refused.
    const append = store.journal.append.bind(store.journal);
    store.journal.append = (stream, ...rest) =>
      stream.startsWith('group/') ? new Promise(() => {}) : append(stream, ...rest);
    runner.end('a');
    await new Promise((resolve) => setImmediate(resolve));
    store.journal.append = append;
    living.delete('one');
    const other = setUp(store, 'two', living.add('two'));
    const resumed = await other.controller.resume(run.runId);
    await other.runner.has('b');
    other.runner.end('b');
    expect(await resumed.finished).toBe('succeeded');
  });

  it('notices that the holder died while it waited', async () => {
    const { store, runner, controller, living } = setUp();
    await controller.start(request(plan('queue')));
    await runner.has('a');
    const other = setUp(store, 'two', living.add('two'));
    const second = await other.controller.start(request(plan('queue')));
    await new Promise((resolve) => setImmediate(resolve));
    living.delete('one');
    clock.advance(5_000);
    await other.runner.has('a');
    other.runner.end('a');
    expect(await second.finished).toBe('succeeded');
  });

  it('frees the group of a run whose owner is gone', async () => {
    const { store, runner, controller, living } = setUp();
    await controller.start(request(plan('queue')));
    await runner.has('a');
    living.delete('one');
    const other = setUp(store, 'two', living.add('two'));
    const second = await other.controller.start(request(plan('queue')));
    await other.runner.has('a');
    other.runner.end('a');
    expect(await second.finished).toBe('succeeded');
  });
});
