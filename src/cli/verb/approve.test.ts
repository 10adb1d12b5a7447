import { describe, expect, it } from 'vitest';
import { planJob, planOf, RunStory } from '../../../test/support/run-story.ts';
import { ScriptedWorld } from '../../../test/support/scripted-ports.ts';
import { digestOf } from '../../base/digest.ts';
import type { RunSummary } from '../../client/contract.ts';
import { foldRun } from '../../client/fold-run.ts';
import type { RunEvent } from '../../journal/run-event.ts';
import { renderLive } from '../live/render-live.ts';
import { makeLook } from '../look.ts';

const PLAN = planOf([
  planJob('lint'),
  planJob('ask', { steps: [], needs: ['lint'] }),
  planJob('ship', { needs: ['ask'] }),
]);
const BINDING = { commit: '3f2a91c0d4e5', planDigest: digestOf('plan'), artifactDigest: null };
const FILE = 'name: main-build\njobs:\n  lint: {commands: [lint]}\n';

type Requested = Extract<RunEvent, { type: 'approval.requested' }>;

function requested(story: RunStory, more: Partial<Requested> = {}): Requested {
  const openedAtMs = story.events.at(-1)!.at;
  return {
    type: 'approval.requested',
    cell: 'ask',
    job: 'ask',
    message: 'Release 1.2?',
    approvers: ['bob', 'team/ops'],
    count: 2,
    authors: ['ada'],
    authorAllowed: false,
    form: {
      ticket: { description: 'Which ticket?', kind: 'text', required: true, default: null, options: [] },
    },
    openedAtMs,
    expiresAtMs: openedAtMs + 3_600_000,
    onExpiry: 'reject',
    binding: BINDING,
    artifacts: [{ name: 'site', version: '1.2', digest: digestOf('site') }],
    ...more,
  };
}

/** A run of which only the approval is left, and one of two people has agreed. */
function asked(more: Partial<Requested> = {}): RunStory {
  const story = new RunStory(PLAN).owned().starts('lint').stepEnds('lint', 'step-1').ends('lint');
  const given = {
    type: 'approval.given',
    cell: 'ask',
    job: 'ask',
    by: 'bob',
    answers: { ticket: 'A-1' },
  } as const;
  story.add(requested(story, more));
  return story.add({
    ...given,
    comment: 'fine',
    left: 1,
    sentence: 'approved by bob; waits for 1 more approval',
  });
}

function worldOf(story: RunStory): ScriptedWorld {
  const world = new ScriptedWorld();
  world.client.tell(story);
  world.files.set('/work/shop/sluice.yaml', FILE);
  return world;
}

function summary(runId: string): RunSummary {
  return {
    runId,
    pipeline: 'main-build',
    branch: 'main',
    commit: null,
    event: 'manual',
    trust: 'trusted',
    startedAtMs: 0,
    durationMs: null,
    outcome: null,
    orphaned: false,
    approvals: ['ask'],
    sentence: 'not over',
  };
}

async function untilAsked(world: ScriptedWorld, what: 'start' | 'answer'): Promise<void> {
  while (!world.client.asked.some((one) => one.what === what)) await new Promise(setImmediate);
}

/** Ten seconds of a run that has begun, in small pieces. */
async function timePasses(world: ScriptedWorld): Promise<void> {
  await untilAsked(world, 'start');
  for (let turn = 0; turn < 100; turn++) {
    await new Promise(setImmediate);
    world.clock.pass(100);
  }
}

describe('sluice approve', () => {
  it('answers what was seen, with the form and a comment', async () => {
    const world = worldOf(asked());
    expect(await world.run('approve', 'latest', 'ask', '--field', 'ticket=A-2', '--comment', 'go')).toBe(0);
    const answer = {
      cell: 'ask',
      decision: 'approve',
      answers: { ticket: 'A-2' },
      text: 'go',
      binding: BINDING,
    };
    expect(world.client.asked[0]).toEqual({ what: 'answer', runId: '01jshop0000abc', answer });
    expect(world.out.text).toMatchInlineSnapshot(`
      "ask of run 01jshop0000abc: approved by bob
      see how it goes on: sluice show 01jshop0000abc
      "
    `);
  });

  it('finds the one run that asks', async () => {
    const world = worldOf(asked());
    expect(await world.run('approve')).toBe(2);
    expect(world.err.text).toContain('no run of this repository waits for approval');
    world.client.listed = [summary('01jshop0000abc')];
    expect(await world.run('approve')).toBe(0);
    world.client.listed = [summary('a'), summary('b')];
    expect(await world.run('approve')).toBe(2);
    expect(world.err.text).toContain('2 runs wait for approval: a, b');
  });

  it('names what there is instead of what does not ask', async () => {
    const world = worldOf(asked());
    expect(await world.run('approve', 'latest', 'lint')).toBe(2);
    expect(world.err.text).toContain('lint of run 01jshop0000abc does not wait for approval: succeeded');
    expect(await world.run('approve', 'latest', 'lnt')).toBe(2);
    expect(world.err.text).toContain('did you mean lint?');
    expect(world.client.asked.filter(({ what }) => what === 'answer')).toEqual([]);
  });

  it('refuses a field that is none', async () => {
    const world = worldOf(asked());
    expect(await world.run('approve', 'latest', '--field', 'ticket')).toBe(2);
    expect(world.err.text).toContain('--field "ticket" is not NAME=VALUE');
  });

  it('drives a run on that nobody drives, and ends with its exit code', async () => {
    const story = asked();
    const world = worldOf(story);
    world.client.next = story;
    const code = world.run('approve', 'latest');
    await untilAsked(world, 'answer');
    story.ends('ask').finished('failed', '1 job failed', 2000);
    world.client.goOn();
    expect(await code).toBe(1);
    expect(world.err.text).toContain('nobody drove the run, so it goes on here');
  });
});

describe('sluice reject', () => {
  it('needs a reason', async () => {
    const world = worldOf(asked());
    expect(await world.run('reject', 'latest', '--reason', ' ')).toBe(2);
    expect(world.err.text).toContain('a rejection needs a reason');
  });

  it('hands the reason on', async () => {
    const world = worldOf(asked());
    expect(await world.run('reject', 'latest', '--reason', 'no', '--json')).toBe(0);
    expect(world.client.asked[0]).toMatchObject({ answer: { decision: 'reject', text: 'no' } });
    expect(JSON.parse(world.out.text)).toMatchObject({ cell: 'ask', decision: 'reject' });
  });
});

describe('a run that waits for people', () => {
  it('tells in the story what is asked and what was answered', async () => {
    const world = worldOf(asked());
    await world.run('show');
    expect(world.out.text).toMatchInlineSnapshot(`
      "main-build  waiting for approval 0ms                          run 01jshop0000abc
        source     main @ 3f2a91c + changes, sluice.yaml
        event      manual
        started    2026-01-02 03:04:05
        driven by  host:1

      build                                                                       1.0s
        ✓ lint                                                                    1.0s
            ✓ true                                                                1.0s
        ○ ask  waits for approval (1 of 2)
            Release 1.2?
            for commit 3f2a91c, plan 64879f7d6b96, site 1.2
            2 approvals of bob, team/ops, not ada; without them it is rejected at
            2026-01-02 04:04:05
            field ticket: Which ticket? (must be filled in)
            approved by bob at 2026-01-02 03:04:05: ticket=A-1, fine
        ○ ship

      run 01jshop0000abc waits for approval

      next: sluice approve 01jshop0000abc ask --field ticket=...  agree
            sluice reject 01jshop0000abc ask --reason ...         object
      "
    `);
  });

  it('shows in a terminal what to type', () => {
    const look = makeLook({ width: 80, height: 24, colour: false, unicode: true, live: true });
    const story = asked();
    const nowMs = story.events.at(-1)!.at + 5000;
    const view = foldRun(story.events);
    const lines = renderLive(view, { look, nowMs, tails: new Map(), notice: null });
    expect(lines.join('\n')).toMatchInlineSnapshot(`
      "main-build  main @ 3f2a91c + changes                          run 01jshop0000abc

      ✓ lint                                                                      1.0s
      ○ ask  waits for approval (1 of 2)                                          5.0s
      ○ ship

      ○ waits for approval: sluice approve 01jshop0000abc                         5.0s"
    `);
  });

  it('is left where nobody looks, with exit code 4 and what to type', async () => {
    const story = asked();
    const world = worldOf(story);
    world.client.next = story;
    world.client.isAsked = true;
    const code = world.run('run');
    let isOver = false;
    code.finally(() => {
      isOver = true;
    });
    while (!isOver) await timePasses(world);
    expect(await code).toBe(4);
    expect(world.out.text).toMatchInlineSnapshot(`
      "run 01jshop0000abc of main-build, main @ 3f2a91c + changes
      lint │ started
      lint │ ✓ succeeded (1.0s)
      ask │ waits for approval (0 of 2)
      ask │ Release 1.2?
      ask │ for commit 3f2a91c, plan 64879f7d6b96, site 1.2
      ask │ 2 approvals of bob, team/ops, not ada; without them it is rejected at
      ask │ 2026-01-02 04:04:05
      ask │ field ticket: Which ticket? (must be filled in)
        sluice approve 01jshop0000abc ask --field ticket=...
        sluice reject 01jshop0000abc ask --reason ...
      ask │ approved by bob; waits for 1 more approval: fine

      run 01jshop0000abc waits for approval

      next: sluice approve 01jshop0000abc ask --field ticket=...  agree
            sluice reject 01jshop0000abc ask --reason ...         object
      "
    `);
    expect(world.err.text).toBe('run 01jshop0000abc waits for approval; whoever answers goes on with it\n');
  });

  it('is not left by who asks to wait, until an interrupt', async () => {
    const story = asked();
    const world = worldOf(story);
    world.client.next = story;
    world.client.isAsked = true;
    const code = world.run('run', '--wait', '--json');
    await timePasses(world);
    expect(world.out.text).toBe('');
    world.interrupt();
    expect(await code).toBe(4);
    expect(JSON.parse(world.out.text)).toMatchObject({ outcome: null, exitCode: 4 });
    expect(world.client.asked.filter(({ what }) => what === 'cancel')).toEqual([]);
  });
});
