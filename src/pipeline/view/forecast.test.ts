import { describe, expect, it } from 'vitest';
import { aJob, aPlan, aStage } from '../../../test/support/plan.ts';
import type { ExpressionContext } from '../expression-context.ts';
import type { Matrix, Plan, PlanJob } from '../plan.ts';
import { type Forecast, type JobForecast, planForecast } from './forecast.ts';
import { planJson } from './plan-json.ts';
import { planMermaid } from './plan-mermaid.ts';
import { planTree } from './plan-tree.ts';

const CONTEXT: ExpressionContext = {
  git: { branch: 'feature' },
  event: { name: 'push' },
  run: {},
  pipeline: {},
  inputs: {},
  vars: {},
  status: { failed: false, cancelled: false, skippedNeed: false },
};
const place = { file: 'sluice.yaml', start: { line: 1, column: 1 }, end: { line: 1, column: 1 } };
const when = (source: string) => ({ if: { source, place } });
const matrix = (cells: Matrix['cells'], maxParallel: number | null = null) => ({
  matrix: { cells, expression: null, include: [], exclude: [], failFast: true, maxParallel },
});

function forecast(plan: Plan, expectedMs: Record<string, number> = {}, workersMax = 4): Forecast {
  return planForecast(plan, { expectedMs, workersMax, context: CONTEXT });
}

function jobOf(result: Forecast, id: string): JobForecast {
  return result.stages.flatMap((stage) => stage.jobs).find((job) => job.id === id)!;
}

const nodes = Array.from({ length: 9 }, (_, index) => ({ node: 18 + index }));
const DEMO = aPlan(
  [
    aJob({ id: 'compile', stage: 'build' }),
    aJob({ id: 'unit', stage: 'test', needs: ['compile'], ...matrix(nodes) }),
    aJob({ id: 'lint', stage: 'test', needs: ['compile'], ...when("git.branch == 'main'") }),
    aJob({
      id: 'shards',
      stage: 'test',
      needs: ['compile'],
      ...matrix(null),
      ...when('needs.compile.outputs.shards'),
    }),
    aJob({ id: 'e2e', stage: 'test', needs: ['compile', 'unit'] }),
    aJob({ id: 'ship', stage: 'deploy', needs: ['unit', 'lint', 'shards', 'e2e'] }),
    aJob({ id: 'alert', stage: 'deploy', needs: ['unit'], ...when('failure()') }),
    aJob({ id: 'tidy', stage: 'deploy', needs: ['alert', 'ship'], ...when('always()') }),
  ],
  {
    name: 'demo',
    stages: [
      aStage('build'),
      aStage('test', { dependsOn: ['build'] }),
      aStage('deploy', { dependsOn: ['test'] }),
    ],
  },
);
const DEMO_MS = { compile: 80_000, unit: 30_000, e2e: 5000, tidy: 1000 };

describe('planForecast', () => {
  it('says when each job can start and how long it takes', () => {
    const result = forecast(DEMO, DEMO_MS);
    expect(jobOf(result, 'compile')).toMatchObject({ startMs: 0, durationMs: 80_000, critical: true });
    expect(jobOf(result, 'unit')).toMatchObject({ startMs: 80_000, durationMs: 30_000, critical: true });
    expect(jobOf(result, 'e2e')).toMatchObject({ startMs: 110_000, durationMs: 5000, critical: true });
    expect(jobOf(result, 'shards')).toMatchObject({ startMs: 80_000, cells: null, critical: false });
    expect(jobOf(result, 'unit').cells).toHaveLength(9);
    expect(jobOf(result, 'unit').cells?.[0]).toBe('unit (node: 18)');
  });

  it('says what is skipped, for certain or not, and passes it on', () => {
    const result = forecast(DEMO, DEMO_MS);
    expect(jobOf(result, 'lint')).toMatchObject({
      outlook: { kind: 'skipped', sentence: "git.branch == 'main' is false because git.branch is 'feature'" },
      startMs: null,
      durationMs: null,
    });
    expect(jobOf(result, 'ship').outlook).toEqual({
      kind: 'skipped',
      sentence: 'success() is false because lint is skipped',
    });
    expect(jobOf(result, 'shards').outlook.kind).toBe('open');
    expect(jobOf(result, 'alert').outlook.kind).toBe('standby');
    expect(jobOf(result, 'tidy').outlook.kind).toBe('runs');
  });

  it('finds the critical path and the time with the workers there are', () => {
    expect(forecast(DEMO, DEMO_MS)).toMatchObject({
      criticalPath: { jobs: ['compile', 'unit', 'e2e', 'tidy'], ms: 116_000 },
      cells: 13,
      totalMs: 80_000 + 3 * 30_000 + 5000 + 1000,
      withoutHistory: ['shards'],
    });
    expect(forecast(DEMO, DEMO_MS, 1000).totalMs).toBe(116_000);
  });

  it('respects how many cells may run at once', () => {
    const plan = aPlan([aJob({ id: 'unit', ...matrix(nodes, 3) })]);
    expect(forecast(plan, { unit: 10 })).toMatchObject({ totalMs: 30, criticalPath: { ms: 30 } });
  });

  it('claims no times when nothing is known, but still the longest chain', () => {
    const result = forecast(DEMO);
    expect(result).toMatchObject({ totalMs: null, criticalPath: { ms: null } });
    expect(result.criticalPath.jobs).toEqual(['compile', 'unit', 'e2e', 'tidy']);
    expect(jobOf(result, 'unit')).toMatchObject({ startMs: null, durationMs: null });
  });

  it('does not take a name such as constructor for history', () => {
    const result = forecast(aPlan([aJob({ id: 'constructor' }), aJob({ id: 'other' })]), { other: 10 });
    expect(result).toMatchObject({ totalMs: 10, withoutHistory: ['constructor'] });
  });

  it('has an answer for a plan where nothing runs', () => {
    const result = forecast(aPlan([aJob({ id: 'a', ...when('false') })]), { a: 5 });
    expect(result).toMatchObject({ totalMs: 0, cells: 0, criticalPath: { jobs: [], ms: 0 } });
  });
});

describe('planTree', () => {
  it('shows everything in 80 columns', () => {
    expect(planTree(forecast(DEMO, DEMO_MS), { width: 80, colour: false })).toMatchInlineSnapshot(`
      "demo  sluice.yaml                                              start    length
      ├─ build
      │  └─ compile                                                     0s    1m 20s ◆
      ├─ test  after build
      │  ├─ unit × 9                                                1m 20s     30.0s ◆
      │  │    unit (node: 18)
      │  │    unit (node: 19)
      │  │    unit (node: 20)
      │  │    unit (node: 21)
      │  │    unit (node: 22)
      │  │    and 4 more
      │  ├─ lint                                                             skipped
      │  │    git.branch == 'main' is false because git.branch is 'feature'
      │  ├─ shards × ?                                              1m 20s     17.5s
      │  │    its condition is decided at run time
      │  │    its matrix is decided at run time
      │  └─ e2e  after unit                                         1m 50s      5.0s ◆
      └─ deploy  after test
         ├─ ship                                                             skipped
         │    success() is false because lint is skipped
         ├─ alert                                                          stands by
         │    runs only when something fails or is cancelled
         └─ tidy  after alert, ship                                 1m 55s      1.0s ◆

      8 jobs, 13 cells to run, about 2m 56s with 4 workers.
      Critical path 1m 56s: ◆ compile → unit → e2e → tidy
      Never run before: shards (taken to be of median length).
      "
    `);
  });

  it('leaves times away when none are known', () => {
    const tree = planTree(forecast(aPlan([aJob({ id: 'a' })])), { width: 80, colour: false });
    expect(tree).toMatchInlineSnapshot(`
      "test  sluice.yaml
      └─ main
         └─ a

      1 job, 1 cell to run. How long it takes is not known: no earlier run is
      recorded.
      "
    `);
  });

  it('never writes over the width, and nothing that could steer a terminal', () => {
    const name = `${'long-'.repeat(30)}\u001b[31m\u202e`;
    const plan = aPlan(
      [aJob({ id: 'a', stage: name }), aJob({ id: 'b'.repeat(200), stage: name, needs: ['a'] })],
      { name },
    );
    for (const width of [40, 80, 120]) {
      const lines = planTree(forecast(plan, { a: 1 }), { width, colour: false }).split('\n');
      for (const line of lines) expect([...line].length).toBeLessThanOrEqual(width);
      expect(lines.join('')).not.toMatch(/[\u001b\u202e]/);
    }
  });

  it('looks the same with colour, but for the colour', () => {
    const style = { width: 80, colour: true };
    const coloured = planTree(forecast(DEMO, DEMO_MS), style);
    const bare = coloured.replace(/\u001b\[\d+m/g, '').replace(/ +$/gm, '');
    expect(coloured).not.toBe(bare);
    expect(bare).toBe(planTree(forecast(DEMO, DEMO_MS), { ...style, colour: false }));
  });
});

describe('planMermaid', () => {
  it('draws stages as boxes, and only the needs that the stages do not say', () => {
    expect(planMermaid(DEMO)).toMatchInlineSnapshot(`
      "flowchart LR
        subgraph s0["build"]
          j0["compile"]
        end
        subgraph s1["test"]
          j1["unit × 9"]
          j2["lint"]
          j3["shards × ?"]
          j4["e2e"]
        end
        subgraph s2["deploy"]
          j5["ship"]
          j6["alert"]
          j7["tidy"]
        end
        s0 --> s1
        j1 --> j4
        s1 --> s2
        j6 --> j7
        j5 --> j7
      "
    `);
  });

  it('tells with a forecast how long jobs take, what is skipped and why, and the critical path', () => {
    const drawn = planMermaid(DEMO, forecast(DEMO, DEMO_MS));
    expect(drawn).toMatchInlineSnapshot(`
      "flowchart LR
        subgraph s0["build"]
          j0["compile<br/>1m 20s"]
        end
        subgraph s1["test"]
          j1["unit × 9<br/>30.0s"]
          j2["lint<br/>skipped: git.branch == 'main' is false because git.branch is 'feature'"]
          j3["shards × ?"]
          j4["e2e<br/>5.0s"]
        end
        subgraph s2["deploy"]
          j5["ship<br/>skipped: success() is false because lint is skipped"]
          j6["alert"]
          j7["tidy<br/>1.0s"]
        end
        s0 --> s1
        j1 --> j4
        s1 --> s2
        j6 --> j7
        j5 --> j7
        classDef skipped stroke-dasharray:4,opacity:0.6
        class j2,j5 skipped
        classDef critical stroke-width:3px
        class j0,j1,j4,j7 critical
      "
    `);
    const unknown = planMermaid(DEMO, forecast(DEMO, {}));
    expect(unknown).not.toContain('critical');
    expect(unknown).toContain('["compile"]');
  });

  it('keeps names from meaning anything', () => {
    const plan = aPlan([aJob({ id: 'end', stage: 'a"]; click <b> `x` #35;\n' })], {
      stages: [aStage('a"]; click <b> `x` #35;\n'), aStage('empty')],
    });
    expect(planMermaid(plan)).toMatchInlineSnapshot(`
      "flowchart LR
        subgraph s0["a#34;]#59; click #60;b#62; #96;x#96; #35;35#59;#10;"]
          j0["end"]
        end
        s1["empty"]
      "
    `);
  });
});

describe('planJson', () => {
  it('is plain data with the plan and what is expected of each job', () => {
    const json = planJson(DEMO, forecast(DEMO, DEMO_MS));
    expect(JSON.parse(JSON.stringify(json))).toEqual(json);
    expect(json).toMatchObject({
      schemaVersion: 1,
      plan: { name: 'demo' },
      forecast: { totalMs: 176_000, jobs: { lint: { outlook: { kind: 'skipped' } } } },
    });
  });
});

describe('a plan of 10,000 cells', () => {
  function layered(stages: number, width: number): Plan {
    const jobs: PlanJob[] = [];
    for (let stage = 0; stage < stages; stage++) {
      const needs = stage === 0 ? [] : Array.from({ length: width }, (_, index) => `${stage - 1}-${index}`);
      for (let index = 0; index < width; index++) {
        jobs.push(
          aJob({ id: `${stage}-${index}`, stage: `s${stage}`, needs, ...when("git.branch != 'main'") }),
        );
      }
    }
    const order = Array.from({ length: stages }, (_, index) =>
      aStage(`s${index}`, { dependsOn: index === 0 ? [] : [`s${index - 1}`] }),
    );
    return aPlan(jobs, { stages: order });
  }

  it.each([
    ['10 stages of 1,000', 1_250_000, layered(10, 1000)],
    ['1,000 stages of 10', 2_000_000, layered(1000, 10)],
    ['one stage', 1_250_000, layered(1, 10_000)],
    [
      '40 matrices of 250',
      1_250_000,
      aPlan(
        Array.from({ length: 40 }, (_, job) =>
          aJob({ id: `m${job}`, ...matrix(Array.from({ length: 250 }, (_, k) => ({ k }))) }),
        ),
      ),
    ],
  ])('is forecast and drawn without a square in the cost: %s', (_, totalMs, plan) => {
    const startMs = performance.now();
    const result = forecast(plan, { '0-0': 1000, m0: 1000 }, 8);
    const tree = planTree(result, { width: 80, colour: true });
    const mermaid = planMermaid(plan);
    expect(performance.now() - startMs).toBeLessThan(4000);
    expect(result.cells).toBe(10_000);
    expect(result.totalMs).toBe(totalMs);
    expect(tree.length + mermaid.length).toBeGreaterThan(1000);
  });
});
