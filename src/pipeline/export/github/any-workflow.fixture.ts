import fc from 'fast-check';

/** GitHub workflows that its schema accepts, with every key that a plan takes over; as data, to be written as JSON. */
const word = fc.stringMatching(/^[A-Za-z_][\w-]{0,7}$/).filter((text) => text !== '__proto__');
const text = fc.oneof(
  fc.string({ maxLength: 20, unit: 'grapheme' }).map((one) => one.replaceAll('${{', '$ {{')),
  fc.constantFrom(
    '${{ github.sha }}',
    'v ${{ github.ref_name }} "x"',
    'a: b # c',
    '1.10',
    'on',
    ' lead\n\n tail \n',
  ),
);
const filled = text.filter((one) => one.trim() !== '');
// GitHub refuses keys that differ in case alone.
const variables = fc.dictionary(
  word.map((one) => one.toUpperCase()),
  text,
  { maxKeys: 3 },
);
const optional = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: undefined });
const globs = fc.array(fc.constantFrom('main', 'release/*', '**', '!old', 'v[0-9]+'), {
  minLength: 1,
  maxLength: 3,
});

const condition = fc.constantFrom(
  "github.ref == 'refs/heads/main'",
  '${{ always() }}',
  "failure() && github.actor != 'a'",
);
const shell = fc.constantFrom('bash', 'sh', 'python', 'perl {0}', 'bash -e {0}', 'pwsh', 'cmd');

const isTrue = fc.oneof(fc.boolean(), fc.constant("${{ github.actor == 'a' }}"));
const minutes = fc.oneof(fc.integer({ min: 1, max: 500 }), fc.constant('${{ fromJSON(vars.MINUTES) }}'));

const common = {
  id: optional(word),
  name: optional(filled),
  if: optional(condition),
  env: optional(variables),
  'continue-on-error': optional(isTrue),
  'timeout-minutes': optional(minutes),
};
const runStep = fc.record({
  ...common,
  run: filled,
  shell: optional(shell),
  'working-directory': optional(filled),
});
const actionStep = fc.record({
  ...common,
  uses: fc.constantFrom('actions/checkout@v4', './.github/actions/a', 'docker://alpine:3', 'o/r/sub@main'),
  with: optional(variables),
});
const step = fc.oneof(
  { weight: 3, arbitrary: runStep },
  actionStep,
  runStep.map((one) => ({ ...one, background: true })),
  fc.record({ wait: fc.constant(['server', 'other']) }),
  fc.constantFrom({ 'wait-all': true }, { cancel: 'server', name: 'Stop it' }),
);
const stepOrBlock = fc.oneof(
  { weight: 6, arbitrary: step },
  fc.record({ parallel: fc.array(runStep, { minLength: 1, maxLength: 3 }) }),
);

const value = fc.oneof(
  fc.constantFrom('a', 'b', '1'),
  fc.integer(),
  fc.boolean(),
  fc.constant({ deep: ['x', 1] }),
);
const axis = fc.uniqueArray(value, {
  minLength: 1,
  maxLength: 3,
  selector: (one) => String(JSON.stringify(one)).replaceAll('"', ''),
});
const matrix = fc.oneof(
  fc.dictionary(fc.constantFrom('node', 'os', 'kind'), axis, { minKeys: 1, maxKeys: 3 }),
  fc.record({ os: fc.constant(['x', 'y']), include: fc.constant([{ os: 'y', extra: 1 }, { os: 'z' }]) }),
  fc.constantFrom('${{ fromJSON(needs.x.outputs.m) }}', '${{ fromJSON(vars.M) }}'),
);
const strategy = fc.record({
  matrix,
  'fail-fast': optional(isTrue),
  'max-parallel': optional(
    fc.oneof(fc.integer({ min: 1, max: 9 }), fc.constant('${{ fromJSON(vars.MOST) }}')),
  ),
});

const container = fc.oneof(
  fc.constantFrom('node:24', 'ghcr.io/o/i:${{ github.sha }}'),
  fc.record({
    image: fc.constant('node:24'),
    env: optional(variables),
    ports: optional(fc.constantFrom([80], ['8080:80', 53])),
    volumes: optional(fc.constant(['/a:/b'])),
    options: optional(fc.constant('--cpus 1')),
    credentials: optional(fc.constant({ username: 'u', password: '${{ secrets.P }}' })),
  }),
);
const service = fc.record({
  image: fc.constant('postgres:18'),
  env: optional(variables),
  ports: optional(fc.constant(['5432:5432'])),
  options: optional(fc.constant('--health-cmd pg_isready')),
});
const concurrency = fc.oneof(
  fc.constantFrom('ci', 'ci-${{ github.ref }}'),
  fc.record({ group: fc.constant('ci'), 'cancel-in-progress': optional(isTrue) }),
);
const permissions = fc.constantFrom('read-all', 'write-all', {}, { contents: 'read', 'id-token': 'write' });
const runDefaults = fc.record({
  run: fc.record({
    shell: optional(shell.filter((one) => one !== 'cmd')),
    'working-directory': optional(fc.constantFrom('web', '.')),
  }),
});

const job = fc.record({
  name: optional(filled),
  'runs-on': fc.constantFrom('ubuntu-latest', ['self-hosted', 'linux'], '${{ github.actor }}'),
  if: optional(condition),
  permissions: optional(permissions),
  environment: optional(fc.constantFrom('production', { name: 'staging', url: 'https://x.example' })),
  strategy: optional(strategy),
  'timeout-minutes': optional(minutes),
  'continue-on-error': optional(isTrue),
  concurrency: optional(concurrency),
  outputs: optional(
    fc.dictionary(
      word.map((one) => one.toLowerCase()),
      fc.constantFrom('x', '${{ job.status }}'),
      { maxKeys: 2 },
    ),
  ),
  defaults: optional(runDefaults),
  env: optional(variables),
  container: optional(container),
  services: optional(
    fc.dictionary(
      word.map((one) => one.toLowerCase()),
      service,
      { minKeys: 1, maxKeys: 2 },
    ),
  ),
  steps: fc.array(stepOrBlock, { minLength: 1, maxLength: 5 }).filter(hasOwnIds),
});

const events = fc.record(
  {
    push: fc.oneof(
      fc.constant(null),
      fc.record({ branches: globs, tags: optional(globs), paths: optional(globs) }),
      fc.record({ 'branches-ignore': globs, 'paths-ignore': globs }),
    ),
    pull_request: fc.oneof(
      fc.constant(null),
      fc.record({ types: optional(fc.constantFrom(['opened'], ['labeled', 'closed'])) }),
    ),
    schedule: fc.constant([{ cron: '0 3 * * *' }, { cron: '5 4 * * 1' }]),
    workflow_dispatch: fc.constantFrom(null, {
      inputs: {
        level: {
          description: 'How: loud',
          type: 'choice',
          options: ['a', 'b'],
          default: 'a',
          required: true,
        },
        dry: { type: 'boolean', default: true },
        count: { type: 'number', default: 3 },
        plain: { required: false },
      },
    }),
    release: fc.record({ types: fc.constant(['published']) }),
  },
  { requiredKeys: ['push'] },
);

export const anyWorkflow: fc.Arbitrary<unknown> = fc
  .record({
    name: optional(filled.filter((one) => !one.includes('${{'))),
    on: events,
    env: optional(variables),
    defaults: optional(runDefaults),
    permissions: optional(permissions),
    concurrency: optional(concurrency),
    jobs: fc.dictionary(word, job, { minKeys: 1, maxKeys: 3 }),
  })
  .map((workflow) => ({ ...workflow, jobs: inTurn(workflow.jobs) }));

/** Each job after the one before it: by its own name only, so that no name differs in case alone. */
function inTurn(jobs: Readonly<Record<string, object>>): Record<string, object> {
  const names = Object.keys(jobs);
  return Object.fromEntries(
    Object.entries(jobs).map(([name, one], index) => [
      `${name}_${index}`,
      index === 0 ? one : { ...one, needs: `${names[index - 1]}_${index - 1}` },
    ]),
  );
}

function hasOwnIds(steps: readonly object[]): boolean {
  const ids = steps
    .flatMap((one) => ('parallel' in one ? (one.parallel as readonly object[]) : [one]))
    .flatMap((one) => ('id' in one && typeof one.id === 'string' ? [one.id.toLowerCase()] : []));
  return new Set(ids).size === ids.length;
}
