import { describe, expect, it } from 'vitest';
import { planJob, planOf, planStep, RunStory, STORY_START_MS } from '../../../test/support/run-story.ts';
import { ScriptedWorld } from '../../../test/support/scripted-ports.ts';
import type { LogLine, RunSummary } from '../../client/contract.ts';

const MATRIX = {
  cells: [
    { node: 20, os: 'linux' },
    { node: 22, os: 'linux' },
  ],
  expression: null,
  include: [],
  exclude: [],
  failFast: true,
  maxParallel: null,
};
const PLAN = planOf([
  planJob('lint'),
  planJob('test', {
    stage: 'test',
    needs: ['lint'],
    matrix: MATRIX,
    steps: [planStep('install'), planStep('run', { name: 'run tests' })],
    cleanup: [planStep('tidy')],
  }),
  planJob('deploy', { stage: 'deploy', needs: ['test'] }),
]);
const NODE_20 = 'test (node: 20, os: linux)';
const NODE_22 = 'test (node: 22, os: linux)';

function longStory(): RunStory {
  const story = new RunStory(PLAN, {
    rerunOf: { runId: '01jbefore', reused: { lint: { outcome: 'succeeded' } } },
  });
  story.owned().starts(NODE_20, 'test', 'install').later(2000);
  story
    .stepEnds(NODE_20, 'install', { outcome: 'failed', cause: { kind: 'exit-code', code: 7 } })
    .ends(NODE_20, {
      job: 'test',
      outcome: 'failed',
      cause: { kind: 'exit-code', code: 7 },
      step: 'install',
      durationMs: 2000,
      retry: { afterMs: 1000, sentence: 'tried again after 1.0s: exit code 7' },
    });
  story
    .later(1000)
    .starts(NODE_20, 'test', 'install', 2)
    .later(500)
    .stepEnds(NODE_20, 'install', { attempt: 2, durationMs: 500 });
  story.add({ type: 'run.owned', owner: 'host:2', fence: 2, resumed: true });
  story.add({ type: 'step.started', cell: NODE_20, attempt: 2, step: 'run', try: 1, isolation: 'process' });
  story.later(4000).stepEnds(NODE_20, 'run', {
    attempt: 2,
    durationMs: 4000,
    outcome: 'failed',
    cause: { kind: 'signal', signal: 'SIGKILL' },
  });
  story.add({ type: 'step.started', cell: NODE_20, attempt: 2, step: 'tidy', try: 1, isolation: 'process' });
  story.stepEnds(NODE_20, 'tidy', { attempt: 2, durationMs: 80 });
  story.ends(NODE_20, {
    job: 'test',
    attempt: 2,
    outcome: 'failed',
    cause: { kind: 'signal', signal: 'SIGKILL' },
    step: 'run',
    durationMs: 4580,
    tail: ['allocating', 'Killed'],
  });
  story.add({
    type: 'run.cancel-requested',
    target: { kind: 'cell', cell: NODE_22 },
    by: 'ada',
    reason: 'not needed',
  });
  story.ends(NODE_22, {
    job: 'test',
    attempt: 0,
    outcome: 'cancelled',
    cause: { kind: 'cancelled', by: 'ada', reason: 'not needed' },
    durationMs: 0,
  });
  story.add({
    type: 'cell.skipped',
    cell: 'deploy',
    job: 'deploy',
    reason: {
      sentence: "success() && vars.ship == 'yes' is false because test failed",
      decision: {
        term: "success() && vars.ship == 'yes'",
        value: 'false',
        because: null,
        parts: [
          { term: 'success()', value: 'false', because: 'test failed', parts: [] },
          { term: "vars.ship == 'yes'", value: 'true', because: null, parts: [] },
        ],
      },
    },
  });
  story.add({ type: 'run.warning', message: 'the disk is nearly full' });
  return story.finished('failed', '1 of 4 cells failed', 8000);
}

function worldWith(...stories: RunStory[]): ScriptedWorld {
  const world = new ScriptedWorld();
  for (const story of stories) world.client.tell(story);
  return world;
}

describe('sluice show', () => {
  it('tells the whole story: attempts, steps, causes, cancels, resumes, skips with their decision', async () => {
    const world = worldWith(longStory());
    expect(await world.run('show')).toBe(0);
    expect(
      world.out.text.replace(/\d{4}-\d\d-\d\d \d\d:\d\d:\d\d/g, '(local date, time)'),
    ).toMatchInlineSnapshot(`
      "main-build  failed 8.0s                                       run 01jshop0000abc
        source     main @ 3f2a91c + changes, sluice.yaml
        event      manual
        started    (local date, time)
        rerun of   01jbefore
        resumed    1 time
        cancelled  cell test (node: 22, os: linux) by ada at (local date, time): not
                   needed

      build
        ✓ lint  taken over from the run that this one repeats

      test                                                                        4.5s
        ✗ test  2/2 cells
          ✗ node: 20, os: linux  failed                                           4.5s
              ! attempt 1 failed after 2.0s: install: exit code 7; tried again after
                1.0s: exit code 7
              ✓ install                                                          500ms
              ✗ run tests  killed by SIGKILL (often because memory ran out)       4.0s
              ✓ tidy  (clean-up)                                                  80ms
          ■ node: 22, os: linux  cancelled                                         0ms
              cancelled by ada: not needed

      deploy
        - deploy  skipped
            success() && vars.ship == 'yes' is false because test failed
              success() is false because test failed
              vars.ship == 'yes' is true

      ✗ test (node: 20, os: linux) › run tests
        killed by SIGKILL (often because memory ran out) after 4.5s, at attempt 2
        │ allocating
        │ Killed
        all of it: sluice logs 01jshop0000abc --cell 'test (node: 20, os: linux)'

      ■ test (node: 22, os: linux) cancelled by ada: not needed
      - deploy skipped: success() && vars.ship == 'yes' is false because test failed

      ! warning: the disk is nearly full

      ✗ failed in 8.0s  1 of 4 cells failed                         run 01jshop0000abc

      next: sluice rerun 01jshop0000abc --failed  run again what did not succeed
      "
    `);
    for (const line of world.out.text.split('\n')) expect(line.length).toBeLessThanOrEqual(80);
  });

  it('shows a run that goes on, and who drives it', async () => {
    const world = worldWith(new RunStory(PLAN).owned().starts('lint'));
    world.clock.pass(61_000);
    expect(await world.run('show', 'abc')).toBe(0);
    expect(world.out.text).toContain('running 1m 01s');
    expect(world.out.text).toContain('  driven by  host:1\n');
    expect(world.out.text).toMatch(/● lint +1m 01s\n/);
    expect(world.out.text).toContain('next: sluice logs 01jshop0000abc -f');
  });

  it('says when nobody drives a run any more', async () => {
    const story = new RunStory(PLAN).owned().starts('lint');
    const world = worldWith(story);
    world.client.orphaned = [
      {
        runId: story.runId,
        pipeline: 'shop',
        branch: null,
        commit: null,
        event: 'manual',
        trust: 'trusted',
        startedAtMs: 0,
        durationMs: null,
        outcome: null,
        orphaned: true,
        approvals: [],
        sentence: '',
      },
    ];
    await world.run('show');
    expect(world.err.text).toBe('nobody drives it any more; go on with it: sluice resume 01jshop0000abc\n');
  });

  it('gives the whole view as JSON', async () => {
    const story = longStory();
    const world = worldWith(story);
    await world.run('show', '--json');
    expect(JSON.parse(world.out.text)).toEqual(
      JSON.parse(JSON.stringify(await world.client.show(story.runId))),
    );
  });

  it('writes a summary in Markdown', async () => {
    const world = worldWith(longStory());
    await world.run('show', '--summary', '/tmp/s.md');
    expect(world.files.get('/tmp/s.md')).toContain('## main-build: failed in 8.0s');
  });

  it('refuses a run that is not there', async () => {
    const world = worldWith(longStory());
    expect(await world.run('show', 'zzz')).toBe(2);
  });
});

describe('sluice list', () => {
  const summary = (change: Partial<RunSummary>): RunSummary => ({
    runId: '01jshop0000abc',
    pipeline: 'shop',
    branch: 'main',
    commit: '3f2a91c0',
    event: 'manual',
    trust: 'trusted',
    startedAtMs: STORY_START_MS - 5 * 60_000,
    durationMs: 41_200,
    outcome: 'succeeded',
    orphaned: false,
    approvals: [],
    sentence: '',
    ...change,
  });

  it('shows a table, newest first', async () => {
    const world = worldWith();
    world.client.listed = [
      summary({ runId: '01jshop0000def', outcome: null, durationMs: null, startedAtMs: STORY_START_MS }),
      summary({
        runId: '01jshop0000ghi',
        outcome: null,
        durationMs: null,
        orphaned: true,
        approvals: [],
        startedAtMs: STORY_START_MS - 30_000,
      }),
      summary({ outcome: 'failed', event: 'pull_request' }),
      summary({ outcome: 'warned', branch: null, startedAtMs: STORY_START_MS - 3 * 86_400_000 }),
    ];
    expect(await world.run('list')).toBe(0);
    expect(world.err.text).toBe('a run was left behind; go on with it: sluice resume 01jshop0000ghi\n');
    expect(world.out.text).toMatchInlineSnapshot(`
      "  run             pipeline  branch   event         started      time
      ● 01jshop0000def  shop      main     manual        just now  running
      ! 01jshop0000ghi  shop      main     manual        30s ago      left
      ✗ 01jshop0000abc  shop      main     pull_request  5m ago      41.2s
      ! 01jshop0000abc  shop      3f2a91c  manual        3d ago      41.2s
      "
    `);
  });

  it('fits 80 columns by cutting only names', async () => {
    const world = worldWith();
    world.client.listed = [
      summary({ pipeline: 'p'.repeat(60), branch: 'feature/'.repeat(10), event: 'pull_request' }),
    ];
    await world.run('list');
    const lines = world.out.text.trimEnd().split('\n');
    for (const line of lines) expect(line.length).toBeLessThanOrEqual(80);
    expect(lines[1]).toContain('01jshop0000abc');
    expect(lines[1]).toContain('pull_request');
    expect(lines[1]).toMatch(/41\.2s$/);
  });

  it('asks for as many as wanted, and refuses what is no count', async () => {
    const world = worldWith();
    world.client.listed = [summary({}), summary({ runId: 'b' }), summary({ runId: 'c' })];
    await world.run('list', '--limit', '2', '--json');
    expect(JSON.parse(world.out.text)).toHaveLength(2);
    expect(await world.run('list', '--limit', 'all')).toBe(2);
    expect(world.err.text).toBe(
      'error: --limit is "all", which is no such count\n  give a whole number from 1 to 10000\n',
    );
  });

  it('says what to do when there is none', async () => {
    const world = worldWith();
    expect(await world.run('list')).toBe(0);
    expect(world.out.text).toBe('no runs of this repository yet; start one: sluice run\n');
  });
});

describe('sluice logs', () => {
  const line = (cell: string, step: string, number: number, text: string, attempt = 1): LogLine => ({
    cell,
    step,
    attempt,
    line: number,
    atMs: STORY_START_MS + number,
    text,
  });
  const LINES = [
    line('lint', 'step-1', 1, 'clean'),
    line(NODE_20, 'install', 1, 'nope'),
    line(NODE_20, 'install', 1, 'added 3 packages', 2),
    line(NODE_20, 'run', 1, 'lint › true', 2),
    line(NODE_20, 'run', 2, '\u001b[2J\u001b[31mKilled\u001b[0m\u001b]8;;http://evil\u0007', 2),
  ];

  function withLines(): ScriptedWorld {
    const world = worldWith(longStory());
    world.client.logLines = LINES;
    return world;
  }

  it('prints each step under its heading; what a step prints cannot pass for one', async () => {
    const world = withLines();
    expect(await world.run('logs')).toBe(0);
    expect(world.out.text).toMatchInlineSnapshot(`
      "lint › true
        clean

      test (node: 20, os: linux) › install
        nope

      test (node: 20, os: linux) › install (attempt 2)
        added 3 packages

      test (node: 20, os: linux) › run tests (attempt 2)
        lint › true
        Killed
      "
    `);
  });

  it('keeps colours, and nothing else, when colours are wanted', async () => {
    const world = withLines();
    await world.run('logs', '--step', 'run', '--cell', NODE_20, '--color', 'always');
    expect(world.out.text).toBe('lint › true\n\u001b[31mKilled\u001b[0m\n');
  });

  it('prints one step alone as it is', async () => {
    const world = withLines();
    await world.run(
      'logs',
      '--job',
      'test',
      '--cell',
      'node: 20, os: linux',
      '--step',
      'run tests',
      '--tail',
      '1',
    );
    expect(world.out.text).toBe('Killed\n');
  });

  it('prints times', async () => {
    const world = withLines();
    await world.run('logs', '--job', 'lint', '--timestamps');
    expect(world.out.text).toMatch(/^lint › true\n {2}\d\d:\d\d:05\.001 {2}clean\n$/);
  });

  it('prints lines as JSON', async () => {
    const world = withLines();
    await world.run('logs', '--job', 'lint', '--json');
    expect(JSON.parse(world.out.text)).toEqual(LINES[0]);
  });

  it('stops when nobody reads any more', async () => {
    const world = withLines();
    const ports = world.ports();
    const { runCli } = await import('../cli.ts');
    let text = '';
    let fail = (_error: Error): void => {};
    const out = {
      write: (written: string) => {
        text += written;
        if (text.includes('nope')) fail(new Error('write EPIPE'));
      },
      on: (_event: 'error', listener: (error: Error) => void) => {
        fail = listener;
      },
    };
    expect(await runCli(['logs'], { ...ports, out })).toBe(0);
    expect(text.endsWith('nope\n')).toBe(true);
  });

  it('says when nothing was printed', async () => {
    const world = withLines();
    expect(await world.run('logs', '--job', 'deploy')).toBe(0);
    expect(world.err.text).toBe('deploy in run 01jshop0000abc printed nothing\n');
  });

  it.each([
    [['--job', 'tset'], 'run 01jshop0000abc has no job "tset"\n  did you mean test?'],
    [
      ['--cell', 'x'],
      `run 01jshop0000abc has no cell "x"\n  there are: lint, ${NODE_20}, ${NODE_22}, deploy`,
    ],
    [['--job', 'test', '--step', 'runn'], 'run 01jshop0000abc has no step "runn"\n  did you mean run?'],
    [['--tail', 'x'], '--tail is "x", which is no such count\n  give a whole number from 1 to 100000000'],
  ])('refuses %j', async (argv, said) => {
    const world = withLines();
    expect(await world.run('logs', ...argv)).toBe(2);
    expect(world.err.text.replace(/\n {7}/g, ' ').replace(/\n {2}(?=test|deploy)/g, ' ')).toBe(
      `error: ${said}\n`,
    );
  });
});

describe('sluice cancel', () => {
  const going = (): ScriptedWorld => worldWith(new RunStory(PLAN).owned().starts(NODE_20, 'test', 'install'));

  it.each([
    [[], { kind: 'run' }, 'everything'],
    [['--job', 'test'], { kind: 'job', job: 'test' }, 'job test'],
    [['--cell', NODE_20], { kind: 'cell', cell: NODE_20 }, `cell ${NODE_20}`],
    [['--job', 'test', '--cell', 'node: 20, os: linux'], { kind: 'cell', cell: NODE_20 }, `cell ${NODE_20}`],
    [
      ['--cell', NODE_20, '--step', 'run'],
      { kind: 'step', cell: NODE_20, step: 'run' },
      `step run of ${NODE_20}`,
    ],
    [
      ['--cell', NODE_20, '--step', 'run tests'],
      { kind: 'step', cell: NODE_20, step: 'run' },
      `step run of ${NODE_20}`,
    ],
    [
      ['--job', 'lint', '--step', 'step-1'],
      { kind: 'step', cell: 'lint', step: 'step-1' },
      'step step-1 of lint',
    ],
  ])('asks for %j', async (argv, target, said) => {
    const world = going();
    expect(await world.run('cancel', ...argv, '--reason', 'because')).toBe(0);
    expect(world.client.asked[0]).toEqual({
      what: 'cancel',
      runId: '01jshop0000abc',
      target,
      reason: 'because',
    });
    expect(world.out.text).toBe(
      `asked run 01jshop0000abc to stop ${said}; its clean-up still runs\nsee how it ends: sluice show 01jshop0000abc\n`,
    );
  });

  it('needs one cell for a step', async () => {
    const world = going();
    expect(await world.run('cancel', '--job', 'test', '--step', 'run')).toBe(2);
    expect(await world.run('cancel', '--step', 'run')).toBe(2);
  });

  it('refuses a run that is over', async () => {
    const world = worldWith(longStory());
    expect(await world.run('cancel')).toBe(2);
    expect(world.err.text).toBe(
      'error: run 01jshop0000abc is over (failed); there is nothing to cancel\n  see the runs: sluice list\n',
    );
  });
});

describe('sluice rerun', () => {
  const NEXT = new RunStory(PLAN, { runId: '01jnext' }).owned().finished('succeeded', 'all good', 5);

  it.each([
    [[], { kind: 'all' }],
    [['--failed'], { kind: 'failed' }],
    [['--from', 'test'], { kind: 'from', from: 'test' }],
  ])('drives a new run for %j', async (argv, rerun) => {
    const world = worldWith(longStory());
    world.client.next = NEXT;
    world.files.set('/work/shop/.env', 'A=b');
    expect(await world.run('rerun', ...argv, '--secrets', '.env')).toBe(0);
    expect(world.client.asked[0]).toEqual({
      what: 'rerun',
      runId: '01jshop0000abc',
      rerun,
      options: { secretFiles: ['/work/shop/.env'], keepWorkspaces: false },
    });
    expect(world.out.text).toContain('✓ succeeded in 5ms');
  });

  it('refuses what excludes each other and a file that is not there', async () => {
    const world = worldWith(longStory());
    expect(await world.run('rerun', '--from', 'test', '--failed')).toBe(2);
    expect(await world.run('rerun', '--secrets', 'nothing')).toBe(2);
    expect(world.err.text).toMatchInlineSnapshot(`
      "error: --failed and --from exclude each other
        leave one of them out
      error: --secrets: there is no file nothing
        the path is relative to the folder you are in
      "
    `);
  });
});

describe('sluice resume', () => {
  const orphan = (runId: string): RunSummary => ({
    runId,
    pipeline: 'shop',
    branch: null,
    commit: null,
    event: 'manual',
    trust: 'trusted',
    startedAtMs: 0,
    durationMs: null,
    outcome: null,
    orphaned: true,
    approvals: [],
    sentence: '',
  });

  it('goes on with the run that was left behind', async () => {
    const world = worldWith();
    world.client.orphaned = [orphan('01jleft')];
    world.client.next = new RunStory(PLAN, { runId: '01jleft' }).owned().finished('succeeded', 'all good', 5);
    expect(await world.run('resume')).toBe(0);
    expect(world.client.asked[0]).toMatchObject({ what: 'resume', runId: '01jleft' });
  });

  it('asks which when there are several, and says so when there is none', async () => {
    const world = worldWith();
    expect(await world.run('resume')).toBe(2);
    world.client.orphaned = [orphan('a'), orphan('b')];
    expect(await world.run('resume')).toBe(2);
    expect(world.err.text).toBe(
      'error: no run of this repository was left behind\n  see the runs: sluice list\n' +
        'error: 2 runs were left behind: a, b\n  name one: sluice resume a\n',
    );
  });
});
