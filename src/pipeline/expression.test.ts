// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the brackets of our own templates
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CONTEXTS, checkExpression, checkTemplate, evaluateTemplate, evaluateValue } from './expression.ts';
import type { ExpressionContext } from './expression-context.ts';

const CONTEXT: ExpressionContext = {
  git: { branch: 'main', tag: null, ref: 'refs/heads/main', sha: 'abc123' },
  event: { name: 'push', actor: 'ann', payload: { size: 3 } },
  run: { id: 'run1', number: 7, attempt: 1 },
  pipeline: { name: 'demo' },
  inputs: { level: 'high', count: 3 },
  vars: { Region: 'eu', constructor: 'mine' },
  needs: {
    a: { result: 'success', outputs: { cells: '[{"n":1}]' } },
    b: { result: 'failure', outputs: {} },
  },
  status: { failed: false, cancelled: false, skippedNeed: false },
};

function value(source: string, context = CONTEXT) {
  const result = evaluateValue(source, context);
  return result.ok ? result.value : `problem: ${result.message}`;
}

describe('checkExpression', () => {
  it.each([
    "git.branch == 'main'",
    'github.ref',
    "contains(needs.*.result, 'failure') && always()",
    "case(true, 1, 2) || format('{0}', run.number) != ''",
    "!(success() || Failure()) && FROMJSON('{}')['a'].b",
    "'it''s'",
    '-1.5e3 < 0x10',
    'NaN == null',
  ])('accepts %s', (source) => {
    expect(checkExpression(source, CONTEXTS.jobIf)).toBeNull();
  });

  it.each<[string, number, string]>([
    ['', 0, 'the expression is empty'],
    ['   ', 0, 'the expression is empty'],
    ['git.branch ==', 11, "the expression ends after '==', where a value must follow"],
    ['git.branch == )', 14, "unexpected ')'"],
    ['git..x', 4, "unexpected '.'"],
    ["git.branch 'x'", 11, "unexpected ''x''"],
    ["git.branch = 'x'", 11, 'unexpected =: compare with =='],
    ['true & false', 5, 'unexpected &: join conditions with &&'],
    ['true | false', 5, 'unexpected |: join conditions with ||'],
    ['git.branch == "main"', 14, "unexpected \": text stands in single quotes, like 'main'"],
    ["true && 'abc", 8, 'the text that begins here has no closing single quote'],
    ['1 + 2', 2, "unexpected '+': expressions do not calculate"],
    ['${{ true }}', 0, 'unexpected ${{: the whole field is an expression already'],
    ['true && inptus.x', 8, "unknown name 'inptus', did you mean 'inputs'?"],
    ["true && git.brnch == 'a'", 12, "'git' has no 'brnch', did you mean 'branch'?"],
    ["git['brnch']", 4, "'git' has no 'brnch', did you mean 'branch'?"],
    ['pipeline.zzzzzz', 9, "'pipeline' has no 'zzzzzz'; it has name, file"],
    [
      'main',
      0,
      "unknown name 'main'; text stands in single quotes, and the names here are git, event, run, pipeline, inputs, vars, variables, github, needs",
    ],
    [
      'matrix.os',
      0,
      "'matrix' is not known in this place; there are git, event, run, pipeline, inputs, vars, variables, github, needs",
    ],
    ['contain(git.branch)', 0, "unknown function 'contain', did you mean 'contains'?"],
    ['true && contains(1)', 8, 'contains() needs more arguments'],
    ['success(1)', 0, 'success() takes fewer arguments'],
    [
      'case(true, 1, false, 2)',
      0,
      'case() takes pairs of condition and value, and a last value for every other case',
    ],
    [
      "1 == hashFiles('*')",
      5,
      'hashFiles() is not available in this place: the files of the job are not there yet',
    ],
  ])('places the problem of %j at %i', (source, offset, message) => {
    expect(checkExpression(source, CONTEXTS.jobIf)).toEqual({ message, offset });
  });

  it.each(['constructor(1)', '__proto__()', 'toString()', 'hasOwnProperty(1)'])(
    'knows no function %s',
    (source) => {
      expect(checkExpression(source, CONTEXTS.jobIf)?.message).toMatch(/^unknown function/);
    },
  );

  it('counts offsets in UTF-16 units, also behind a text of several lines', () => {
    expect(checkExpression("'a\n😀\nb' == gti.x", CONTEXTS.jobIf)).toMatchObject({ offset: 12 });
    expect(checkExpression("'position 3 within expression: x' == '", CONTEXTS.jobIf)).toMatchObject({
      offset: 37,
    });
  });

  it.each([
    ['brackets', '('.repeat(10_000)],
    ['closed brackets', `${'('.repeat(10_000)}1${')'.repeat(10_000)}`],
    ['negations', `${'!'.repeat(10_000)}1`],
    ['indexes', `git${'[git'.repeat(5000)}`],
    ['properties', `git${'.a'.repeat(10_000)}`],
    ['comparisons', `1${' == 1'.repeat(4000)}`],
    ['functions', 'format('.repeat(2500)],
    ['a quarter of a million characters', "'a' || ".repeat(40_000)],
  ])('answers about a nest of %s instead of falling over', (_, source) => {
    expect(checkExpression(source, CONTEXTS.jobIf)?.message).toMatch(
      /nested deeper than 50 levels|characters; the most is 21000/,
    );
    expect(evaluateValue(source, CONTEXT).ok).toBe(false);
  });

  it('allows many terms side by side', () => {
    expect(checkExpression(`true${' && true'.repeat(2000)}`, CONTEXTS.jobIf)).toBeNull();
  });
});

describe('checkTemplate', () => {
  it('finds every problem, with offsets into the whole text', () => {
    expect(
      checkTemplate('a ${{ nees.x }} ${{ git.branch }} ${{ foo() }} ${{ git', CONTEXTS.step),
    ).toMatchObject([
      { offset: 6, message: "unknown name 'nees', did you mean 'needs'?" },
      { offset: 38, message: expect.stringContaining("unknown function 'foo'") },
      { offset: 47, message: 'the ${{ that begins here has no closing }}' },
    ]);
  });

  it('lets a text hold }}', () => {
    expect(checkTemplate("${{ format('{0}}}', 1) }}", CONTEXTS.step)).toEqual([]);
  });

  it('has nothing to say about text without brackets', () => {
    expect(checkTemplate('echo $HOME {{ x }} }}', CONTEXTS.step)).toEqual([]);
  });

  it('keeps secrets out of what is stored', () => {
    for (const place of ['jobIf', 'outputs', 'name', 'concurrency', 'matrix', 'pipeline'] as const) {
      expect(checkTemplate('${{ secrets.TOKEN }}', CONTEXTS[place]), place).toHaveLength(1);
    }
    expect(checkTemplate('${{ secrets.TOKEN }}', CONTEXTS.step)).toEqual([]);
  });
});

describe('evaluateTemplate', () => {
  it('replaces every bracket by its text', () => {
    const text =
      "${{ git.branch }}/${{ inputs.count }}${{ null }} ${{ true }} ${{ needs.*.result }} ${{ 'x}}''y''' }}!";
    expect(evaluateTemplate(text, CONTEXT)).toEqual({ ok: true, value: "main/3 true Array x}}'y'!" });
  });

  it('gives text without brackets back as it is', () => {
    const text = 'echo "$HOME" }}';
    expect(evaluateTemplate(text, CONTEXT)).toEqual({ ok: true, value: text });
  });

  it('says what cannot be evaluated', () => {
    expect(evaluateTemplate('${{ git.branch', CONTEXT)).toEqual({
      ok: false,
      message: 'a ${{ has no closing }}',
    });
    expect(evaluateTemplate("${{ fromJSON('{') }}", CONTEXT)).toEqual({
      ok: false,
      message:
        "the expression 'fromJSON('{')' cannot be evaluated: fromJSON() was given 1 characters that are not JSON",
    });
    expect(evaluateTemplate('${{ 1 + 1 }}', CONTEXT)).toEqual({
      ok: false,
      message: "the expression '1 + 1' cannot be read: unexpected '+': expressions do not calculate",
    });
  });

  it('never quotes a value in a message', () => {
    const context = { ...CONTEXT, secrets: { T: 'hunter2 {9}' } };
    for (const source of ['fromJSON(secrets.T)', 'format(secrets.T, 1)', 'case(secrets.T, 1, 2)']) {
      const result = evaluateTemplate(`\${{ ${source} }}`, context);
      expect(result.ok).toBe(false);
      expect(JSON.stringify(result)).not.toContain('hunter2');
    }
  });
});

describe('evaluateValue', () => {
  it.each<[string, unknown]>([
    ["git.branch == 'MAIN'", true],
    ['git.nothing.deeper', null],
    ['matrix.os', null],
    ['secrets.X', null],
    ['variables.REGION', 'eu'],
    ['vars.constructor', 'mine'],
    ['vars.toString', null],
    ["'10' == 10 && null == 0 && '' == 0", true],
    ["0 || 'x'", 'x'],
    ["inputs.count > 2 && inputs.level || 'low'", 'high'],
    ['needs.*.result', ['success', 'failure']],
    ["join(needs.*.result, '+')", 'success+failure'],
    ["contains('Hello', 'hell') && startsWith('Hello', 'he') && endsWith('Hello', 'LO')", true],
    ["format('{0}-{1} {{x}}', 'a', 2)", 'a-2 {x}'],
    ['fromJSON(needs.a.outputs.cells)', [{ n: 1 }]],
    ['fromJSON(needs.a.outputs.cells)[0].N', 1],
    [`fromJSON('{"constructor": 1, "__proto__": 2}')`, JSON.parse('{"constructor": 1, "__proto__": 2}')],
    ['toJSON(event.payload)', '{\n  "size": 3\n}'],
    ["case(git.branch == 'x', 1, git.branch == 'main', 2, 3)", 2],
    ['needs == needs', true],
    ['NaN', null],
    ["'it''s ''so'''", "it's 'so'"],
    ['github.ref', 'refs/heads/main'],
    ['github.ref_name', 'main'],
    ['github.event_name', 'push'],
    ['github.event.size', 3],
    ['github.actor', 'ann'],
    ['github.sha', 'abc123'],
    ['github.run_number', '7'],
    ['success() && !failure() && !cancelled() && always()', true],
  ])('gives the value of %s', (source, expected) => {
    expect(value(source)).toEqual(expected);
  });

  it('takes the tag for the name of the ref', () => {
    const context = { ...CONTEXT, git: { tag: 'v1', branch: null, ref: 'refs/tags/v1' } };
    expect(value("format('{0} {1}', github.ref_name, github.ref_type)", context)).toBe('v1 tag');
  });

  it('prefers the exact spelling of a key', () => {
    const context = { ...CONTEXT, env: { path: 'low', PATH: 'high' } };
    expect(value("format('{0} {1} {2}', env.path, env.PATH, env.Path)", context)).toBe('low high low');
  });

  it('does not mix the values of one context with another', () => {
    expect(value('inputs.count')).toBe(3);
    expect(value('inputs.count', { ...CONTEXT, inputs: { count: 4 } })).toBe(4);
  });

  it('explains data that is too deep', () => {
    const context = { ...CONTEXT, vars: { deep: `${'['.repeat(100_000)}${']'.repeat(100_000)}` } };
    expect(evaluateValue('fromJSON(vars.deep)', context)).toEqual({
      ok: false,
      message:
        "the expression 'fromJSON(vars.deep)' cannot be evaluated: a value in it is too large or nested too deep",
    });
  });
});

describe('expressions, for any text', () => {
  const fragment = fc.constantFrom(
    ...[
      "'",
      "''",
      '(',
      ')',
      '[',
      ']',
      '.',
      ',',
      '*',
      '!',
      '&&',
      '||',
      '==',
      '!=',
      '<',
      '>=',
      ' ',
      '\n',
      '${{',
      '}}',
    ],
    ...[
      'git',
      'needs',
      'branch',
      'contains',
      'format',
      'success',
      'fromJSON',
      'case',
      'null',
      'true',
      '1',
      '-',
      '0x',
      '{0}',
      '😀',
    ],
  );
  const text = fc.oneof(
    fc.array(fragment, { maxLength: 25 }).map((parts) => parts.join('')),
    fc.string({ maxLength: 60, unit: 'binary' }),
  );

  it('never throws, places every problem inside the text, and answers 10,000 texts in 5 seconds', () => {
    const startMs = performance.now();
    fc.assert(
      fc.property(text, (source) => {
        const problem = checkExpression(source, CONTEXTS.step);
        if (problem) {
          expect(problem.message).not.toBe('');
          expect(problem.offset).toBeGreaterThanOrEqual(0);
          expect(problem.offset).toBeLessThanOrEqual(source.length);
        }
        for (const { offset } of checkTemplate(source, CONTEXTS.step))
          expect(offset).toBeLessThanOrEqual(source.length);
        evaluateTemplate(source, CONTEXT);
        evaluateValue(source, CONTEXT);
      }),
      { numRuns: 10_000 },
    );
    expect(performance.now() - startMs).toBeLessThan(5000);
  });

  it('gives the same value each time', () => {
    fc.assert(
      fc.property(text, (source) => {
        expect(evaluateValue(source, CONTEXT)).toEqual(evaluateValue(source, structuredClone(CONTEXT)));
      }),
    );
  });

  it('gives a quoted text back', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 30, unit: 'grapheme' }), (content) => {
        expect(value(`'${content.replaceAll("'", "''")}'`)).toBe(content);
      }),
    );
  });

  it('brings plain data through toJSON and fromJSON unchanged', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 4 }), (data) => {
        const context = { ...CONTEXT, vars: { data: data as never } };
        expect(value('fromJSON(toJSON(vars.data))', context)).toEqual(JSON.parse(JSON.stringify(data)));
      }),
    );
  });
});
