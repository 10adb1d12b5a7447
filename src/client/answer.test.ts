import { describe, expect, it } from 'vitest';
import { aJob, aPlan, aRequest, PLACE } from '../../test/support/plan.ts';
import { ScriptedRunner } from '../../test/support/scripted-runner.ts';
import { VirtualClock } from '../../test/support/virtual-clock.ts';
import { userError } from '../base/diagnostic.ts';
import { inboxStream } from '../journal/stream.ts';
import type { ApprovalRequest } from '../pipeline/plan-approval.ts';
import { openMemoryStore } from '../store/memory.ts';
import type { Client, GivenAnswer } from './contract.ts';
import { createInProcessClient } from './in-process.ts';

const OPTIONS = { secretFiles: [], keepWorkspaces: false };
const REQUEST: ApprovalRequest = {
  message: null,
  approvers: [],
  count: 1,
  authorAllowed: false,
  form: {},
  expiresAfterMs: 60_000,
  onExpiry: 'reject',
  place: PLACE,
};
let nextByte = 0;

/** Several people with one store; each is a process of their own. */
class World {
  readonly clock = new VirtualClock();
  readonly store = openMemoryStore(this.clock);
  readonly living = new Set<string>();

  /** `openRunner`: who may not drive here rejects. */
  person(
    name: string,
    teams: readonly string[] = [],
    openRunner: () => Promise<ScriptedRunner> = async () => new ScriptedRunner(),
  ): Client {
    this.living.add(name);
    return createInProcessClient({
      store: this.store,
      clock: this.clock,
      random: { bytes: (count) => Uint8Array.from({ length: count }, () => (nextByte++ * 7) % 256) },
      owners: {
        self: name,
        alive: (owner) => this.living.has(owner),
        isSameBoot: () => true,
        describe: (owner) => `process ${owner}`,
      },
      actor: { kind: 'person', id: `${name} (uid 1000)` },
      teams: async () => teams,
      directory: '/nowhere',
      openRunner,
      openKept: () => Promise.reject(new Error('nothing is kept in this test')),
      openDeployments: () => Promise.reject(new Error('nothing is deployed in this test')),
      requireSpace: async () => {},
      openSnapshots: () => Promise.reject(new Error('no workspace is kept in this test')),
      shutdown: async () => {},
    });
  }

  /** Lets time go by until it is settled. */
  async until<T>(promise: Promise<T>): Promise<T> {
    let isSettled = false;
    const end = () => {
      isSettled = true;
    };
    promise.then(end, end);
    while (!isSettled) {
      await new Promise(setImmediate);
      this.clock.advance(10);
    }
    return promise;
  }

  /** A run of `alice` that asks. */
  async asked(client: Client, request: Partial<ApprovalRequest> = {}) {
    const plan = aPlan([aJob({ id: 'ask', steps: [], approval: { ...REQUEST, ...request } })]);
    const { source, event, inputs, variables, workersMax, only } = aRequest(plan);
    const run = await client.start({ plan, source, event, inputs, variables, workersMax, only, ...OPTIONS });
    for await (const { body } of client.events(run.runId, { follow: true })) {
      if (body.type === 'approval.requested') break;
    }
    return run;
  }

  async answer(client: Client, runId: string, more: Partial<GivenAnswer> = {}) {
    const view = await client.show(runId);
    const { binding } = view.stages[0]!.jobs[0]!.cells![0]!.approval!;
    const plain = { cell: 'ask', decision: 'approve', answers: {}, text: null } as const;
    return this.until(client.answer(runId, { ...plain, binding, ...more }, OPTIONS));
  }
}

describe('an answer to a run', () => {
  it('is written down where only another account can go on with the run', async () => {
    const world = new World();
    const run = await world.asked(world.person('alice'), { approvers: ['bob'], expiresAfterMs: 1e12 });
    await run.leaveIfAsked();
    await expect(run.finished).rejects.toThrow('waits for approval');
    const bob = world.person('bob', [], () => Promise.reject(userError('home-of-another', 'not yours')));
    const taken = await world.answer(bob, run.runId);
    expect(taken).toMatchObject({ by: 'bob', run: null });
    expect(taken.sentence).toBe(`written down; it counts once its owner goes on: sluice resume ${run.runId}`);
    const again = await world.until(world.person('alice again').resume(run.runId, OPTIONS));
    expect(await again.finished).toBe('succeeded');
  });

  it('is taken by the owner that lives', async () => {
    const world = new World();
    const run = await world.asked(world.person('alice'), { count: 2 });
    const first = await world.answer(world.person('bob'), run.runId);
    expect(first).toMatchObject({ by: 'bob', left: 1, run: null });
    const second = await world.answer(world.person('carol'), run.runId);
    expect(second).toMatchObject({ left: 0, sentence: 'approved by bob and carol' });
    expect(await run.finished).toBe('succeeded');
  });

  it('takes a run over that nobody drives', async () => {
    const world = new World();
    const run = await world.asked(world.person('alice'));
    expect(await run.leaveIfAsked()).toBe(true);
    await expect(run.finished).rejects.toThrow('waits for approval');
    const taken = await world.answer(world.person('bob'), run.runId);
    expect(taken.run).not.toBeNull();
    expect(await taken.run!.finished).toBe('succeeded');
  });

  it('is taken by one of two who take the run over at the same time', async () => {
    const world = new World();
    const run = await world.asked(world.person('alice'), { count: 2 });
    await run.leaveIfAsked();
    const people = [world.person('bob'), world.person('carol')];
    const taken = await Promise.all(people.map((one) => world.answer(one, run.runId)));
    const drivers = taken.filter((one) => one.run !== null);
    expect(drivers).toHaveLength(1);
    expect(await drivers[0]!.run!.finished).toBe('succeeded');
  });

  it('counts for whoever wrote it, and for their teams', async () => {
    const world = new World();
    const run = await world.asked(world.person('alice'), { approvers: ['team/ops', 'carol'] });
    await expect(world.answer(world.person('bob'), run.runId)).rejects.toThrow('bob may not approve this');
    const mallory = { kind: 'person', id: 'mallory (uid 1001)' } as const;
    const view = await world.person('eve').show(run.runId);
    const { binding } = view.stages[0]!.jobs[0]!.cells![0]!.approval!;
    const plain = {
      type: 'approval.answered',
      cell: 'ask',
      decision: 'approve',
      teams: [],
      answers: {},
    } as const;
    const forged = { ...plain, text: null, binding, by: 'carol' };
    const entry = { schemaVersion: 1, at: 0, actor: mallory, body: forged } as const;
    await world.store.journal.append(inboxStream(run.runId), 0, [entry]);
    const taken = await world.answer(world.person('dora', ['ops']), run.runId);
    expect(taken).toMatchObject({ by: 'dora', left: 0 });
    const refused: string[] = [];
    for await (const { body } of world.person('eve').events(run.runId, { follow: false })) {
      if (body.type === 'approval.refused') refused.push(`${body.by}: ${body.code}`);
    }
    expect(refused).toEqual(['mallory: not-allowed']);
  });

  it('is refused before it is written, with a way out', async () => {
    const world = new World();
    const alice = world.person('alice');
    const run = await world.asked(alice);
    await expect(world.answer(alice, run.runId)).rejects.toMatchObject({
      diagnostics: [{ code: 'approval-author', suggestion: expect.stringContaining('author: true') }],
    });
    const { binding } = (await alice.show(run.runId)).stages[0]!.jobs[0]!.cells![0]!.approval!;
    const other = { binding: { ...binding, commit: 'another' } };
    await expect(world.answer(world.person('bob'), run.runId, other)).rejects.toMatchObject({
      diagnostics: [{ code: 'approval-other-commit' }],
    });
    expect(await world.store.journal.head(inboxStream(run.runId))).toBe(0);
  });

  it('comes too late after the deadline', async () => {
    const world = new World();
    const run = await world.asked(world.person('alice'));
    await run.leaveIfAsked();
    world.clock.advance(60_000);
    await expect(world.answer(world.person('bob'), run.runId)).rejects.toMatchObject({
      diagnostics: [{ code: 'approval-expired', suggestion: expect.stringContaining('sluice resume') }],
    });
  });

  it('of who repeats a run does not make its author an approver', async () => {
    const world = new World();
    const [alice, bob] = [world.person('alice'), world.person('bob')];
    const first = await world.asked(alice);
    await world.answer(bob, first.runId);
    await first.finished;
    const again = await bob.rerun(first.runId, { kind: 'all' }, OPTIONS);
    for (const author of [alice, bob])
      await expect(world.answer(author, again.runId)).rejects.toThrow('somebody else must approve it');
    expect(await world.answer(world.person('carol'), again.runId)).toMatchObject({ left: 0 });
  });
});

describe('a run that asks', () => {
  it('is listed with what it asks', async () => {
    const world = new World();
    const alice = world.person('alice');
    const run = await world.asked(alice);
    expect(await alice.list({ limit: 5 })).toMatchObject([
      { runId: run.runId, approvals: ['ask'], orphaned: false },
    ]);
    await run.leaveIfAsked();
    expect(await alice.orphans('/repo')).toMatchObject([{ runId: run.runId, approvals: ['ask'] }]);
  });

  it('is not left while something else goes on', async () => {
    const world = new World();
    const alice = world.person('alice');
    const plan = aPlan([aJob({ id: 'work' }), aJob({ id: 'ask', steps: [], approval: REQUEST })]);
    const { source, event, inputs, variables, workersMax, only } = aRequest(plan);
    const run = await alice.start({ plan, source, event, inputs, variables, workersMax, only, ...OPTIONS });
    expect(await run.leaveIfAsked()).toBe(false);
  });

  it('is left again by whoever cancels another part of it', async () => {
    const world = new World();
    const alice = world.person('alice');
    const asking = (id: string) => aJob({ id, steps: [], approval: REQUEST });
    const plan = aPlan([asking('ask'), asking('other')]);
    const { source, event, inputs, variables, workersMax, only } = aRequest(plan);
    const run = await alice.start({ plan, source, event, inputs, variables, workersMax, only, ...OPTIONS });
    await run.leaveIfAsked();
    await world.until(alice.cancel(run.runId, { kind: 'job', job: 'other' }, 'not needed'));
    expect(await alice.list({ limit: 1 })).toMatchObject([
      { outcome: null, approvals: ['ask'], orphaned: true },
    ]);
  });
});
