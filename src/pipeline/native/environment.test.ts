import { describe, expect, it } from 'vitest';
import { planOf, problemsOf } from './load.fixture.ts';

const JOBS = 'jobs: {t: {run: x}}\n';

/** Seed 003's `Environment`, and what issue E lists besides. */
const WHOLE = `environments:
  staging:
    type: staging
    host: staging.example.com
    port: 22
    user: deploy
    docker_registry: registry.example.com
    health_checks:
      - {url: "http://staging.example.com/health", timeout: 30}
    pre_deploy_hooks: [./scripts/pre-deploy.sh]
    post_deploy_hooks: [./scripts/smoke-test.sh]
  production:
    hosts: [web-1, {host: web-2, port: 2222, user: root, key: WEB_KEY}]
    user: deploy
    key: DEPLOY_KEY
    variables: {LEVEL: info, REPLICAS: 3}
    secrets: [DATABASE_URL]
    health_checks:
      readiness: {http: /ready, interval: 5s, success_threshold: 2}
      liveness: {tcp: 8080}
      startup: {command: "test -f started", failure_threshold: 30}
    smoke_tests: [{name: orders, run: "./smoke.sh \${{ deploy.version }}", timeout: 1m}]
    protection:
      approvers: [alice, bob]
      approvals: 2
      windows: [{rule: "FREQ=WEEKLY;BYDAY=MO,TU", from: "09:00", to: "16:30", time_zone: Europe/Berlin}]
      freezes: [{start: "2026-12-20T00:00:00+01:00", end: "2027-01-04T00:00:00Z", reason: holidays}]
      gates: [coverage-unit, {preset: sca, mode: block}]
      branches: main
    promotion: {after: staging}
    resources: {cpu: 500m, memory: 512Mi, replicas: 3}
    target: {kind: ssh, directory: /srv/api, keep_releases: 3, ports: 8100-8199}
    router: {kind: haproxy, socket: /run/haproxy.sock, backend: api}
    strategy: {type: canary, weights: [5, 25, 50, 100], observe: 15m, match: {header: X-Beta, value: "1"}}
    analysis:
      error_rate: 2%
      latency: {at_most: 2.5x, quantile: 0.99, test: window}
      resources: false
      metrics:
        - {name: orders, prometheus: "http://p:9090", query: "orders{v='\${{ deploy.version }}'}", at_least: 10}
      triggers: [{name: paging, command: ./paged.sh}]
    rollback: {strategy: blue-green, retries: 2, on_irreversible: roll_forward}
    timeout: 1h
services:
  api: {artifact: api, environments: [staging], command: node server.js, port: 8080, migrations: {kind: expand, up: ./up, down: ./down}}
`;

describe('environments of a plan', () => {
  const plan = planOf(WHOLE + JOBS);
  const [staging, production] = plan.environments;

  it("have a place for every field of seed 003's Environment", () => {
    expect(staging).toMatchObject({
      name: 'staging',
      type: 'staging',
      hosts: [{ host: 'staging.example.com', port: 22, user: 'deploy', key: null, hostKey: null }],
      registry: 'registry.example.com',
      healthChecks: [
        {
          kind: 'readiness',
          ask: { kind: 'http', url: 'http://staging.example.com/health', status: null },
          timeoutMs: 30_000,
          intervalMs: 10_000,
          successThreshold: 1,
          failureThreshold: 3,
        },
      ],
      preDeployHooks: [{ name: './scripts/pre-deploy.sh', run: './scripts/pre-deploy.sh', timeoutMs: null }],
      postDeployHooks: [{ run: './scripts/smoke-test.sh' }],
      protection: null,
      place: { start: { line: 2, column: 3 } },
    });
  });

  it('keep everything that is said of them', () => {
    expect(production).toMatchObject({
      type: 'production',
      hosts: [
        { host: 'web-1', port: 22, user: 'deploy', key: 'DEPLOY_KEY' },
        { host: 'web-2', port: 2222, user: 'root', key: 'WEB_KEY' },
      ],
      variables: { LEVEL: 'info', REPLICAS: '3' },
      secrets: ['DATABASE_URL'],
      healthChecks: [
        { name: '/ready', kind: 'readiness', intervalMs: 5_000, successThreshold: 2 },
        { name: 'tcp 8080', kind: 'liveness', ask: { kind: 'tcp', host: null, port: 8080 } },
        { kind: 'startup', ask: { kind: 'command', run: 'test -f started' }, failureThreshold: 30 },
      ],
      smokeTests: [{ name: 'orders', timeoutMs: 60_000 }],
      promotion: { after: ['staging'], sameArtifact: true },
      resources: { cpus: 0.5, memoryBytes: 512 * 1024 * 1024, diskBytes: null, replicas: 3 },
      target: { kind: 'ssh', directory: '/srv/api', keepReleases: 3, ports: { first: 8100, last: 8199 } },
      router: { kind: 'haproxy', socket: '/run/haproxy.sock', backend: 'api' },
      rollback: { strategy: 'blue_green', retries: 2, onIrreversible: 'roll_forward', automatic: null },
      timeoutMs: 3_600_000,
    });
    expect(production!.protection).toMatchObject({
      approvals: 2,
      approvers: ['alice', 'bob'],
      authorAllowed: false,
      windows: [
        {
          rule: 'FREQ=WEEKLY;BYDAY=MO,TU',
          fromMinute: 540,
          toMinute: 990,
          timeZone: 'Europe/Berlin',
        },
      ],
      freezes: [{ start: '2026-12-19T23:00:00.000Z', end: '2027-01-04T00:00:00.000Z', reason: 'holidays' }],
      gates: [
        { name: 'coverage-unit', preset: 'coverage-unit' },
        { name: 'sca', mode: 'block' },
      ],
      branches: ['main'],
    });
    expect(production!.strategy).toMatchObject({
      type: 'canary',
      weights: [5, 25, 50, 100],
      observeMs: 900_000,
      match: [{ kind: 'header', name: 'X-Beta', value: '1' }],
      bakeMs: null,
    });
  });

  it('are judged by the checks that are given, without those that are off', () => {
    expect(production!.analysis).toMatchObject({
      off: ['resources'],
      checks: [
        { name: 'error_rate', limit: { kind: 'at_most', value: 0.02 }, test: 'sequential' },
        { name: 'latency', limit: { kind: 'baseline', factor: 2.5 }, quantile: 0.99, test: 'window' },
        {
          name: 'orders',
          standard: null,
          limit: { kind: 'at_least', value: 10 },
          source: { kind: 'prometheus', url: 'http://p:9090' },
        },
      ],
      triggers: [{ name: 'paging', source: { kind: 'command', run: './paged.sh' } }],
    });
  });

  it('stand beside services', () => {
    expect(plan.services).toMatchObject([
      {
        name: 'api',
        artifact: 'api',
        environments: ['staging'],
        command: 'node server.js',
        directory: '.',
        port: 8080,
        migrations: { kind: 'expand', up: './up', down: './down' },
      },
    ]);
  });

  it.each([
    ['qa', 'testing'],
    ['pre-prod', 'staging'],
    ['prod-eu', 'production'],
    ['review-12', 'preview'],
    ['dev2', 'development'],
  ])('tell what they are for by their name: %s is %s', (name, type) => {
    expect(planOf(`environments: {${name}: {}}\n${JOBS}`).environments[0]!.type).toBe(type);
  });

  it('count as production when the name tells nothing, and say so', () => {
    expect(planOf(`environments: {blue: }\n${JOBS}`).environments[0]!.type).toBe('production');
    expect(problemsOf(`environments: {blue: }\n${JOBS}`)).toEqual([
      'warning 1:16 environment-type: the name `blue` does not tell what the environment is for, so it counts as production -> add `type: staging`, or another one',
    ]);
  });

  it('may say who asks their registry', () => {
    const registry = '{host: "r.example.com:5000/team", user: deploy, password: TOKEN}';
    const [qa] = planOf(`environments: {qa: {registry: ${registry}}}\n${JOBS}`).environments;
    expect(qa).toMatchObject({
      registry: 'r.example.com:5000/team',
      registryLogin: { user: 'deploy', password: 'TOKEN' },
    });
  });

  it('may demand no gates, where their type would', () => {
    const [production] = planOf(
      `environments: {production: {protection: {gates: []}}}\n${JOBS}`,
    ).environments;
    expect(production!.protection).toMatchObject({ gates: [], approvals: 0 });
  });

  it('are read in a list, too', () => {
    expect(planOf(`environments: [{name: qa, host: h}]\n${JOBS}`).environments).toMatchObject([
      { name: 'qa', hosts: [{ host: 'h' }] },
    ]);
  });
});

const WRONG: readonly (readonly [what: string, definition: string, says: string])[] = [
  [
    'a user without a host',
    'user: deploy',
    'error 1:35 no-host: `user` has no effect without a host -> add `host: NAME`, or remove it',
  ],
  [
    'the same host twice',
    'hosts: [a, A]',
    'error 1:40 duplicate-id: the host `a:22` stands twice -> remove one of them',
  ],
  [
    'a host and hosts',
    'hosts: [a], host: b',
    'error 1:47 duplicate-key: `host` and `hosts` say the same -> put all of them under `hosts`',
  ],
  [
    'a router without its address',
    'router: {kind: proxy}',
    'error 1:37 missing-key: a router of the kind `proxy` needs `listen` -> add `listen`',
  ],
  [
    'a router with keys of another',
    'router: {kind: proxy, listen: 80, backend: x}',
    'error 1:72 unused-key: `backend` has no effect on a router of the kind `proxy` -> remove it, or choose another kind',
  ],
  [
    'a freeze that ends before it starts',
    'protection: {freezes: [{start: "2026-02-01T00:00:00Z", end: "2026-01-01T00:00:00Z"}]}',
    'error 1:89 bad-value: the freeze ends at `2026-01-01T00:00:00Z`, which is not after its start -> swap `start` and `end`',
  ],
  [
    'a rule with times of day',
    'protection: {windows: [{rule: "FREQ=DAILY;BYHOUR=9", from: "09:00", to: "10:00"}]}',
    'error 1:59 bad-value: `rule` has `BYHOUR`; times of day stand under `from` and `to`',
  ],
  [
    'a rule without frequency',
    'protection: {windows: [{rule: "BYDAY=MO", from: "09:00", to: "10:00"}]}',
    'error 1:59 bad-value: `rule` has no `FREQ`, such as `FREQ=WEEKLY`',
  ],
  [
    'a time zone that does not exist',
    'protection: {windows: [{time_zone: Mars/Base, from: "09:00", to: "10:00"}]}',
    'error 1:64 bad-value: `time_zone` is `Mars/Base`, but must be a time zone such as `Europe/Berlin`',
  ],
  [
    'more approvals than approvers',
    'protection: {approvers: [alice], approvals: 2}',
    'error 1:73 bad-approval: 2 people must agree, but there is 1 approver -> name more approvers, or ask for fewer',
  ],
  [
    'a check with two limits',
    'analysis: {metrics: [{name: a, command: x, at_least: 1, at_most: 2}]}',
    'error 1:50 bad-value: the check `a` needs one limit -> write `at_most` or `at_least`',
  ],
  [
    'a query without a server',
    'analysis: {metrics: [{name: a, query: x, at_least: 1}]}',
    'error 1:50 bad-source: nothing says where the figure comes from -> write `prometheus` with `query`, `http` with `field`, or `command`',
  ],
  [
    'a server without a query',
    'analysis: {metrics: [{name: a, prometheus: "http://p", at_least: 1}]}',
    'error 1:50 missing-key: `prometheus` needs `query` -> add `query`',
  ],
  [
    'a server with a password in its address',
    'analysis: {metrics: [{name: a, http: "http://me:hunter2@p/", field: x, at_least: 1}]}',
    'error 1:66 bad-value: `http` holds a user name or password; ask by a `command` that has its own',
  ],
  [
    'an error rate as a multiple',
    'analysis: {error_rate: {at_most: 3x}}',
    'error 1:62 bad-value: the limit of `error_rate` is a percentage -> write for example `1%`',
  ],
  [
    'a partial rollback of nothing',
    'rollback: partial',
    'error 1:39 bad-value: a partial rollback needs to know what goes back -> add `only: [HOST]`',
  ],
  [
    'a range of ports that goes down',
    'target: {kind: process, ports: 90-80}',
    'error 1:60 bad-value: `90-80` is no range of ports -> write the lower one first, such as `8100-8199`',
  ],
];

describe('a wrong environment', () => {
  it.each(WRONG)('with %s is reported where it stands', (_, definition, says) => {
    const text = `environments: {staging: {   ${definition}}}\n${JOBS}`;
    expect(problemsOf(text)).toEqual([says]);
  });

  it('of a promotion in a circle is reported', () => {
    const text = `environments: {qa: {promotion: {after: prod}}, prod: {promotion: {after: qa}}}\n${JOBS}`;
    expect(problemsOf(text)).toEqual([
      'error 1:40 need-cycle: the environments wait for each other in a circle: qa -> prod -> qa -> remove one of these promotions',
    ]);
  });

  it('of a service is reported', () => {
    const text = `environments: {qa: {}}\nservices: {api: {environments: [qq], artifact: a, image: b}}\n${JOBS}`;
    expect(problemsOf(text)).toEqual([
      'error 2:33 unknown-environment: there is no environment `qq` -> did you mean `qa`?',
      'error 2:58 duplicate-key: a service is deployed from an artifact or from an image, but this one has both -> remove one of them',
    ]);
  });

  it('that asks for a secret which is not declared is reported', () => {
    const text = `secrets: [TOKEN]\nenvironments: {qa: {secrets: [TOKEM]}}\njobs: {t: {run: x, secrets: [TOKEN]}}\n`;
    expect(problemsOf(text)).toEqual([
      'error 2:31 unknown-secret: the pipeline does not declare the secret `TOKEM` -> did you mean `TOKEN`?',
    ]);
  });
});
