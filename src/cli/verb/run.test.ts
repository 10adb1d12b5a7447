import { describe, expect, it } from 'vitest';
import { planJob, planOf, planStep, RunStory } from '../../../test/support/run-story.ts';
import { ScriptedWorld } from '../../../test/support/scripted-ports.ts';

const FILE = `name: shop
inputs:
  version:
    description: what to call it
    required: true
  level:
    options: [low, high]
    default: low
stages:
  - name: build
    jobs:
      - name: lint
        commands: ["true"]
  - name: test
    depends_on: [build]
    jobs:
      - name: test
        commands: ["true"]
      - name: docs
        commands: ["true"]
`;
const SIMPLE = FILE.replace(/inputs:[\s\S]*?(?=stages:)/, '');
const PLAN = planOf([
  planJob('lint'),
  planJob('test', {
    stage: 'test',
    needs: ['lint'],
    steps: [planStep('install'), planStep('run', { name: 'run tests' })],
  }),
  planJob('docs', { stage: 'test', needs: ['lint'] }),
  planJob('deploy', { stage: 'deploy', needs: ['test'] }),
]);

function worldWith(file: string | null, story: RunStory | null): ScriptedWorld {
  const world = new ScriptedWorld();
  if (file !== null) world.files.set('/work/shop/sluice.yaml', file);
  world.client.next = story;
  return world;
}

function goodStory(): RunStory {
  return new RunStory(PLAN)
    .owned()
    .starts('lint')
    .later(1200)
    .ends('lint', { durationMs: 1200 })
    .finished('succeeded', 'all jobs succeeded', 1300);
}

function badStory(): RunStory {
  return new RunStory(PLAN)
    .owned()
    .starts('lint')
    .later(1200)
    .ends('lint', { durationMs: 1200 })
    .starts('test', 'test', 'install')
    .starts('docs')
    .later(700)
    .ends('docs', {
      outcome: 'warned',
      cause: { kind: 'exit-code', code: 2 },
      step: 'step-1',
      durationMs: 700,
    })
    .fails('test', 1, ['FAIL cart', '  expected 3 to be 4', '\u001b]0;evil\u0007\u001b[31mred\u001b[39m'], {
      step: 'run',
    })
    .add({
      type: 'cell.skipped',
      cell: 'deploy',
      job: 'deploy',
      reason: { sentence: 'success() is false because test failed' },
    })
    .finished('failed', '1 of 4 jobs failed', 3500);
}

describe('sluice run', () => {
  it('prints plain lines where there is no terminal, and the outcome', async () => {
    const world = worldWith(SIMPLE, goodStory());
    expect(await world.run('run')).toBe(0);
    expect(world.out.text).toMatchInlineSnapshot(`
      "run 01jshop0000abc of main-build, main @ 3f2a91c + changes
      lint │ started
      lint │ ✓ succeeded (1.2s)

      ✓ succeeded in 1.3s  all jobs succeeded                       run 01jshop0000abc
      "
    `);
    expect(world.err.text).toBe('');
  });

  it('ends with what failed, the lines that matter, warnings, skips and what to type next', async () => {
    const world = worldWith(SIMPLE, badStory());
    expect(await world.run('run')).toBe(1);
    expect(world.out.text).toMatchInlineSnapshot(`
      "run 01jshop0000abc of main-build, main @ 3f2a91c + changes
      lint │ started
      lint │ ✓ succeeded (1.2s)
      test │ started
      docs │ started
      docs │ ! warned: exit code 2 (700ms, step true)
      test │ ✗ failed: exit code 1 (1.0s, step run tests)
      deploy │ - skipped: success() is false because test failed

      ✗ test › run tests
        exit code 1 after 1.0s
        │ FAIL cart
        │   expected 3 to be 4
        │ red
        all of it: sluice logs 01jshop0000abc --job test

      ! docs warned: exit code 2
      - deploy skipped: success() is false because test failed

      ✗ failed in 3.5s  1 of 4 jobs failed                          run 01jshop0000abc

      next: sluice rerun 01jshop0000abc --failed  run again what did not succeed
            sluice show 01jshop0000abc            the whole story
      "
    `);
    for (const line of world.out.text.split('\n')) expect(line.length).toBeLessThanOrEqual(80);
  });

  it('shows the end of the log of what failed where there is one', async () => {
    const world = worldWith(SIMPLE, badStory());
    world.client.logLines = Array.from({ length: 60 }, (_, index) => ({
      cell: 'test',
      attempt: 1,
      step: 'run',
      line: index + 1,
      atMs: 0,
      text: `line ${index + 1}`,
    }));
    await world.run('run');
    expect(world.out.text).not.toContain('│ line 10\n');
    expect(world.out.text).toContain('  │ line 11\n');
    expect(world.out.text).toContain('  │ line 60\n');
    expect(world.out.text).not.toContain('FAIL cart');
  });

  it('hands the client everything that was asked for', async () => {
    const world = worldWith(FILE, goodStory());
    world.files.set('/work/shop/.env', 'TOKEN=x');
    const code = await world.run(
      ...['run', '--job', 'test', '--job', 'docs', '--input', 'version=1=2', '--input', 'level=high'],
      ...['--var', 'A=1', '--variable', 'B=', '--secrets', '.env', '--branch', 'next', '--workers', '7'],
      '--shell-on-failure',
    );
    expect(code).toBe(0);
    const asked = world.client.asked[0]!;
    if (asked.what !== 'start') throw new Error(`asked for ${asked.what}`);
    const { plan, source, ...rest } = asked.request;
    expect(plan.jobs.map((job) => job.id)).toEqual(['lint', 'test', 'docs']);
    expect(source).toEqual({ ...world.source, branch: 'next' });
    expect(rest).toEqual({
      event: { name: 'manual', payload: {} },
      inputs: { version: '1=2', level: 'high' },
      untrusted: false,
      variables: { A: '1', B: '' },
      only: ['test', 'docs'],
      workersMax: 7,
      secretFiles: ['/work/shop/.env'],
      keepWorkspaces: true,
    });
  });

  it('runs exactly a commit when one is named', async () => {
    const world = worldWith(SIMPLE, goodStory());
    await world.run('run', '--commit', 'v1');
    expect(world.askedCommits).toEqual(['v1']);
    expect(world.client.asked[0]).toMatchObject({ request: { source: { mode: 'commit', commit: 'v1' } } });
  });

  it('tells everything that is wrong with what was given, and starts nothing', async () => {
    const world = worldWith(FILE, null);
    const code = await world.run(
      ...[
        'run',
        '--job',
        'tset',
        '--input',
        'levl=1',
        '--input',
        'level=mid',
        '--var',
        'x',
        '--var',
        'PATH=/x',
        '--var',
        'SLUICE_OUTPUT=x',
        '--event',
        'psh',
      ],
    );
    expect(code).toBe(2);
    expect(world.err.text).toMatchInlineSnapshot(`
      "error: there is no event "psh"
        did you mean push?
      error: the input version is required (what to call it)
        give it: --input version=VALUE
      error: the input level cannot be "mid"
        it is one of low, high
      error: pipeline shop has no input "levl"
        did you mean level?
      error: --variable "x" is not NAME=VALUE
        write --variable NAME=VALUE
      error: --variable PATH may not be set here, because it decides which programs
             run
        set it inside the command: \`PATH=... your-command\`
      error: --variable SLUICE_OUTPUT may not be set here, because Sluice sets it
             itself
        give the variable another name
      error: pipeline shop has no job "tset"
        did you mean test?
      "
    `);
    expect(world.client.asked.filter(({ what }) => what !== 'close')).toEqual([]);
  });

  it('shows the problems of the file with an excerpt', async () => {
    const world = worldWith(
      SIMPLE.replace('commands: ["true"]\n  - name: test', 'comands: ["true"]\n  - name: test'),
      null,
    );
    expect(await world.run('run')).toBe(2);
    expect(world.err.text).toContain('sluice.yaml:');
    expect(world.err.text).toContain('comands: ["true"]');
    expect(world.err.text).toContain('^^^^^^^');
    expect(world.out.text).toBe('');
  });

  it('says where it looked when there is no pipeline', async () => {
    const world = worldWith(null, null);
    expect(await world.run('run')).toBe(2);
    expect(world.err.text).toContain('sluice init');
  });

  it('takes the pipeline that the environment names, and the flag over it', async () => {
    const world = worldWith(null, goodStory());
    world.files.set('/work/shop/ci/a.yaml', SIMPLE.replace('shop', 'a'));
    world.files.set('/work/shop/ci/b.yaml', SIMPLE.replace('shop', 'b'));
    world.environment = { PIPELINE_CONFIG_PATH: 'ci/a.yaml' };
    await world.run('run');
    await world.run('run', '-f', 'ci/b.yaml');
    const names = world.client.asked.flatMap((asked) =>
      asked.what === 'start' ? [asked.request.plan.name] : [],
    );
    expect(names).toEqual(['a', 'b']);
  });

  it('refuses a pipeline outside of the repository, naming where the path came from', async () => {
    const world = worldWith(SIMPLE, null);
    world.environment = { PIPELINE_CONFIG_PATH: '../x.yaml' };
    expect(await world.run('run')).toBe(2);
    expect(world.err.text).toBe(
      'error: the pipeline file ../x.yaml (from PIPELINE_CONFIG_PATH) is not in the\n' +
        '       repository /work/shop\n' +
        '  a pipeline belongs to the repository that it builds; copy the file there\n',
    );
  });

  it('reads a pipeline from a program', async () => {
    const world = worldWith(null, goodStory());
    world.files.set('/work/shop/sluice.ts', '');
    world.modules.set('/work/shop/sluice.ts', {
      name: 'typed',
      stages: [{ name: 's', jobs: [{ name: 'j', commands: ['true'] }] }],
    });
    expect(await world.run('run')).toBe(0);
    expect(world.client.asked[0]).toMatchObject({ request: { plan: { name: 'typed' } } });
  });

  it('looks at what the source changed when the trigger filters paths', async () => {
    const pipeline = `trigger:\n  events: [push]\n  paths: [src/**]\n${SIMPLE}`;
    const world = worldWith(pipeline, null);
    world.changedPaths = ['docs/readme.md'];
    expect(await world.run('run', '--event', 'push')).toBe(0);
    expect(world.out.text).toMatch(/^not needed: /);
    const other = worldWith(pipeline, goodStory());
    other.changedPaths = ['docs/readme.md', 'src/a.ts'];
    expect(await other.run('run', '--event', 'push')).toBe(0);
    expect(other.out.text).not.toMatch(/^not needed: /);
  });

  it('does not run, and is no failure, when the event does not concern the pipeline', async () => {
    const world = worldWith(`trigger:\n  branches: [release]\n  events: [push]\n${SIMPLE}`, null);
    expect(await world.run('run', '--event', 'push')).toBe(0);
    expect(world.out.text).toMatch(/^not needed: the event push does not start this pipeline: /);
    expect(world.client.asked.filter(({ what }) => what !== 'close')).toEqual([]);
  });

  it('names runs that were left behind, with what to type', async () => {
    const world = worldWith(SIMPLE, goodStory());
    const orphan = {
      runId: '01jorphan',
      pipeline: 'shop',
      branch: 'main',
      commit: null,
      event: 'manual',
      trust: 'trusted' as const,
      startedAtMs: world.clock.nowMs - 3_600_000,
      durationMs: null,
      outcome: null,
      orphaned: true,
      approvals: [],
      sentence: '',
    };
    world.client.orphaned = [orphan, orphan, orphan, orphan];
    await world.run('run');
    const line = 'run 01jorphan (shop, 1h ago) was left behind; go on with it: sluice resume 01jorphan\n';
    expect(world.err.text).toBe(`${line.repeat(3)}and 1 more run: sluice list\n`);
  });

  it('prints only a summary with --json', async () => {
    const world = worldWith(SIMPLE, badStory());
    expect(await world.run('run', '--json')).toBe(1);
    const summary = JSON.parse(world.out.text);
    expect(summary).toMatchObject({
      runId: '01jshop0000abc',
      outcome: 'failed',
      exitCode: 1,
      durationMs: 3500,
    });
    expect(summary.cells.map((cell: { cell: string; outcome: string }) => [cell.cell, cell.outcome])).toEqual(
      [
        ['lint', 'succeeded'],
        ['test', 'failed'],
        ['docs', 'warned'],
        ['deploy', 'skipped'],
      ],
    );
  });

  it('prints every event as a JSON line with --events', async () => {
    const story = badStory();
    const world = worldWith(SIMPLE, story);
    expect(await world.run('run', '--events')).toBe(1);
    const lines = world.out.text.trimEnd().split('\n');
    expect(lines.map((line) => JSON.parse(line))).toEqual(story.events);
  });

  it('ends the lines of events with the summary when both are asked for', async () => {
    const story = badStory();
    const world = worldWith(SIMPLE, story);
    await world.run('run', '--events', '--json');
    const lines = world.out.text.trimEnd().split('\n');
    expect(lines).toHaveLength(story.events.length + 1);
    expect(JSON.parse(lines.at(-1)!)).toMatchObject({ outcome: 'failed' });
  });

  it('writes a summary in Markdown', async () => {
    const world = worldWith(SIMPLE, badStory());
    await world.run('run', '--summary', 'out/summary.md');
    expect(world.files.get('/work/shop/out/summary.md')).toMatchInlineSnapshot(`
      "## main-build: failed in 3.5s

      Run \`01jshop0000abc\` of main \\@ 3f2a91c + changes, event manual.

      | Stage | Job | Outcome | Time | Why |
      | --- | --- | --- | ---: | --- |
      | build | lint | succeeded | 1.2s |  |
      | test | test | failed | 1.0s | run tests: exit code 1 |
      | test | docs | warned | 700ms | true: exit code 2 |
      | deploy | deploy | skipped |  | success() is false because test failed |

      ### test

      \`\`\`text
      FAIL cart
        expected 3 to be 4
      red
      \`\`\`
      "
    `);
  });

  it.each([
    ['succeeded', 0],
    ['warned', 0],
    ['failed', 1],
    ['cancelled', 1],
    ['errored', 3],
  ] as const)('exits for a run that %s with %i', async (outcome, code) => {
    const world = worldWith(SIMPLE, new RunStory(PLAN).owned().finished(outcome, 'so it is', 10));
    expect(await world.run('run')).toBe(code);
  });

  it('says how to go on when Sluice itself could not', async () => {
    const world = worldWith(SIMPLE, new RunStory(PLAN).owned());
    const code = world.run('run');
    await untilAsked(world, 'start');
    world.client.break(new Error('disk full'));
    expect(await code).toBe(3);
    expect(world.err.text).toBe(
      'error: Sluice could not go on with run 01jshop0000abc: disk full\n' +
        '  nothing is lost; go on with it: sluice resume 01jshop0000abc\n',
    );
  });

  it('cancels at the first interrupt and waits for the end', async () => {
    const story = new RunStory(PLAN).owned().starts('lint');
    const world = worldWith(SIMPLE, story);
    const code = world.run('run');
    await untilAsked(world, 'start');
    world.interrupt('SIGINT');
    await untilAsked(world, 'cancel');
    expect(world.client.asked.at(-1)).toEqual({
      what: 'cancel',
      runId: '01jshop0000abc',
      target: { kind: 'run' },
      reason: 'interrupted by SIGINT',
    });
    story.add({
      type: 'run.cancel-requested',
      target: { kind: 'run' },
      by: 'ada',
      reason: 'interrupted by SIGINT',
    });
    story.ends('lint', {
      outcome: 'cancelled',
      cause: { kind: 'cancelled', by: 'ada', reason: 'interrupted by SIGINT' },
    });
    story.finished('cancelled', 'cancelled by ada: interrupted by SIGINT', 900);
    world.client.goOn();
    expect(await code).toBe(1);
    expect(world.out.text).toMatchInlineSnapshot(`
      "run 01jshop0000abc of main-build, main @ 3f2a91c + changes
      lint │ started
      SIGINT: cancelling the run; its clean-up still runs (once more: leave at once)
      cancelling the run: asked by ada: interrupted by SIGINT
      lint │ ■ cancelled by ada: interrupted by SIGINT (1.0s)

      ■ lint cancelled by ada: interrupted by SIGINT

      ■ cancelled in 900ms                                          run 01jshop0000abc
        cancelled by ada: interrupted by SIGINT

      next: sluice rerun 01jshop0000abc --failed  run again what did not succeed
            sluice show 01jshop0000abc            the whole story
      "
    `);
  });

  it('leaves at the second interrupt and says how to go on', async () => {
    const world = worldWith(SIMPLE, new RunStory(PLAN).owned().starts('lint'));
    const code = world.run('run');
    await untilAsked(world, 'start');
    world.interrupt();
    world.interrupt();
    expect(await code).toBe(1);
    expect(world.err.text).toBe('left at once; go on with it: sluice resume 01jshop0000abc\n');
  });

  it('opens a shell where the first failed job stopped', async () => {
    const world = worldWith(SIMPLE, badStory());
    world.out.isTTY = true;
    const place = { directory: '/tmp/ws', environment: { CI: 'true' } };
    world.client.place = place;
    expect(await world.run('run', '--shell-on-failure', '--no-live')).toBe(1);
    expect(world.shells).toEqual([place]);
    expect(world.err.text).toBe('a shell where test stopped, with its environment; leave it with exit\n');
  });

  it('only names the place when nobody can type there', async () => {
    const world = worldWith(SIMPLE, badStory());
    world.client.place = { directory: '/tmp/ws', environment: {} };
    await world.run('run', '--shell-on-failure');
    expect(world.shells).toEqual([]);
    expect(world.err.text).toBe('--shell-on-failure needs a terminal; the workspace of test is /tmp/ws\n');
  });

  it('only plans with --dry-run', async () => {
    const world = worldWith(SIMPLE, null);
    expect(await world.run('run', '--dry-run')).toBe(0);
    expect(world.out.text).toContain('3 jobs, 3 cells to run');
    expect(world.client.asked).toEqual([{ what: 'close' }]);
  });
});

describe('sluice run --watch', () => {
  it('runs again when files have changed and been quiet, and ends with an interrupt', async () => {
    const world = worldWith(SIMPLE, goodStory());
    const code = world.run('run', '--watch');
    await until(() => world.err.text.includes('waiting for a change'));
    world.client.next = badStory();
    world.changeFile('/work/shop/a.ts', '1');
    world.changeFile('/work/shop/b.ts', '2');
    expect(world.client.asked).toHaveLength(1);
    world.clock.pass(300);
    await until(() => world.err.text.split('waiting for a change').length === 3);
    expect(world.client.asked).toHaveLength(2);
    world.interrupt();
    expect(await code).toBe(1);
  });

  it('tells of a broken file and waits for the next change', async () => {
    const world = worldWith('stages: 7\n', goodStory());
    const code = world.run('run', '--watch');
    await until(() => world.err.text.includes('waiting for a change'));
    expect(world.client.asked).toHaveLength(0);
    world.changeFile('/work/shop/sluice.yaml', SIMPLE);
    world.clock.pass(300);
    await until(() => world.err.text.split('waiting for a change').length === 3);
    expect(world.client.asked).toHaveLength(1);
    world.interrupt();
    expect(await code).toBe(0);
  });

  it('does not go together with a commit', async () => {
    const world = worldWith(SIMPLE, null);
    expect(await world.run('run', '--watch', '--commit', 'HEAD')).toBe(2);
  });
});

function untilAsked(world: ScriptedWorld, what: string): Promise<void> {
  return until(() => world.client.asked.some((asked) => asked.what === what));
}

/** Lets promises go on until it is so; the test's time-out ends the waiting. */
async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await new Promise((resolve) => setImmediate(resolve));
}
