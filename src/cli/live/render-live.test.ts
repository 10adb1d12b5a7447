import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { planJob, planOf, planStep, RunStory } from '../../../test/support/run-story.ts';
import { foldRun } from '../../client/fold-run.ts';
import { makeLook } from '../look.ts';
import { textWidth } from '../row.ts';
import { renderLive } from './render-live.ts';

const MATRIX = {
  cells: Array.from({ length: 12 }, (_, index) => ({
    node: 18 + (index % 4),
    os: ['linux', 'macos', 'windows'][index % 3]!,
  })),
  expression: null,
  include: [],
  exclude: [],
  failFast: false,
  maxParallel: null,
};
const CELLS = MATRIX.cells.map((cell) => `matrix (node: ${cell.node}, os: ${cell.os})`);
const PLAN = planOf([
  planJob('lint'),
  planJob('types'),
  planJob('unit', {
    stage: 'test',
    needs: ['lint'],
    steps: [planStep('install', { name: 'npm ci' }), planStep('run', { name: 'run tests' })],
  }),
  planJob('matrix', { stage: 'test', matrix: MATRIX }),
  planJob('docs', { stage: 'test' }),
  planJob('deploy', { stage: 'deploy', needs: ['unit'] }),
]);
const EXPECTED_MS = { lint: 1000, types: 900, unit: 12_000, matrix: 9000, docs: 400, deploy: 15_000 };

function middle(): RunStory {
  const story = new RunStory(PLAN, { expectedMs: EXPECTED_MS }).owned().starts('lint').starts('types');
  story.later(1100).ends('lint', { durationMs: 1100 }).ends('types', { durationMs: 800 });
  story.starts('unit', 'unit', 'install');
  for (const cell of CELLS.slice(0, 3)) story.starts(cell, 'matrix');
  story.later(3000).ends(CELLS[0]!, { job: 'matrix', durationMs: 3000 });
  story.fails(CELLS[1]!, 1, ['Error: cannot find sharp'], { job: 'matrix', durationMs: 2900 });
  return story;
}

interface Shown {
  readonly story: RunStory;
  readonly width?: number;
  readonly height?: number;
  readonly unicode?: boolean;
  readonly colour?: boolean;
  readonly laterMs?: number;
  readonly notice?: string;
  readonly tails?: ReadonlyMap<string, readonly string[]>;
}

function draw(shown: Shown): string[] {
  const { width = 80, height = 40, unicode = true, colour = false, laterMs = 0, notice = null } = shown;
  const view = foldRun(shown.story.events);
  const look = makeLook({ width, height, colour, unicode, live: true });
  return renderLive(view, { look, nowMs: view.atMs + laterMs, tails: shown.tails ?? new Map(), notice });
}

function text(shown: Shown): string {
  return draw(shown).join('\n');
}

describe('renderLive', () => {
  it('shows all jobs before the start', () => {
    expect(text({ story: new RunStory(PLAN) })).toMatchInlineSnapshot(`
      "main-build  main @ 3f2a91c + changes                          run 01jshop0000abc

      ○ build
        ○ lint
        ○ types
      ○ test
        ○ unit
        ○ matrix  12 cells
        ○ docs
      ○ deploy

      ────────────────────  0/17 cells                                            0.0s"
    `);
  });

  it('shows what runs, how long it usually takes, its last lines, and what failed', () => {
    const tails = new Map([['unit', ['RUN v5', ' ✓ cart.test.ts (12 tests)']]]);
    expect(text({ story: middle(), laterMs: 2000, tails })).toMatchInlineSnapshot(`
      "main-build  main @ 3f2a91c + changes                          run 01jshop0000abc

      ✓ build                                                                     1.1s
        ✓ lint                                                                    1.1s
        ✓ types                                                                  800ms
      ✗ test                                                                      5.0s
        ● unit › npm ci                                                    5.0s / ~12s
          │ RUN v5
          │  ✓ cart.test.ts (12 tests)
        ✗ matrix  2/12 cells · 1 failed · 1 running                               5.0s
          ✓ node: 18, os: linux                                                   3.0s
          ✗ node: 19, os: macos › true  exit code 1                               2.9s
            │ Error: cannot find sharp
          ● node: 20, os: windows › true                                    5.0s / ~9s
        ○ docs
      ○ deploy

      ━━━━────────────────  4/17 cells · 1 failed · 2 running          6.1s, ~22s left"
    `);
  });

  it('folds what is over and what waits when there is no room', () => {
    expect(text({ story: middle(), laterMs: 2000, height: 14 })).toMatchInlineSnapshot(`
      "main-build  main @ 3f2a91c + changes                          run 01jshop0000abc

      ✓ build  2 jobs                                                             1.1s
      ✗ test                                                                      5.0s
        ● unit › npm ci                                                    5.0s / ~12s
        ✗ matrix  2/12 cells · 1 failed · 1 running                               5.0s
          ✗ node: 19, os: macos › true  exit code 1                               2.9s
            │ Error: cannot find sharp
          ● node: 20, os: windows › true                                    5.0s / ~9s
        ○ docs
      ○ deploy

      ━━━━────────────────  4/17 cells · 1 failed · 2 running          6.1s, ~22s left"
    `);
  });

  it('keeps the head and the count when there is no room for anything', () => {
    expect(text({ story: middle(), height: 5 })).toMatchInlineSnapshot(`
      "main-build  main @ 3f2a91c + changes                          run 01jshop0000abc

      ✓ 1 stage done
      … 6 more lines
      ━━━━────────────────  4/17 cells · 1 failed · 2 running          4.1s, ~24s left"
    `);
  });

  it('uses plain characters where the terminal has no others', () => {
    const drawn = text({ story: middle(), unicode: false });
    expect(drawn).toMatch(/^[\x20-\x7e\n]*$/);
  });

  it('shows the way out while the run is being cancelled', () => {
    const story = middle().add({
      type: 'run.cancel-requested',
      target: { kind: 'run' },
      by: 'ada',
      reason: 'x',
    });
    const lines = draw({ story, notice: 'once more: leave at once' });
    expect(lines.at(-2)).toContain('cancelling');
    expect(lines.at(-1)).toBe('once more: leave at once');
  });

  it('shows what the run waits for', () => {
    const story = new RunStory(PLAN).add({
      type: 'run.waiting',
      cell: null,
      group: 'deploy',
      behind: ['r1'],
    });
    expect(draw({ story }).at(-1)).toMatch(
      /^○ waits for the concurrency group deploy, behind run r1 +0\.0s$/,
    );
  });

  it('marks what takes longer than it used to', () => {
    const usual = draw({ story: middle(), laterMs: 5000, colour: true }).find((line) =>
      line.includes('unit'),
    )!;
    const late = draw({ story: middle(), laterMs: 20_000, colour: true }).find((line) =>
      line.includes('unit'),
    )!;
    expect(usual).toContain('\u001b[2m8.0s / ~12s\u001b[22m');
    expect(late).toContain('\u001b[33m23.0s / ~12s\u001b[39m');
  });

  it('shows a matrix that is not known yet', () => {
    const plan = planOf([
      planJob('list'),
      planJob('each', { needs: ['list'], matrix: { ...MATRIX, cells: null } }),
    ]);
    expect(text({ story: new RunStory(plan) })).toContain('○ each  matrix not known yet');
  });

  it('shows names safely', () => {
    const plan = planOf([planJob('a', { stage: 'b\u202ex' })], { name: 'p\u001b[2J' });
    expect(text({ story: new RunStory(plan) })).not.toMatch(/[\u001b\u202e]/);
  });

  it('is never wider nor taller than the terminal, whatever happens in the run', () => {
    const outcome = fc.constantFrom(
      'waiting',
      'running',
      'succeeded',
      'failed',
      'warned',
      'skipped',
      'cancelled',
    );
    const jobs = fc.array(
      fc.record({ outcome, cells: fc.integer({ min: 1, max: 40 }), stage: fc.integer({ min: 0, max: 9 }) }),
      {
        minLength: 1,
        maxLength: 60,
      },
    );
    const size = fc.record({
      width: fc.integer({ min: 20, max: 130 }),
      height: fc.integer({ min: 4, max: 60 }),
    });
    fc.assert(
      fc.property(jobs, size, fc.boolean(), (list, { width, height }, unicode) => {
        const lines = draw({ story: randomStory(list), width, height, unicode, colour: true, laterMs: 100 });
        expect(lines.length).toBeLessThanOrEqual(height);
        for (const line of lines) expect(textWidth(line)).toBeLessThanOrEqual(width);
      }),
      { numRuns: 150 },
    );
  });

  it('draws 10,000 jobs without drawing lines that do not fit', () => {
    const plan = planOf(
      Array.from({ length: 10_000 }, (_, index) => planJob(`job-${index}`, { stage: `s${index % 7}` })),
    );
    const story = new RunStory(plan).owned();
    for (let index = 0; index < 60; index++) story.starts(`job-${index}`);
    const lines = draw({ story, height: 30 });
    expect(lines.length).toBeLessThanOrEqual(30);
    expect(lines.at(-1)).toContain('0/10000 jobs · 60 running');
  });
});

function randomStory(list: readonly { outcome: string; cells: number; stage: number }[]): RunStory {
  const cellsOf = (index: number, count: number): string[] =>
    count === 1 ? [`job-${index}`] : Array.from({ length: count }, (_, cell) => `job-${index} (n: ${cell})`);
  const plan = planOf(
    list.map(({ cells, stage }, index) =>
      planJob(`job-${index}`, {
        stage: `stage ${stage}`,
        matrix: cells === 1 ? null : { ...MATRIX, cells: Array.from({ length: cells }, (_, n) => ({ n })) },
      }),
    ),
  );
  const story = new RunStory(plan, { expectedMs: { 'job-0': 5000 } }).owned();
  for (const [index, { outcome, cells }] of list.entries()) {
    const job = `job-${index}`;
    if (outcome === 'waiting') continue;
    if (outcome === 'skipped') {
      story.add({
        type: 'cell.skipped',
        cell: job,
        job,
        reason: { sentence: 'a reason that is long enough to be cut '.repeat(3) },
      });
      continue;
    }
    for (const cell of cellsOf(index, cells)) {
      story.starts(cell, job);
      if (outcome === 'running') continue;
      const cause = outcome === 'succeeded' ? null : ({ kind: 'exit-code', code: 137 } as const);
      story.ends(cell, {
        job,
        outcome: outcome as 'failed',
        cause,
        step: 'step-1',
        tail: ['x'.repeat(200), '漢字'.repeat(60)],
      });
    }
  }
  return story;
}
