import { describe, expect, it } from 'vitest';
import { ScriptedWorld } from '../../../test/support/scripted-ports.ts';
import type { RunSummary } from '../../client/contract.ts';

const FILE = `name: shop
trigger: {branches: [main], events: [push]}
stages:
  - name: test
    jobs:
      - name: unit
        matrix: {node: [22, 24]}
        commands: [npm ci, npm test]
        reports: {junit: report.xml}
        gates: [coverage-unit, {name: quick, metric: jobs.success_rate, at_least: 100, mode: warn}]
  - name: release
    depends_on: [test]
    approval: {approvers: [alice, bob], count: 2}
    jobs: {pack: {commands: [make pack]}}
`;

function run(outcome: RunSummary['outcome'], durationMs: number, startedAtMs: number): RunSummary {
  return {
    runId: 'r',
    pipeline: 'shop',
    branch: 'main',
    commit: null,
    event: 'push',
    trust: 'trusted',
    startedAtMs,
    durationMs,
    outcome,
    orphaned: false,
    approvals: [],
    sentence: '',
  };
}

function world(): ScriptedWorld {
  const made = new ScriptedWorld();
  made.files.set('/work/shop/sluice.yaml', FILE);
  made.client.expected = { unit: 60_000, pack: 5000 };
  const now = made.clock.now();
  made.client.listed = [
    run('succeeded', 70_000, now - 1000),
    run('failed', 30_000, now - 2000),
    run('succeeded', 80_000, now - 3000),
    run('failed', 1, now - 40 * 86_400_000),
  ];
  return made;
}

describe('sluice design', () => {
  it('writes the document from the plan and its history', async () => {
    const one = world();
    expect(await one.run('design')).toBe(0);
    const { text } = one.out;
    expect(text).toMatch(/^# Pipeline design: shop\n/);
    expect(text).toContain('- **Trigger**: push on main');
    expect(text).toContain('- **Median duration**: 1m 10s (last 30 days)');
    expect(text).toContain('- **Success rate**: 66.7 % of 3 runs (last 30 days)');
    expect(text).toContain('```mermaid\nflowchart LR');
    expect(text).toContain('- **unit** (2 combinations, 1m 00s)');
    expect(text).toMatch(/\| coverage-unit \| unit \| .*>= 80, .*>= 75 \| full \| yes \|/);
    expect(text).toMatch(/\| quick \| unit \| .*>= 100 \| full \| no \|/);
    expect(text).toContain('Approvals: release-approval: 2 of alice, bob.');
    expect(text).toContain('This pipeline deploys nothing.');
    expect(text).toContain('Describe where it is deployed');
  });

  it('gives the same as data', async () => {
    const one = world();
    expect(await one.run('design', '--json')).toBe(0);
    expect(JSON.parse(one.out.text)).toMatchObject({
      pipeline: 'shop',
      summary: { stages: 2, parallel: 2, runs: { runs: 3, succeeded: 2, medianMs: 70_000 } },
      gates: [
        { gate: 'coverage-unit', blocking: true },
        { gate: 'quick', blocking: false },
      ],
      delivery: { deployments: 0, perDay: null, rolledBack: null },
    });
  });

  it('tells the strategy of an environment, and its way back', async () => {
    const one = world();
    one.files.set(
      '/work/shop/sluice.yaml',
      `${FILE}environments:
  production: {host: a.example.com, user: deploy, strategy: canary, rollback: {timeout: 2m}}
services:
  api: {port: 8080, command: ./api}
`,
    );
    one.client.deployed = { list: async () => [] } as never;
    expect(await one.run('design', '--output', 'docs/design.md')).toBe(0);
    const text = one.files.get('/work/shop/docs/design.md')!;
    expect(text).toContain('- **Strategy**: canary (chosen by the environment)');
    expect(text).toContain('error rate > 1 %; P95 latency > 3x');
    expect(text).toContain('`sluice rollback production`');
    expect(text).toContain('each step at most 2m');
    expect(text).toContain('- **Deployment frequency**: not measured yet');
    expect(text).toContain('Prove that nothing goes around the gates: `sluice verify`.');
  });
});
