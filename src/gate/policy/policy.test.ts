import { describe, expect, it } from 'vitest';
import { aCondition, CONTEXT, evidence, judgeOne, NOW, SCOPE } from '../../../test/support/evidence.ts';
import { PLACE } from '../../../test/support/plan.ts';
import { GATE_PRESETS } from '../../pipeline/plan-gate.ts';
import { escalationOf } from '../escalate.ts';
import { judge } from '../judge.ts';
import { checkConditions } from './check.ts';
import { PRESETS } from './preset.ts';
import { DEPLOYMENT_PRESETS, defaultPolicy, presetCondition } from './production.ts';
import { demandsOf, policyDigest, resolveCondition } from './resolve.ts';

/** What each preset demands, as the sources of these thresholds have it. */
const THRESHOLDS: Readonly<Record<string, string>> = {
  compilation: 'jobs.success_rate >= 100',
  'dependency-audit': 'findings.sca.critical <= 0',
  'coverage-unit': "suite('unit').coverage.line >= 80, suite('unit').coverage.branch >= 75",
  'coverage-integration': "suite('integration').coverage.line >= 70",
  'coverage-total': 'coverage.line >= 90, coverage.line not below',
  mutation: 'mutation.score >= 75 (warn)',
  sast: 'findings.sast.critical <= 0, findings.sast.high <= 0',
  dast: 'findings.dast.critical <= 0, findings.dast.high <= 0',
  sca: 'findings.sca.critical <= 0',
  secrets: 'findings.secrets.total <= 0',
  container: 'findings.container.critical <= 0',
  licenses: 'licences.restricted <= 0',
  vulnerabilities:
    'findings.vulnerabilities.critical <= 0, findings.vulnerabilities.high <= 0, findings.vulnerabilities.medium <= 3',
  load: 'load.p95_ms <= 500, load.p99_ms <= 1000 (warn)',
  resources: 'resources.memory_bytes <= 536870912, resources.cpus <= 0.5 (warn)',
  'canary-health': 'canary.error_rate <= 1',
  smoke: "suite('smoke').tests.passed_share >= 100",
  'audit-log': 'audit.missing <= 0',
  complexity: 'complexity.max <= 10',
  'function-length': 'function.lines_max <= 50',
  benchmark: 'bench.proven_slowdown <= 5',
  'flaky-rate': 'tests.flaky_rate <= 2',
  'security-score': 'security.score >= 90',
  'e2e-journeys': "suite('e2e').tests.passed_share >= 100",
  'build-time': 'build.duration_ms <= 600000',
  'artifact-size': 'artifact.bytes <= 262144000',
};

describe('PRESETS', () => {
  it.each(GATE_PRESETS)('%s has its thresholds', (preset) => {
    const { checks, mode } = resolveCondition(presetCondition(preset, PLACE));
    const demands = checks.flatMap(demandsOf).map(({ metric, limit }) => {
      if (limit.kind === 'not-below') return `${metric} not below`;
      return `${metric} ${limit.kind === 'at-least' ? '>=' : '<='} ${limit.value}`;
    });
    expect(`${demands.join(', ')}${mode === 'block' ? '' : ` (${mode})`}`).toBe(THRESHOLDS[preset]);
  });

  it.each(GATE_PRESETS)('%s has sound metrics and never passes without facts', (preset) => {
    const condition = presetCondition(preset, PLACE);
    expect(checkConditions([condition], true)).toEqual([]);
    const { effect, verdict } = judgeOne(condition, { head: evidence([]) });
    expect(verdict).toBe('inconclusive');
    expect(effect).toBe(PRESETS[preset].mode === 'block' ? 'blocks' : 'warns');
  });

  it('keep what a condition does not replace', () => {
    const [first, second] = resolveCondition(aCondition({ preset: 'coverage-unit', atLeast: 85 })).checks;
    expect([first!.atLeast, second!.atLeast]).toEqual([85, 75]);
    const both = resolveCondition(
      aCondition({
        preset: 'coverage-unit',
        notBelow: { reference: 'target', tolerance: 0, adjust: 'removed' },
      }),
    ).checks[0]!;
    expect([both.atLeast, both.notBelow]).toEqual([80, expect.anything()]);
  });
});

describe('defaultPolicy', () => {
  it('asks for every blocking gate, at its time, and two people', () => {
    const policy = defaultPolicy(PLACE);
    expect(policy.gates.map(({ name }) => name)).toEqual([
      'compilation',
      'dependency-audit',
      'coverage-unit',
      'coverage-integration',
      'sast',
      'dast',
      'sca',
      'secrets',
      'container',
      'licenses',
    ]);
    expect(policy).toMatchObject({ approvals: 2, authorAllowed: false });
    expect(DEPLOYMENT_PRESETS).toEqual(['canary-health', 'smoke', 'audit-log']);
  });
});

describe('checkConditions', () => {
  const messages = (...args: Parameters<typeof checkConditions>) =>
    checkConditions(...args).map(({ message }) => message);

  it('names what cannot be judged', () => {
    expect(messages([aCondition({ atLeast: 1 }, 'coverage.lines')], false)[0]).toContain(
      "did you mean 'coverage.line'?",
    );
    expect(messages([aCondition({ severities: { high: 0 } }, 'findings.high')], false)[0]).toContain(
      'unknown metric',
    );
    expect(messages([aCondition({ atLeast: 1, scope: 'new' }, 'tests.total')], false)[0]).toContain(
      'means nothing',
    );
    expect(
      messages([aCondition({ atMost: 1, severities: { high: 0 } }, 'findings.sast')], false)[0],
    ).toContain('at once');
  });

  it('refuses that missing reports pass to production', () => {
    const condition = aCondition({ preset: 'sast', missing: 'warn' });
    expect(messages([condition], false)).toEqual([]);
    expect(messages([condition], true)[0]).toContain(
      '`missing: warn` of sast would let a change reach production',
    );
  });
});

describe('policyDigest', () => {
  it('is the same wherever and in whatever order the conditions stand', () => {
    const [a, b] = [aCondition({ preset: 'sast' }), aCondition({ preset: 'sca' })];
    const moved = { ...a, place: { ...PLACE, file: 'other.yaml' } };
    expect(policyDigest([b, moved], false)).toBe(policyDigest([a, b], false));
    expect(policyDigest([{ ...a, mode: 'warn' }, b], false)).not.toBe(policyDigest([a, b], false));
  });
});

describe('judge', () => {
  it('says what blocks first, and how old the facts of the target branch are', () => {
    const conditions = [aCondition({ preset: 'mutation' }), aCondition({ preset: 'sast' })];
    const result = judge(
      conditions,
      { head: evidence([]), base: null },
      { ...SCOPE, baseBehind: 30 },
      [],
      CONTEXT,
      NOW,
    );
    expect(result).toMatchObject({ verdict: 'inconclusive', effect: 'blocks' });
    expect(result.sentence).toMatch(/^sast: .*\(compared with facts that are 30 commits old\)$/);
  });
});

describe('escalationOf', () => {
  const history = (effects: string) =>
    [...effects].map((letter, judgedAtMs) => ({
      effect: letter === 'x' ? ('blocks' as const) : ('none' as const),
      judgedAtMs,
    }));

  it('tells of every third failure in a row', () => {
    expect(escalationOf('merge', 'main', history('x.xx'))).toBeNull();
    expect(escalationOf('merge', 'main', history('x.xxx'))).toMatchObject({ failures: 3, sinceMs: 2 });
    expect(escalationOf('merge', 'main', history('xxxx'))).toBeNull();
    expect(escalationOf('merge', 'main', history('xxxxxx'))).toMatchObject({ failures: 6 });
    expect(escalationOf('merge', 'main', history('xxx.'))).toBeNull();
  });
});
