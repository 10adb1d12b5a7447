import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type ConditionCauses, decisionSentence, evaluateCondition } from './expression.ts';
import type { Condition, Decision, ExpressionContext } from './expression-context.ts';
import type { Expression } from './plan.ts';

const CONTEXT: ExpressionContext = {
  git: { branch: 'feature', tag: null },
  event: { name: 'push' },
  run: {},
  pipeline: {},
  inputs: { deploy: false, count: 3 },
  vars: { A: 'x' },
  needs: { test: { result: 'failure', outputs: {} }, lint: { result: 'success', outputs: {} } },
  status: { failed: false, cancelled: false, skippedNeed: false },
};
const NO_CAUSES: ConditionCauses = { failedBecause: null, cancelledBecause: null, skippedBecause: null };
const CAUSES: ConditionCauses = {
  failedBecause: 'test failed',
  cancelledBecause: 'ann cancelled the run',
  skippedBecause: 'lint was skipped',
};

function expression(source: string): Expression {
  return {
    source,
    place: { file: 'sluice.yaml', start: { line: 1, column: 1 }, end: { line: 1, column: 1 } },
  };
}

function decide(source: string | null, context: Partial<ExpressionContext> = {}, causes = CAUSES): Condition {
  const result = evaluateCondition(
    source === null ? null : expression(source),
    { ...CONTEXT, ...context },
    causes,
  );
  if (!result.ok) throw new Error(result.message);
  return result.condition;
}

function sentence(source: string | null, context: Partial<ExpressionContext> = {}, causes = CAUSES): string {
  return decisionSentence(decide(source, context, causes).decision);
}

const status = (given: Partial<ExpressionContext['status']>) => ({
  status: { failed: false, cancelled: false, skippedNeed: false, ...given },
});

describe('evaluateCondition', () => {
  it.each([
    [{}, true, false, false],
    [{ failed: true }, false, true, false],
    [{ cancelled: true }, false, false, true],
    [{ skippedNeed: true }, false, false, false],
    [{ failed: true, cancelled: true }, false, true, true],
  ])('with %j: success() %s, failure() %s, cancelled() %s', (given, success, failure, cancelled) => {
    const context = status(given);
    expect(decide(null, context).met).toBe(success);
    expect(decide('success()', context).met).toBe(success);
    expect(decide('failure()', context).met).toBe(failure);
    expect(decide('cancelled()', context).met).toBe(cancelled);
    expect(decide('always()', context).met).toBe(true);
  });

  it('puts success() in front of a condition that asks for no status', () => {
    expect(decide("git.branch == 'feature'").met).toBe(true);
    expect(decide("git.branch == 'feature'", status({ failed: true })).met).toBe(false);
    expect(decide("git.branch == 'feature' || true", status({ failed: true })).met).toBe(false);
    expect(decide("always() && git.branch == 'feature'", status({ failed: true })).met).toBe(true);
    expect(decide('!Cancelled()', status({ failed: true })).met).toBe(true);
  });

  it('is not misled by a name or a text that looks like a status function', () => {
    expect(decide("'always()' != ''", status({ failed: true })).met).toBe(false);
    expect(decide('vars.always', { vars: { always: 'x' }, ...status({ failed: true }) }).met).toBe(false);
  });

  it.each([
    ['null', false],
    ["''", false],
    ['0', false],
    ['NaN', false],
    ['false', false],
    ["'false'", true],
    ["' '", true],
    ['-1', true],
    ['needs', true],
    ['needs.*.nothing', true],
    ['git.nothing', false],
  ])('takes %s as %s', (source, met) => {
    expect(decide(source).met).toBe(met);
  });

  it('tells every term that was looked at as it stands in the source', () => {
    const source =
      "success()&&( git.branch  == 'main' ||contains( needs.*.result,'failure' ) ) && inputs.deploy && vars.A";
    expect(decide(source).decision).toEqual({
      term: source,
      value: 'false',
      because: null,
      parts: [
        { term: 'success()', value: 'true', because: null, parts: [] },
        {
          term: "git.branch  == 'main' ||contains( needs.*.result,'failure' )",
          value: 'true',
          because: null,
          parts: [
            {
              term: "git.branch  == 'main'",
              value: 'false',
              because: "git.branch is 'feature'",
              parts: [{ term: 'git.branch', value: "'feature'", because: null, parts: [] }],
            },
            {
              term: "contains( needs.*.result,'failure' )",
              value: 'true',
              because: 'needs.*.result is ["failure","success"]',
              parts: [{ term: 'needs.*.result', value: '["failure","success"]', because: null, parts: [] }],
            },
          ],
        },
        { term: 'inputs.deploy', value: 'false', because: null, parts: [] },
      ],
    });
  });

  it('shows the success() that was put in front', () => {
    expect(decide('inputs.count > 2').decision).toMatchObject({
      term: 'success() && (inputs.count > 2)',
      value: 'true',
      parts: [{ term: 'success()' }, { term: 'inputs.count > 2', because: 'inputs.count is 3' }],
    });
  });

  it('gives a message for what cannot be read or evaluated', () => {
    expect(evaluateCondition(expression('a &&'), CONTEXT, CAUSES)).toEqual({
      ok: false,
      message:
        "the expression 'a &&' cannot be read: the expression ends after '&&', where a value must follow",
    });
    expect(evaluateCondition(expression("fromJSON('x') == 1"), CONTEXT, CAUSES)).toMatchObject({
      ok: false,
      message: expect.stringContaining('fromJSON() was given 1 characters that are not JSON'),
    });
  });

  it('shortens long terms and values', () => {
    const { decision } = decide(`vars.long == '${'y'.repeat(500)}'`, { vars: { long: 'z'.repeat(500) } });
    const own = decision.parts[1] as Decision;
    expect(own.term).toHaveLength(200);
    expect(own.parts[0]?.value).toHaveLength(80);
    expect(
      decide('contains(vars.list, 1)', { vars: { list: new Array(11).fill(0) } }).decision.parts[1]?.because,
    ).toBe('vars.list is a list of 11');
  });

  it('decides the same each time', () => {
    const source = fc.constantFrom(
      "git.branch == 'main'",
      'failure() || !cancelled()',
      "contains(needs.*.result, 'failure') && always()",
    );
    const given = fc.record({ failed: fc.boolean(), cancelled: fc.boolean(), skippedNeed: fc.boolean() });
    fc.assert(
      fc.property(source, given, (text, state) => {
        expect(decide(text, structuredClone({ ...CONTEXT, status: state }))).toEqual(
          decide(text, { status: state }),
        );
      }),
    );
  });

  it('has a decision that agrees with itself', () => {
    const term = fc.constantFrom(
      'success()',
      'failure()',
      'always()',
      'inputs.deploy',
      'vars.A',
      "git.branch == 'main'",
      'null',
      '1',
    );
    const condition = fc.letrec<{ any: string }>((tie) => ({
      any: fc.oneof(
        { depthSize: 'small' },
        term,
        tie('any').map((inner) => `!(${inner})`),
        fc.tuple(tie('any'), tie('any')).map(([a, b]) => `(${a} && ${b})`),
        fc.tuple(tie('any'), tie('any'), tie('any')).map(([a, b, c]) => `(${a} || ${b} || ${c})`),
      ),
    })).any;
    fc.assert(
      fc.property(condition, fc.boolean(), (source, failed) => {
        const { met, decision } = decide(source, status({ failed }));
        expect(!['false', 'null', "''", '0'].includes(decision.value)).toBe(met);
        expect(decisionSentence(decision)).not.toBe('');
      }),
    );
  });
});

describe('decisionSentence', () => {
  it.each<[string | null, Partial<ExpressionContext>, string]>([
    [null, status({ failed: true }), 'success() is false because test failed'],
    [null, status({ cancelled: true, failed: true }), 'success() is false because ann cancelled the run'],
    [null, status({ skippedNeed: true }), 'success() is false because lint was skipped'],
    [null, {}, 'success() is true'],
    ['failure()', status({ failed: true }), 'failure() is true because test failed'],
    ['failure()', {}, 'failure() is false'],
    ['cancelled()', status({ cancelled: true }), 'cancelled() is true because ann cancelled the run'],
    ["git.branch == 'main'", status({ failed: true }), 'success() is false because test failed'],
    ["git.branch == 'main'", {}, "git.branch == 'main' is false because git.branch is 'feature'"],
    [
      "vars.A && git.branch == 'main' && vars.B",
      {},
      "git.branch == 'main' is false because git.branch is 'feature'",
    ],
    [
      "git.branch == 'main' || git.tag",
      {},
      "git.branch == 'main' is false because git.branch is 'feature' and git.tag is null",
    ],
    [
      "git.tag || git.branch == 'feature'",
      {},
      "git.branch == 'feature' is true because git.branch is 'feature'",
    ],
    ["!(git.branch == 'feature')", {}, "git.branch == 'feature' is true because git.branch is 'feature'"],
    ['!cancelled()', status({ cancelled: true }), 'cancelled() is true because ann cancelled the run'],
    ['inputs.deploy', {}, 'inputs.deploy is false'],
    [
      'inputs.count < git.tag',
      {},
      'inputs.count < git.tag is false because inputs.count is 3 and git.tag is null',
    ],
    ['false', {}, 'false is false'],
    ['git.a || git.b || git.c || git.d', {}, 'git.a is null and git.b is null and 2 more'],
  ])('explains %s', (source, context, expected) => {
    expect(sentence(source, context)).toBe(expected);
  });

  it('does without a cause that nobody told', () => {
    expect(sentence(null, status({ failed: true }), NO_CAUSES)).toBe('success() is false');
  });
});

describe('secrets in a decision', () => {
  const secrets = { TOKEN: "hunter2-o'hara", JSON: '{"key":"deep-secret"}', EMPTY: '' };
  const context = { secrets, env: { TOKEN: secrets.TOKEN, OTHER: 'plain' } };

  it.each([
    'secrets.TOKEN',
    "secrets.TOKEN == 'hunter2-o''hara'",
    'env.TOKEN',
    "env.TOKEN != 'x' && env.OTHER",
    "format('{0}!', secrets.TOKEN)",
    'toJSON(secrets)',
    'join(secrets.*)',
    "fromJSON(secrets.JSON).key == 'y'",
    'fromJSON(secrets.JSON).key',
    'secrets.NOTHING || secrets.TOKEN',
    "contains(secrets.TOKEN, 'hunter') && startsWith(env.TOKEN, 'h')",
    "secrets[format('{0}', 'TOKEN')]",
    'case(true, secrets.TOKEN, 1)',
    "format('hunter2-o''hara') == 'x' || true",
  ])('are not shown by %s', (source) => {
    const { decision } = decide(source, context);
    const told = JSON.stringify(decision) + decisionSentence(decision);
    for (const secret of ['hunter2', 'hara', 'deep-secret']) expect(told).not.toContain(secret);
    expect(told).toContain('***');
  });

  it('tell whether they are there', () => {
    expect(sentence('secrets.NOTHING', context)).toBe('secrets.NOTHING is null');
    expect(sentence('secrets.EMPTY', context)).toBe("secrets.EMPTY is ''");
    expect(sentence('secrets.TOKEN', context)).toBe('secrets.TOKEN is ***');
    expect(sentence("secrets.TOKEN == 'x'", context)).toBe(
      "secrets.TOKEN == 'x' is false because secrets.TOKEN is ***",
    );
  });

  it('leave other values readable', () => {
    expect(sentence("env.OTHER == 'x'", context)).toBe(
      "env.OTHER == 'x' is false because env.OTHER is 'plain'",
    );
  });
});
