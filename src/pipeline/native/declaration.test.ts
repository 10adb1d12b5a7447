import { describe, expect, it } from 'vitest';
import { jobOf, planOf, problemsOf } from './load.fixture.ts';

const job = (keys: string) => jobOf(`jobs: {t: {run: x, ${keys}}}\n`, 't');
const problems = (keys: string) =>
  problemsOf(`jobs: {t: {run: x, ${keys}}}\n`).map((line) => line.replace(/ -> .*/, ''));

describe('what a job declares', () => {
  it('of its work: inputs and outputs, also of a step', () => {
    expect(job('inputs: src/**, outputs: [dist/**]').work).toMatchObject({
      inputs: ['src/**'],
      outputs: ['dist/**'],
      variables: [],
      tools: [],
      place: { start: { line: 1, column: 28 } },
    });
    expect(
      job('inputs: {files: [a], env: [MODE], tools: [node --version]}, output_files: b, outputs: {v: x}'),
    ).toMatchObject({
      work: { inputs: ['a'], outputs: ['b'], variables: ['MODE'], tools: ['node --version'] },
      outputs: { v: 'x' },
    });
    const stepped = jobOf('jobs: {t: {steps: [{run: x, inputs: a, outputs: b}, y]}}\n', 't');
    expect(stepped.steps.map(({ work }) => work && [work.inputs, work.outputs])).toEqual([
      [['a'], ['b']],
      null,
    ]);
    expect(problems('outputs: [dist/**]')).toEqual([
      'error 1:29 no-inputs: output files have no effect without `inputs`, because nobody knows when they are still right',
    ]);
  });

  it('warns of inputs of steps that are done each time', () => {
    const told = (steps: string) =>
      problemsOf(`jobs: {t: {${steps}}}\n`).map((line) => line.replace(/^(\S+) \S+ /, '$1 '));
    expect(told('steps: [{run: x, inputs: a}]')).toEqual([]);
    expect(told('steps: [{parallel: [{run: x, inputs: a}, y]}]')).toEqual([
      'warning no-effect: `inputs` have no effect here: a step that runs beside others is done each time',
    ]);
    expect(told('run: x, cleanup: [{run: y, inputs: a}]')).toEqual([
      'warning no-effect: `inputs` have no effect here: a step for clean-up is done each time',
    ]);
  });

  it('of caches, one or several', () => {
    const one = { key: 'npm', keyFiles: ['package-lock.json'], restoreKeys: ['npm-'], paths: ['a', 'b'] };
    expect(
      job('cache: {key: npm, key-files: package-lock.json, restore-keys: npm-, paths: [a, b]}').caches,
    ).toMatchObject([{ ...one, readonly: false }]);
    expect(
      job('cache: [{key: a, path: x}, {key: b, path: y, readonly: true}]').caches.map(({ key }) => key),
    ).toEqual(['a', 'b']);
    expect(problems('cache: [{key: a, path: x}, {key: a, path: y}]')).toEqual([
      'error 1:53 duplicate-id: two caches of the job have the key `a`',
    ]);
  });

  it('of artifacts; files alone are one that is called like the job', () => {
    const { artifacts } = job(
      'artifacts: [a, {name: site, path: b, retention: 400d, tags: {team: web}, when: always}, c]',
    );
    expect(artifacts).toMatchObject([
      { name: 't', paths: ['a', 'c'], retentionMs: null, when: 'success' },
      { name: 'site', paths: ['b'], retentionMs: 400 * 86_400_000, tags: { team: 'web' }, when: 'always' },
    ]);
    expect(problems('matrix: {os: [a, b]}, artifacts: dist/**')).toEqual([
      'error 1:53 shared-artifact: each cell of the matrix would keep an artifact called `t`',
    ]);
    expect(problems('matrix: {os: [a, b]}, artifacts: {name: "s-${{ matrix.os }}", path: d}')).toEqual([]);
  });

  it('of downloads, from jobs before it', () => {
    const text = (download: string) =>
      `jobs: {z: {run: x}, b: {run: x, artifacts: {name: site, path: d}}, m: {run: x, needs: b}, t: {run: x, needs: m, downloads: [${download}]}}\n`;
    expect(jobOf(text('site, {artifact: site, from: b, path: p}'), 't').downloads).toMatchObject([
      { artifact: 'site', from: null, files: [], path: '.', readonly: false },
      { artifact: 'site', from: 'b', path: 'p' },
    ]);
    expect(problemsOf(text('sit'))).toEqual([
      'error 1:125 unknown-artifact: no job before `t` has an artifact `sit` -> did you mean `site`?',
    ]);
    expect(problemsOf(text('{artifact: site, from: m}'))).toEqual([
      'error 1:136 unknown-artifact: the job `m` does not have an artifact `site` -> let a job that `t` needs keep it: `artifacts: [{name: site, paths: dist/**}]`',
    ]);
    expect(problemsOf(text('{artifact: site, from: z}'))).toEqual([
      'error 1:148 unknown-job: the job `z` is not before `t` -> add it to the `needs` of `t`',
    ]);
  });

  it('of reports: by file, by mapping and by kind', () => {
    const kinds = (keys: string) => job(keys).reports.map(({ kind, paths }) => [kind, ...paths]);
    expect(kinds('reports: a.xml')).toEqual([[null, 'a.xml']]);
    expect(kinds('reports: [a.xml, {kind: lcov, path: [b, c]}]')).toEqual([
      [null, 'a.xml'],
      ['lcov', 'b', 'c'],
    ]);
    expect(kinds('reports: {junit: a.xml, npm-audit: b}')).toEqual([
      ['junit', 'a.xml'],
      ['npm-audit', 'b'],
    ]);
    expect(kinds('reports: {kind: sarif, path: a}')).toEqual([['sarif', 'a']]);
    expect(problems('reports: {junitt: a.xml}')).toEqual([
      'error 1:30 bad-name: `junitt` is no kind of report; did you mean `junit`?',
    ]);
  });

  it('of isolation, network and limits', () => {
    expect(
      job(
        'isolation: {mode: sandbox, readable: [/opt/sdk]}, network: none, limits: {cpu: 1.5, memory: 512Mi, pids: 9, disk: 1GB}',
      ).isolation,
    ).toEqual({
      mode: 'sandbox',
      network: 'none',
      readable: ['/opt/sdk'],
      limits: { cpus: 1.5, memoryBytes: 536_870_912, processesMax: 9, diskBytes: 1_000_000_000 },
    });
    expect(problems('isolation: docker')).toEqual([
      'error 1:31 no-image: a job in Docker needs to know in which image it runs',
    ]);
    expect(problems('isolation: sandbox, image: a')).toEqual([
      'error 1:31 two-isolations: the job runs in a container and cannot have the isolation `sandbox`',
    ]);
    expect(problems('limits: {memory: lots}')).toEqual([
      'error 1:37 bad-value: `memory` is `lots`, but must be an amount of bytes such as `512Mi`, `2GiB` or `10GB`',
    ]);
  });

  it('of a container and of services with and without one', () => {
    const { container, isolation, services } = job(
      'image: node:24, services: {db: "postgres:18", cache: {image: redis:8, ports: [6379], command: redis-server, health_check: {tcp: 6379}}, api: {command: node a.js, start_timeout: 5s}}',
    );
    expect(isolation.mode).toBe('docker');
    expect(container).toMatchObject({ image: 'node:24', ports: [], credentials: null });
    expect(services).toMatchObject([
      {
        kind: 'container',
        name: 'db',
        container: { image: 'postgres:18' },
        health: null,
        startTimeoutMs: 120_000,
      },
      {
        kind: 'container',
        name: 'cache',
        command: 'redis-server',
        health: { ask: { kind: 'tcp', port: 6379 } },
      },
      { kind: 'command', name: 'api', run: 'node a.js', shell: 'sh', startTimeoutMs: 5_000 },
    ]);
  });

  it('of gates: presets, metrics, severities and exceptions', () => {
    const { gates } = job(
      'gates: [sast, {metric: coverage.line, not_below: target, tolerance: 0.2}, {preset: sca, severities: {critical: 0}, unless: {label: ok}, mode: warn}]',
    );
    expect(gates).toMatchObject([
      { name: 'sast', preset: 'sast', metric: null, mode: null, missing: null },
      {
        name: 'coverage.line',
        metric: { source: 'coverage.line' },
        notBelow: { reference: 'target', tolerance: 0.2, adjust: 'removed' },
      },
      { name: 'sca', severities: { critical: 0 }, exceptions: [{ labels: ['ok'], paths: [] }], mode: 'warn' },
    ]);
    expect(
      problems('gates: [sast, sast, {at_least: 1}, {metric: a}, {metric: b, at_most: 1, tolerance: 1}]'),
    ).toEqual([
      'error 1:34 duplicate-id: two gates are called `sast`',
      'error 1:40 bad-gate: a gate needs `metric` or `preset`',
      'error 1:55 bad-gate: a gate with `metric` needs a limit',
      'error 1:103 bad-gate: `tolerance` has no effect without `not_below`',
    ]);
    expect(problemsOf('jobs: {t: {run: x, gates: [sasst]}}\n')).toEqual([
      expect.stringContaining('-> did you mean `sast`?'),
    ]);
  });

  it('of an approval, which is a job of its own', () => {
    const text =
      'jobs: {ok: {approval: {approvers: [alice, team/ops], count: 3, expires: 3d, form: {why: Why?, how: {options: [a, b], default: a}}}}}\n';
    expect(jobOf(text, 'ok')).toMatchObject({
      steps: [],
      approval: {
        approvers: ['alice', 'team/ops'],
        count: 3,
        authorAllowed: false,
        expiresAfterMs: 259_200_000,
        onExpiry: 'reject',
        form: {
          why: { description: 'Why?', kind: 'text', required: false, options: [] },
          how: { kind: 'choice', default: 'a', options: ['a', 'b'] },
        },
      },
    });
    expect(jobOf('jobs: {ok: {approval: 2}}\n', 'ok').approval).toMatchObject({ count: 2, approvers: [] });
    expect(problems('approval: true')).toEqual([
      'error 1:30 two-kinds-of-work: `t` has `run` and `approval`, but a job has one of them',
    ]);
  });
});

describe('a stage', () => {
  it('begins with its approval, and judges its gates before it deploys', () => {
    const plan = planOf(
      'environments: {qa: }\nstages: [{name: a, jobs: {b: {run: x}}}, {name: ship, depends_on: a, approval: 1, gates: [sast], environment: qa, jobs: {c: {run: x}}}]\n',
    );
    expect(plan.jobs.map(({ id, needs }) => [id, needs])).toEqual([
      ['b', []],
      ['ship-approval', ['b']],
      ['c', ['ship-approval', 'b']],
      ['ship-gates', ['c', 'ship-approval', 'b']],
      ['ship', ['c', 'ship-gates', 'ship-approval', 'b']],
    ]);
    expect(plan.jobs[3]!.gates).toMatchObject([{ name: 'sast' }]);
    expect(plan.jobs[4]!.gates).toEqual([]);
  });
});
