import { describe, expect, it } from 'vitest';
import { loadPipelineObject } from './load.ts';
import { jobOf, line, load, planOf, problemsOf } from './native/load.fixture.ts';
import { pipeline } from './native/typed.ts';

const NO_FILES = { read: () => null };

/** Seed 003, the comment in its first Python block, without the comment signs. */
const SEED_EXAMPLE = `stages:
  - name: build
    jobs:
      - name: build-python
        commands: ["uv sync", "uv run pytest"]
      - name: build-js
        commands: ["bun install", "bun run build"]
  - name: test
    depends_on: [build]
    jobs:
      - name: integration-tests
        commands: ["uv run pytest -m integration"]
`;

/** Seed 003, "Pipeline YAML Structure". */
const SEED_STRUCTURE = `# pipeline.yaml
name: main-build
trigger:
  branches: [main, develop]
  events: [push, pull_request]

stages:
  - name: build
    jobs:
      - name: build-python
        language: python
        commands:
          - uv sync --all-extras
          - uv run black --check src/
          - uv run ruff check src/

  - name: test
    depends_on: [build]
    jobs:
      - name: unit-tests
        commands: ["uv run pytest -m unit"]
      - name: integration-tests
        commands: ["uv run pytest -m integration"]

  - name: deploy
    depends_on: [test]
    environment: staging
    strategy: rolling
    rollback_on_failure: true
`;

describe("the seeds' YAML", () => {
  it('plans the example of two stages', () => {
    const plan = planOf(SEED_EXAMPLE);
    expect(plan.name).toBe('sluice');
    expect(plan.stages.map(({ name, dependsOn, timeoutMs }) => ({ name, dependsOn, timeoutMs }))).toEqual([
      { name: 'build', dependsOn: [], timeoutMs: 3_600_000 },
      { name: 'test', dependsOn: ['build'], timeoutMs: 3_600_000 },
    ]);
    expect(
      plan.jobs.map(({ id, needs, steps }) => ({ id, needs, runs: steps.map((step) => step.run) })),
    ).toEqual([
      { id: 'build-python', needs: [], runs: ['uv sync', 'uv run pytest'] },
      { id: 'build-js', needs: [], runs: ['bun install', 'bun run build'] },
      {
        id: 'integration-tests',
        needs: ['build-python', 'build-js'],
        runs: ['uv run pytest -m integration'],
      },
    ]);
  });

  it('plans the structure with a deployment, and says that its environment is missing', () => {
    const checked = load(SEED_STRUCTURE);
    expect(checked.diagnostics.map(line)).toEqual([
      'warning 27:18 unknown-environment: the environment `staging` is not defined in this pipeline -> define it: `environments: {staging: {host: ...}}`',
    ]);
    const plan = planOf(SEED_STRUCTURE);
    expect(plan.name).toBe('main-build');
    expect(plan.triggers.map(({ event, branches }) => ({ event, branches }))).toEqual([
      { event: 'push', branches: ['main', 'develop'] },
      { event: 'pull_request', branches: ['main', 'develop'] },
    ]);
    expect(plan.jobs.map(({ id, stage, needs, language }) => ({ id, stage, needs, language }))).toEqual([
      { id: 'build-python', stage: 'build', needs: [], language: 'python' },
      { id: 'unit-tests', stage: 'test', needs: ['build-python'], language: null },
      { id: 'integration-tests', stage: 'test', needs: ['build-python'], language: null },
      { id: 'deploy', stage: 'deploy', needs: ['unit-tests', 'integration-tests'], language: null },
    ]);
    expect(plan.jobs[0]!.refusals).toEqual([]);
    const deploy = plan.jobs[3]!;
    expect(deploy.steps).toEqual([]);
    expect(deploy.deploy).toEqual({
      environment: 'staging',
      strategy: expect.objectContaining({ type: 'rolling', weights: null }),
      rollbackOnFailure: true,
      service: null,
      artifact: null,
    });
    expect(deploy.refusals).toEqual([
      {
        feature: 'environment',
        message: 'the environment `staging` is not defined in this pipeline; define it below `environments:`',
        place: { file: 'sluice.yaml', start: { line: 27, column: 18 }, end: { line: 27, column: 25 } },
      },
    ]);
  });

  it('has the words of PipelineStage and PipelineJob', () => {
    const text = `variables: {LEVEL: info}
stages:
  - name: build
    dependencies: []
    environment: {TARGET: release, LEVEL: stage}
    timeout: 600
    jobs:
      compile:
        commands: [make]
        environment: {LEVEL: job}
        timeout: 90
        retry_count: 2
        allow_failure: true
  - name: test
    dependencies: [build]
    jobs: {check: {commands: [make check], dependencies: [compile]}}
`;
    const plan = planOf(text);
    expect(plan.variables).toEqual({ LEVEL: 'info' });
    expect(plan.jobs[0]).toMatchObject({
      variables: { TARGET: 'release', LEVEL: 'job' },
      timeoutMs: 90_000,
      retry: { max: 2 },
      allowFailure: true,
    });
    expect(plan.jobs[1]).toMatchObject({ needs: ['compile'], timeoutMs: 3_600_000 });
    expect(plan.stages[0]!.timeoutMs).toBe(600_000);
  });
});

describe('stages', () => {
  it('chooses the id of a deployment that no job has', () => {
    const text =
      'environments: {p: {}}\nstages: [{name: ship it, environment: p, jobs: {ship-it: {run: x}}}]\n';
    const plan = planOf(text);
    expect(plan.jobs.map(({ id, needs }) => ({ id, needs }))).toEqual([
      { id: 'ship-it', needs: [] },
      { id: 'ship-it-deploy', needs: ['ship-it'] },
    ]);
  });

  it('runs jobs one after another with parallel: false', () => {
    const jobs = 'jobs: [{name: a, run: x}, {name: b, run: x}, {name: c, run: x, needs: a}]';
    expect(planOf(`stages: [{name: s, parallel: false, ${jobs}}]`).jobs.map((job) => job.needs)).toEqual([
      [],
      ['a'],
      ['a', 'b'],
    ]);
  });

  it('joins conditions, variables and allow_failure with those of its jobs', () => {
    const text = `stages:
  - name: s
    if: git.branch == 'main'
    variables: {A: stage, B: stage}
    allow_failure: true
    jobs:
      one: {run: x, if: "\${{ failure() }}", env: {B: job}, allow_failure: false}
      two: {run: x}
`;
    expect(jobOf(text, 'one')).toMatchObject({
      if: { source: "(git.branch == 'main') && (failure())" },
      variables: { A: 'stage', B: 'job' },
      allowFailure: false,
    });
    expect(jobOf(text, 'two')).toMatchObject({ if: { source: "git.branch == 'main'" }, allowFailure: true });
  });

  it('puts gates after the jobs', () => {
    const plan = planOf(
      'stages: [{name: test, gates: [coverage-unit], jobs: {unit: {run: x}}}, {name: next, depends_on: test, jobs: {n: {run: x}}}]',
    );
    expect(
      plan.jobs.map(({ id, needs, refusals }) => ({
        id,
        needs,
        refusals: refusals.map((one) => one.message),
      })),
    ).toEqual([
      { id: 'unit', needs: [], refusals: [] },
      {
        id: 'test-gates',
        needs: ['unit'],
        refusals: [],
      },
      { id: 'n', needs: ['unit', 'test-gates'], refusals: [] },
    ]);
  });
});

describe('jobs', () => {
  it('forms the stage main from jobs alone', () => {
    const plan = planOf(
      'jobs:\n  - {name: Unit tests, run: x}\n  - {id: lint, name: "Lint / format", run: y, needs: Unit tests}\n',
    );
    expect(plan.stages.map((stage) => stage.name)).toEqual(['main']);
    expect(plan.jobs.map(({ id, name, needs }) => ({ id, name, needs }))).toEqual([
      { id: 'Unit-tests', name: 'Unit tests', needs: [] },
      { id: 'lint', name: 'Lint / format', needs: ['Unit-tests'] },
    ]);
  });

  it('takes defaults from the pipeline', () => {
    const text =
      'defaults: {shell: bash, working_directory: web, timeout: 5m, retry: 1}\njobs: {a: {run: x}, b: {run: x, shell: sh, timeout: 1m, retry: 0, working_directory: api}}\n';
    expect(jobOf(text, 'a')).toMatchObject({
      timeoutMs: 300_000,
      retry: { max: 1 },
      steps: [{ shell: 'bash', workingDirectory: 'web' }],
    });
    expect(jobOf(text, 'b')).toMatchObject({
      timeoutMs: 60_000,
      retry: { max: 0 },
      steps: [{ shell: 'sh', workingDirectory: 'api' }],
    });
  });

  it('reads every kind of retry cause', () => {
    const text = `jobs:
  t:
    run: x
    retry: {max: 3, delay: 10s, backoff: 2, on: [timeout, lost, exit_code: 137, exit_code: [1, 2], signal: SIGKILL, output: "reset*"]}
`;
    expect(jobOf(text, 't').retry).toEqual({
      max: 3,
      delayMs: 10_000,
      backoff: 2,
      on: [
        { kind: 'timeout' },
        { kind: 'lost' },
        { kind: 'exit-code', codes: [137] },
        { kind: 'exit-code', codes: [1, 2] },
        { kind: 'signal', signals: ['SIGKILL'] },
        { kind: 'output', pattern: 'reset*' },
      ],
    });
  });

  it('reads clean-up steps with their own grace', () => {
    const text =
      'jobs:\n  t: {run: x, cleanup: {always: [a], on_failure: [{run: b, name: Show}], grace: 1m}}\n  u: {run: x, cleanup: [c]}\n';
    const job = jobOf(text, 't');
    expect(job.cleanup.map(({ id, name, run, when }) => ({ id, name, run, when }))).toEqual([
      { id: 'cleanup-1', name: 'a', run: 'a', when: 'always' },
      { id: 'cleanup-2', name: 'Show', run: 'b', when: 'on-failure' },
    ]);
    expect(job.cleanupGraceMs).toBe(60_000);
    expect(jobOf(text, 'u')).toMatchObject({
      cleanup: [{ run: 'c', when: 'always' }],
      cleanupGraceMs: 30_000,
    });
  });

  it('numbers parallel groups and steps', () => {
    const text =
      'jobs:\n  t:\n    steps:\n      - a\n      - parallel: [b, {id: lint, run: c}]\n      - d\n      - parallel: [e]\n';
    expect(jobOf(text, 't').steps.map(({ id, parallelGroup }) => ({ id, parallelGroup }))).toEqual([
      { id: 'step-1', parallelGroup: null },
      { id: 'step-2', parallelGroup: 1 },
      { id: 'lint', parallelGroup: 1 },
      { id: 'step-4', parallelGroup: null },
      { id: 'step-5', parallelGroup: 2 },
    ]);
  });

  it('reads every key of a step', () => {
    const text = `jobs:
  t:
    steps:
      - {id: s, name: Say, run: echo, shell: "node {0}", env: {N: 1, B: true, T: "x"}, if: always(), timeout: 2m, allow_failure: true, retry: 1, working-directory: web, tty: true, repeatable: true}
`;
    expect(jobOf(text, 't').steps[0]).toEqual({
      id: 's',
      name: 'Say',
      run: 'echo',
      uses: null,
      refusal: null,
      shell: 'node {0}',
      workingDirectory: 'web',
      variables: { N: '1', B: 'true', T: 'x' },
      if: {
        source: 'always()',
        place: { file: 'sluice.yaml', start: { line: 4, column: 92 }, end: { line: 4, column: 100 } },
      },
      timeoutMs: 120_000,
      allowFailure: true,
      retry: { max: 1, delayMs: 0, backoff: 1, on: [] },
      repeatable: true,
      tty: true,
      work: null,
      parallelGroup: null,
      when: 'always',
      place: { file: 'sluice.yaml', start: { line: 4, column: 9 }, end: { line: 4, column: 198 } },
    });
  });

  it('grants secrets by name or under another variable', () => {
    const text = 'secrets: [A, B]\njobs: {t: {run: x, secrets: [A]}, u: {run: x, secrets: {TOKEN: B}}}\n';
    expect(jobOf(text, 't').secrets).toEqual([{ name: 'A', variable: 'A' }]);
    expect(jobOf(text, 'u').secrets).toEqual([{ name: 'B', variable: 'TOKEN' }]);
    expect(problemsOf(text)).toEqual([]);
  });

  it('reads concurrency of job and pipeline', () => {
    const text =
      'concurrency: "ci-${{ git.branch }}"\njobs: {t: {run: x, concurrency: {group: db, policy: newest-wins}}}\n';
    expect(planOf(text).concurrency).toEqual({ group: 'ci-${{ git.branch }}', policy: 'queue' });
    expect(jobOf(text, 't').concurrency).toEqual({ group: 'db', policy: 'newest-wins' });
  });

  it('refuses a language without commands and takes one with commands', () => {
    expect(jobOf('jobs: {t: {language: python}}', 't')).toMatchObject({
      steps: [],
      refusals: [{ feature: 'language' }],
    });
    expect(jobOf('jobs: {t: {language: python, run: x}}', 't')).toMatchObject({
      language: 'python',
      refusals: [],
    });
  });
});

describe('a matrix', () => {
  const matrix = (yaml: string) =>
    jobOf(
      `jobs: {t: {run: x, needs: s, matrix: ${yaml}}, s: {run: x, outputs: {n: '[1]', matrix: '{}'}}}`,
      't',
    ).matrix!;

  it('is combined with include and exclude', () => {
    const text =
      '{node: [22, 24], os: [linux, mac], exclude: [{node: 22, os: mac}], include: [{node: 24, coverage: true}], fail-fast: false, max-parallel: 2}';
    expect(matrix(text)).toEqual({
      cells: [
        { node: 22, os: 'linux' },
        { node: 24, os: 'linux', coverage: true },
        { node: 24, os: 'mac', coverage: true },
      ],
      expression: null,
      include: [],
      exclude: [],
      failFast: false,
      maxParallel: 2,
    });
  });

  it('may be one expression', () => {
    expect(matrix('"${{ fromJSON(needs.s.outputs.matrix) }}"')).toMatchObject({
      cells: null,
      expression: { source: 'fromJSON(needs.s.outputs.matrix)' },
      failFast: true,
    });
  });

  it('may have an expression as an axis, which makes one expression of all', () => {
    const found = matrix(
      `{node: "\${{ fromJSON(needs.s.outputs.n) }}", os: [linux, "it's {0}"], include: [{os: mac}]}`,
    );
    expect(found.expression!.source).toBe(
      `fromJSON(format('{{"node":{0},"os":["linux","it''s {{0}}"]}}', toJSON(fromJSON(needs.s.outputs.n))))`,
    );
    expect(found.include).toEqual([{ os: 'mac' }]);
  });

  it('warns of an axis that was meant as a setting', () => {
    expect(problemsOf('jobs: {t: {run: x, matrix: {node: [1], excludes: [{node: 1}]}}}')).toEqual([
      'warning 1:50 odd-axis: `excludes` is an axis of the matrix -> did you mean `exclude`?',
    ]);
  });
});

describe('triggers', () => {
  const events = (yaml: string) =>
    planOf(`on: ${yaml}\njobs: {t: {run: x}}\n`).triggers.map(({ event, branches, tags, paths, cron }) =>
      [event, ...branches, ...tags, ...paths, ...(cron === null ? [] : [cron])].join(' '),
    );

  it.each([
    ['push', ['push']],
    ['[push, pull_request]', ['push', 'pull_request']],
    ['{branches: main}', ['push main']],
    ['{branches: [main], tags: ["v*"]}', ['push main', 'tag v*']],
    [
      '{events: [push, tag], branches: [main], tags: ["v*"], paths: [src/**]}',
      ['push main src/**', 'tag v*'],
    ],
    ['{schedule: ["0 3 * * *", "0 4 * * 1-5"]}', ['schedule 0 3 * * *', 'schedule 0 4 * * 1-5']],
    ['{manual: true, events: api}', ['api', 'manual']],
  ])('of %s', (yaml, expected) => {
    expect(events(yaml)).toEqual(expected);
  });

  it('reads inputs at the top and of the manual trigger', () => {
    const text =
      'inputs: {level: info}\non: {manual: {inputs: {target: {description: Where, required: true, options: [a, b]}, count: 3}}}\njobs: {t: {run: x}}\n';
    expect(planOf(text).inputs).toEqual({
      level: { description: '', required: false, default: 'info', options: null },
      target: { description: 'Where', required: true, default: null, options: ['a', 'b'] },
      count: { description: '', required: false, default: '3', options: null },
    });
  });
});

describe('reuse', () => {
  it('joins mappings of templates and replaces everything else, the nearest last', () => {
    const text = `templates:
  base: {shell: bash, env: {A: base, B: base}, steps: [one, two], retry: 2}
  web: {extends: base, working_directory: web, env: {B: web, C: web}}
jobs:
  t: {extends: web, env: {C: job}, run: three, retry_count: 1}
  u: {extends: [base, web], name: Second}
`;
    const plan = planOf(text);
    expect(plan.jobs[0]).toMatchObject({
      id: 't',
      variables: { A: 'base', B: 'web', C: 'job' },
      retry: { max: 1 },
    });
    expect(
      plan.jobs[0]!.steps.map(({ run, shell, workingDirectory }) => ({ run, shell, workingDirectory })),
    ).toEqual([{ run: 'three', shell: 'bash', workingDirectory: 'web' }]);
    expect(plan.jobs[1]!.steps.map((step) => step.run)).toEqual(['one', 'two']);
    expect(plan.jobs[1]!.place.start.line).toBe(6);
  });

  it('keeps the place of a step in its template', () => {
    expect(
      jobOf('templates:\n  a:\n    steps:\n      - make\njobs: {t: {extends: a}}\n', 't').steps[0]!.place
        .start,
    ).toEqual({ line: 4, column: 9 });
  });

  it('merges anchors, the own key first', () => {
    const text =
      'variables: &v {A: 1, B: 1}\njobs:\n  t:\n    run: x\n    env: {<<: *v, B: 2}\n  u:\n    run: x\n    env:\n      <<: [*v, {A: 9, C: 3}]\n';
    expect(jobOf(text, 't').variables).toEqual({ A: '1', B: '2' });
    expect(jobOf(text, 'u').variables).toEqual({ A: '1', B: '1', C: '3' });
  });

  it('includes files with parameters, also inside included files', () => {
    const text =
      'include:\n  - {path: node.yaml, with: {version: "24", id: new, list: [1, 2]}}\n  - path: ./node.yaml\n    with: {version: "22", id: old, list: [3]}\nvariables: {A: main}\njobs: {last: {run: x, needs: [node-new, node-old, deep]}}\n';
    const files = {
      'node.yaml':
        'include: deep.yaml\nvariables: {A: included, B: included}\njobs:\n  - id: node-${{ params.id }}\n    run: use ${{ params.version }} ${{ git.sha }}\n    matrix: {part: "${{ params.list }}"}\n',
      'deep.yaml': 'templates: {t: {run: y}}\n',
    };
    const twice = problemsOf(text, files);
    expect(twice).toEqual(
      [
        'error deep.yaml:1:13 duplicate-id: two templates are called `t` -> give one of them another name (deep.yaml:1:13 the first one is here)',
        'error 6:51 unknown-job: there is no job `deep` -> name a job of this pipeline by its id',
      ].toSorted((a, b) => Number(a.includes('deep.yaml')) - Number(b.includes('deep.yaml'))),
    );
    const plan = planOf(text.replace(', deep]', ']'), { ...files, 'deep.yaml': 'variables: {C: deep}\n' });
    expect(plan.variables).toEqual({ A: 'main', B: 'included', C: 'deep' });
    expect(plan.jobs.map((job) => [job.id, job.steps[0]!.run, job.matrix?.cells])).toEqual([
      ['last', 'x', undefined],
      ['node-new', 'use 24 ${{ git.sha }}', [{ part: 1 }, { part: 2 }]],
      ['node-old', 'use 22 ${{ git.sha }}', [{ part: 3 }]],
    ]);
    expect(plan.jobs[1]!.place.file).toBe('node.yaml');
  });

  it('has a digest over all files', () => {
    const main = 'include: a.yaml\njobs: {t: {run: x}}\n';
    const digest = (included: string) => planOf(main, { 'a.yaml': included }).digest;
    expect(digest('variables: {A: 1}\n')).toMatch(/^[0-9a-f]{64}$/);
    expect(digest('variables: {A: 1}\n')).toBe(digest('variables: {A: 1}\n'));
    expect(digest('variables: {A: 1}\n')).not.toBe(digest('variables: {A: 2}\n'));
  });
});

describe('warnings', () => {
  it.each([
    [
      'a pipe in sh',
      'jobs: {t: {run: make | tee log}}',
      [
        'warning 1:17 unguarded-pipe: a pipe in `sh` hides the failure of all but its last command -> write `shell: bash`, which fails when any command of a pipe does',
      ],
    ],
    [
      'no pipe where it is quoted, doubled or guarded',
      'jobs: {t: {commands: ["a || b", "echo \'a | b\'", "set -o pipefail; a | b", "a # | b"]}, u: {shell: bash, run: a | b}}',
      [],
    ],
    [
      'a template that nobody uses',
      'templates: {a: {run: x}}\njobs: {t: {run: x}}',
      ['warning 1:13 unused-template: no job extends the template `a` -> remove it'],
    ],
    ['no template that is used through an anchor', 'templates: {a: &a {run: x}}\njobs: {t: *a}', []],
    [
      'a condition that never changes',
      "jobs: {t: {run: x, if: 'true'}}",
      ['warning 1:24 constant-condition: the condition `true` is always true -> remove it'],
    ],
    [
      'a secret that nobody asks for',
      'secrets: [A]\njobs: {t: {run: x}}',
      [
        'warning 1:11 unused-secret: no job asks for the secret `A` -> add `secrets: [A]` to the job that needs it',
      ],
    ],
    [
      'a secret that the job did not ask for',
      'jobs: {t: {run: "x ${{ secrets.A }}"}}',
      [
        'warning 1:24 unasked-secret: the job does not ask for the secret `A`, so its value is empty here -> add `secrets: [A]` to the job',
      ],
    ],
  ])('of %s', (_, text, expected) => {
    expect(problemsOf(text)).toEqual(expected);
    expect(load(text).ok).toBe(true);
  });
});

describe('a definition from code', () => {
  const definition = pipeline({
    name: 'main-build',
    trigger: { branches: ['main'], events: ['push'] },
    stages: [
      {
        name: 'build',
        jobs: [
          {
            name: 'compile',
            commands: ['make'],
            retry: { max: 1, on: ['lost', { exit_code: 75 }] },
            timeout: '10m',
          },
        ],
      },
      {
        name: 'test',
        depends_on: ['build'],
        jobs: {
          unit: {
            steps: ['make check', { parallel: ['a', { run: 'b' }] }],
            matrix: { node: [22, 24], fail_fast: false, include: [{ node: 24, extra: true }] },
            env: { CI: true },
          },
        },
      },
    ],
  });

  it('gives the same plan as the file', () => {
    const text = `name: main-build
trigger: {branches: [main], events: [push]}
stages:
  - {name: build, jobs: [{name: compile, commands: [make], retry: {max: 1, on: [lost, exit_code: 75]}, timeout: 10m}]}
  - {name: test, depends_on: [build], jobs: {unit: {steps: [make check, {parallel: [a, {run: b}]}], matrix: {node: [22, 24], fail_fast: false, include: [{node: 24, extra: true}]}, env: {CI: true}}}}
`;
    const fromCode = loadPipelineObject('sluice.yaml', definition, NO_FILES);
    if (!fromCode.ok) throw new Error(fromCode.diagnostics.map(line).join('\n'));
    expect(withoutPlaces(fromCode.value)).toEqual(withoutPlaces(planOf(text)));
  });

  it('names the key path of each problem', () => {
    const checked = loadPipelineObject(
      'sluice.ts',
      { jobs: { test: { run: 'x', timeout: -1, step: 1, needs: ['tets'] } } },
      NO_FILES,
    );
    expect(checked.diagnostics.map((one) => one.message)).toEqual([
      'jobs.test.timeout: `timeout` is `-1`, but must be a duration from 1ms to 30d, such as `90s`, `15m` or `1h30m` (a plain number is seconds)',
      'jobs.test.step: `test` has no key `step`',
      'jobs.test.needs[0]: there is no job `tets`',
    ]);
    expect(checked.diagnostics[0]!.place).toEqual({
      file: 'sluice.ts',
      start: { line: 1, column: 1 },
      end: { line: 1, column: 1 },
    });
  });

  it('refuses what is no plain data, also when it is endless', () => {
    const circle: Record<string, unknown> = {};
    circle.jobs = circle;
    let wide: unknown = 'x';
    for (let level = 0; level < 20; level++) wide = Array(10).fill(wide);
    const codes = (value: unknown) =>
      loadPipelineObject('sluice.ts', value, NO_FILES).diagnostics.map((one) => one.code);
    expect(codes({ jobs: { t: { run: () => 'x' } } })).toEqual(['not-plain-data']);
    expect(codes({ name: new Date(0) })).toEqual(['not-plain-data']);
    expect(codes({ timeout: Number.NaN })).toEqual(['not-plain-data']);
    expect(codes(circle)).toEqual(['too-deep']);
    expect(codes({ jobs: wide })).toEqual(['too-large']);
    expect(codes(undefined)).toEqual(['not-plain-data']);
    expect(codes(null)).toEqual(['bad-value']);
  });
});

describe('size', () => {
  const stages = (count: number) =>
    Array.from({ length: count / 10 }, (_, stage) => {
      const jobs = Array.from(
        { length: 10 },
        (_, job) =>
          `      - {name: j${stage}-${job}, matrix: {a: [${[...Array(25).keys()]}], b: [${[...Array(10).keys()]}]}, run: make}\n`,
      );
      return `  - name: s${stage}\n${stage > 0 ? `    depends_on: s${stage - 1}\n` : ''}    jobs:\n${jobs.join('')}`;
    }).join('');

  it('plans 10,000 cells within 300 ms of processor time', () => {
    const text = `stages:\n${stages(40)}`;
    // The machine is shared, so the best of three counts.
    const times = Array.from({ length: 3 }, () => {
      const before = process.cpuUsage();
      expect(planOf(text).jobs.reduce((sum, job) => sum + job.matrix!.cells!.length, 0)).toBe(10_000);
      const { user, system } = process.cpuUsage(before);
      return (user + system) / 1000;
    });
    expect(Math.min(...times)).toBeLessThan(300);
  });

  it('shares the needs of the jobs of a stage', () => {
    const list = (prefix: string) =>
      Array.from({ length: 500 }, (_, index) => `{name: ${prefix}${index}, run: x}`).join(', ');
    const plan = planOf(
      `stages: [{name: a, jobs: [${list('a')}]}, {name: b, depends_on: a, jobs: [${list('b')}]}]`,
    );
    expect(plan.jobs[999]!.needs).toHaveLength(500);
    expect(plan.jobs[999]!.needs).toBe(plan.jobs[500]!.needs);
  });
});

function withoutPlaces(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutPlaces);
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(
    Object.entries(value).flatMap(([key, inner]) =>
      key === 'place' || key === 'digest' ? [] : [[key, withoutPlaces(inner)]],
    ),
  );
}
