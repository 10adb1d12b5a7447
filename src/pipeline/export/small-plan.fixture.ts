import { digestOf } from '../../base/digest.ts';
import type { Plan, PlanJob, PlanStage, PlanStep } from '../plan.ts';
import { NO_ISOLATION, PLAIN_JOB, PLAIN_PLAN } from '../plan-default.ts';

const start = { line: 3, column: 1 };
const place = { file: 'sluice.yaml', start, end: start };
const NO_RETRY = { max: 0, delayMs: 0, backoff: 1, on: [] };
const at = (source: string) => ({ source, place });

function step(id: string, run: string): PlanStep {
  return {
    id,
    name: run,
    run,
    uses: null,
    refusal: null,
    shell: 'sh',
    workingDirectory: '.',
    variables: {},
    if: null,
    timeoutMs: null,
    allowFailure: false,
    retry: NO_RETRY,
    repeatable: false,
    tty: false,
    work: null,
    parallelGroup: null,
    when: 'always',
    place,
  };
}

function job(id: string, stage: string, needs: readonly string[]): PlanJob {
  return {
    id,
    name: id,
    stage,
    needs,
    if: null,
    matrix: null,
    variables: {},
    secrets: [],
    timeoutMs: 3_600_000,
    silenceTimeoutMs: null,
    retry: NO_RETRY,
    allowFailure: false,
    concurrency: null,
    steps: [step('step-1', `make ${id}`)],
    cleanup: [],
    cleanupGraceMs: 30_000,
    outputs: {},
    repeatable: false,
    language: null,
    ...PLAIN_JOB,
    place,
  };
}

function stage(name: string, dependsOn: readonly string[]): PlanStage {
  return { name, dependsOn, timeoutMs: 3_600_000, place };
}

/** Three jobs in two stages, and nothing that is not usual. */
export const SMALL_PLAN: Plan = {
  schemaVersion: 1,
  name: 'small',
  file: 'sluice.yaml',
  digest: digestOf(''),
  variables: {},
  concurrency: null,
  stages: [stage('build', []), stage('ship', ['build'])],
  jobs: [job('build', 'build', []), job('test', 'build', []), job('ship', 'ship', ['build', 'test'])],
  triggers: [],
  inputs: {},
  timeoutMs: null,
  ...PLAIN_PLAN,
};

const trigger = {
  event: 'push',
  branches: [],
  branchesIgnore: [],
  tags: [],
  paths: [],
  pathsIgnore: [],
  cron: null,
};
const input = { description: '', required: false, default: null, options: null };
const condition = {
  name: 'coverage',
  preset: null,
  metric: null,
  atLeast: 80,
  atMost: null,
  notBelow: null,
  severities: {},
  scope: null,
  minSample: null,
  mode: null,
  missing: null,
  exceptions: [],
  place,
};
const healthCheck = {
  name: 'answers',
  kind: 'readiness',
  ask: { kind: 'tcp', host: null, port: 80 },
  intervalMs: 1000,
  timeoutMs: 1000,
  successThreshold: 1,
  failureThreshold: 3,
  place,
} as const;
const container = {
  image: 'node:24',
  credentials: null,
  variables: {},
  ports: [],
  volumes: [],
  user: null,
  options: null,
  place,
};
const artifact = {
  name: 'site',
  paths: ['dist'],
  version: null,
  tags: {},
  retentionMs: null,
  when: 'success',
  place,
} as const;
const download = { artifact: 'site', from: null, files: [], path: '.', readonly: false, place };
const cache = { key: 'npm', keyFiles: [], restoreKeys: [], paths: ['node_modules'], readonly: false, place };
const service = {
  kind: 'container',
  name: 'database',
  container: { ...container, image: 'postgres:18' },
  command: null,
  health: null,
  startTimeoutMs: 60_000,
  place,
} as const;
const matrix = {
  cells: [{ node: 22 }, { node: 24 }],
  expression: null,
  include: [],
  exclude: [],
  failFast: true,
  maxParallel: null,
};
const approval = {
  message: null,
  approvers: ['alice'],
  count: 2,
  authorAllowed: false,
  form: {},
  expiresAfterMs: null,
  onExpiry: 'reject',
  place,
} as const;
const work = { inputs: ['src/**'], outputs: ['dist'], variables: [], tools: [], place };

/** One word of a plan each, said otherwise. */
export const PLAN_CHANGES: readonly Partial<Plan>[] = [
  { name: 'other' },
  { variables: { LEVEL: 'info' } },
  { variables: { LEVEL: '${{ git.branch }}' } },
  { concurrency: { group: 'ci', policy: 'queue' } },
  { concurrency: { group: 'ci', policy: 'cancel-running' } },
  { triggers: [{ ...trigger, branches: ['main'] }] },
  { triggers: [{ ...trigger, branchesIgnore: ['old'] }] },
  { triggers: [{ ...trigger, paths: ['src/**'] }] },
  { triggers: [{ ...trigger, pathsIgnore: ['docs/**'] }] },
  { triggers: [{ ...trigger, event: 'tag', tags: ['v*'] }] },
  { triggers: [{ ...trigger, event: 'schedule', cron: '0 3 * * *' }] },
  { triggers: [{ ...trigger, event: 'pull_request', types: ['labeled'] }] },
  { triggers: [{ ...trigger, event: 'manual' }] },
  { triggers: [{ ...trigger, event: 'api' }] },
  { inputs: { level: input } },
  { inputs: { level: { ...input, required: true, description: 'How loud' } } },
  { inputs: { level: { ...input, default: 'a', options: ['a', 'b'] } } },
  { inputs: { level: { ...input, type: 'number' } } },
  { timeoutMs: 60_000 },
  { environments: [{ name: 'production' } as Plan['environments'][number]] },
  { services: [{ name: 'api' } as Plan['services'][number]] },
  { waivers: [{ condition: 'coverage', expires: '2027-01-01T00:00:00Z' } as Plan['waivers'][number]] },
  { protectedPaths: ['ci'] },
];

export const STAGE_CHANGES: readonly Partial<PlanStage>[] = [{ timeoutMs: 60_000 }];

export const JOB_CHANGES: readonly Partial<PlanJob>[] = [
  { name: 'Unit tests' },
  { needs: ['build'] },
  { if: at("git.branch == 'main'") },
  { if: at('always()') },
  { if: at("needs.build.result == 'success'"), needs: ['build'] },
  { if: at('contains(toJSON(github.event), 1)') },
  { matrix },
  { matrix: { ...matrix, failFast: false } },
  { matrix: { ...matrix, maxParallel: 1 } },
  { matrix: { ...matrix, cells: null, expression: at('fromJSON(vars.M)') } },
  { matrix: { ...matrix, cells: null, expression: at('fromJSON(vars.M)'), include: [{ a: 1 }] } },
  { variables: { LEVEL: 'debug' } },
  { variables: { 'not-a-name': 'x' } },
  { secrets: [{ name: 'TOKEN', variable: 'NPM_TOKEN' }] },
  { timeoutMs: 90_000 },
  { timeoutMs: 7_200_000 },
  { silenceTimeoutMs: 60_000 },
  { retry: { ...NO_RETRY, max: 1 } },
  { retry: { ...NO_RETRY, max: 5 } },
  { retry: { ...NO_RETRY, max: 1, delayMs: 5000, backoff: 2 } },
  { retry: { ...NO_RETRY, max: 1, on: [{ kind: 'exit-code', codes: [75] }] } },
  { retry: { ...NO_RETRY, max: 1, on: [{ kind: 'output', pattern: 'reset' }] } },
  { allowFailure: true },
  { concurrency: { group: 'database', policy: 'queue' } },
  { concurrency: { group: 'database', policy: 'never-cancel' } },
  { cleanup: [step('cleanup-1', 'make clean')] },
  { cleanup: [{ ...step('cleanup-1', 'make clean'), when: 'on-failure' }] },
  { cleanup: [step('cleanup-1', 'make clean')], cleanupGraceMs: 5000 },
  { outputs: { version: '${{ steps.step-1.outputs.version }}' } },
  { repeatable: true },
  { language: 'go' },
  { snapshots: true },
  { work },
  { isolation: { ...NO_ISOLATION, mode: 'sandbox' } },
  { isolation: { ...NO_ISOLATION, network: 'none' } },
  { isolation: { ...NO_ISOLATION, readable: ['/opt'] } },
  { isolation: { ...NO_ISOLATION, limits: { ...NO_ISOLATION.limits, memoryBytes: 1000 } } },
  { container },
  { container: { ...container, user: 'node' } },
  { container: { ...container, credentials: { username: 'u', password: 'p' } } },
  { container: { ...container, variables: { A: 'b' } } },
  { container: { ...container, ports: ['80'] } },
  { container: { ...container, volumes: ['/a:/b'] } },
  { container: { ...container, options: '--cpus 1' } },
  { services: [service] },
  { services: [{ ...service, health: healthCheck }] },
  { services: [{ ...service, command: 'serve' }] },
  {
    services: [
      {
        ...service,
        kind: 'command',
        run: 'serve',
        shell: 'sh',
        workingDirectory: '.',
        variables: {},
      } as never,
    ],
  },
  { caches: [cache] },
  { caches: [{ ...cache, keyFiles: ['package-lock.json'] }] },
  { caches: [{ ...cache, restoreKeys: ['np'] }] },
  { caches: [{ ...cache, readonly: true }] },
  { downloads: [download] },
  { downloads: [{ ...download, path: 'public' }] },
  { downloads: [{ ...download, files: ['*.html'] }] },
  { artifacts: [artifact] },
  { artifacts: [{ ...artifact, version: '1.2' }] },
  { artifacts: [{ ...artifact, tags: { team: 'web' } }] },
  { artifacts: [{ ...artifact, retentionMs: 86_400_000 }] },
  { artifacts: [{ ...artifact, when: 'always' }] },
  { artifacts: [artifact, { ...artifact, name: 'other', paths: ['more'] }] },
  { reports: [{ kind: 'junit', paths: ['report.xml'], place }] },
  { reports: [{ kind: 'lcov', paths: ['lcov.info'], place }] },
  { gates: [condition] },
  { approval, steps: [] },
  { approval: { ...approval, message: 'Ship it?' }, steps: [] },
  {
    deploy: {
      environment: 'production',
      strategy: null,
      rollbackOnFailure: true,
      service: null,
      artifact: null,
    },
    steps: [],
  },
  { workflow: { runsOn: ['self-hosted'], permissions: null, environment: null, call: null } },
  { steps: [step('step-1', 'make test'), step('step-2', 'make more')] },
];

export const STEP_CHANGES: readonly Partial<PlanStep>[] = [
  { name: 'Everything' },
  { run: 'make other' },
  { run: 'echo ${{ matrix.node }} ${{ toJSON(github) }}' },
  { run: 'echo "$GITHUB_SHA"' },
  { run: 'echo a=b >> "$SLUICE_OUTPUT"' },
  { shell: 'bash' },
  { shell: 'python' },
  { shell: 'perl {0}' },
  { workingDirectory: 'web' },
  { variables: { LEVEL: 'debug' } },
  { if: at("git.branch == 'main'") },
  { if: at('failure()') },
  { if: at('toJSON(github.event) == 1') },
  { timeoutMs: 60_000 },
  { allowFailure: true },
  { retry: { ...NO_RETRY, max: 2 } },
  { retry: { ...NO_RETRY, max: 2, delayMs: 1000 } },
  { retry: { ...NO_RETRY, max: 2, on: [{ kind: 'timeout' }] } },
  { repeatable: true },
  { tty: true },
  { work },
  { parallelGroup: 1 },
  { uses: { kind: 'repository', repository: 'o/n', path: null, ref: 'v1', with: { a: 'b' } }, run: '' },
  {
    uses: { kind: 'repository', repository: 'actions/setup-node', path: null, ref: 'v4', with: {} },
    run: '',
  },
  { workflow: { background: true } },
  { workflow: { allowFailure: at('true') } },
];
