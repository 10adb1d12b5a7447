import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { load, planOf } from '../../../test/support/workflow.ts';
import type { JsonValue } from '../../base/json.ts';
import { evaluateValue } from '../expression.ts';
import type { ExpressionContext } from '../expression-context.ts';
import { runContextsOf } from '../expression-run.ts';
import { expandMatrix } from '../matrix.ts';
import { packPlan, unpackPlan } from '../packed-plan.ts';
import { restrictedPlan } from '../restrict.ts';
import { expressionOfData } from './build/expression.ts';
import { usesOf } from './build/uses.ts';

const SOURCE = {
  path: '/work/repo',
  repository: 'https://git.example/team/app.git',
  branch: 'main',
  tag: null,
  commit: '0123456789012345678901234567890123456789',
  commitTimeMs: null,
  mode: 'tree',
  dirty: false,
} as const;

function contextOf(text: string, inputs = {}, payload = {}, event = 'manual'): ExpressionContext {
  const given = { runId: 'r1', event: { name: event, payload }, inputs, variables: { FROM: 'outside' } };
  const status = { failed: false, cancelled: false, skippedNeed: false };
  return { ...runContextsOf(planOf(text), SOURCE, given), status };
}

const SMALL =
  'on: {workflow_dispatch: {inputs: {dry: {type: boolean}, n: {type: number}}}}\nenv: {A: b}\njobs: {a: {runs-on: x, steps: [{run: y}]}}\n';
const value = (source: string, context: ExpressionContext) => {
  const result = evaluateValue(source, context);
  return result.ok ? result.value : result.message;
};

describe('a problem in an expression', () => {
  // The place of `bad.x`, whatever stands around it.
  it.each([
    ['plain', '      - run: a ${{ bad.x }}'],
    ['quoted', `      - run: "a\\t\${{ bad.x }}"`],
    ['single-quoted', "      - run: 'it''s ${{ bad.x }}'"],
    ['literal', '      - run: |\n          one\n\n          two ${{ bad.x }}'],
    ['folded', '      - run: >-\n          one\n          two\n\n          three ${{ bad.x }}'],
    ['plain over lines', '      - run: one\n          two ${{ bad.x }}'],
    ['over lines itself', '      - run: |\n          ${{\n            bad.x }}'],
    ['the second one', '      - run: ${{ github.sha }} ${{ bad.x }}'],
    ['a condition', '      - {run: x, if: "always() && bad.x"}'],
    ['a condition in brackets', '      - {run: x, if: "${{ bad.x }}"}'],
  ])('of %s text has its place in the file', (_name, step) => {
    const text = `on: push\njobs:\n  a:\n    runs-on: x\n    steps:\n${step}\n`;
    const [problem] = load(text).diagnostics;
    const before = text.slice(0, text.indexOf('bad.x')).split('\n');
    expect(problem?.message).toMatch(/^unknown name 'bad'/);
    expect(problem?.place?.start).toEqual({ line: before.length, column: before.at(-1)!.length + 1 });
  });
});

describe("a key that GitHub's parser trips over", () => {
  it.each(['constructor', 'toString', 'valueOf'])('%s has its place and a cause', (key) => {
    const { diagnostics } = load(
      `on: push\n${key}: {runs-on: x}\njobs: {a: {runs-on: x, steps: [{run: y}]}}\n`,
    );
    const [problem] = diagnostics.filter(({ severity }) => severity === 'error');
    expect(problem?.message).toBe("GitHub's own parser fails here, as it does at a key called `constructor`");
    expect(problem?.place?.start).toEqual({ line: 2, column: 1 });
  });
});

describe('the contexts of a workflow', () => {
  it('have inputs of the kinds that the workflow declares', () => {
    const context = contextOf(SMALL, { dry: 'true', n: '3' });
    expect(value('inputs.dry == true && inputs.n == 3', context)).toBe(true);
    expect(value("inputs.dry == 'true'", context)).toBe(false);
    expect(value("github.event.inputs.dry == 'true'", context)).toBe(true);
  });

  it('have no variables of the workflow in vars', () => {
    const context = contextOf(SMALL);
    expect(value('vars.A', context)).toBeNull();
    expect(value('vars.FROM', context)).toBe('outside');
  });

  it('tell the commit, the repository and the event in the words of GitHub', () => {
    const pull = { head: { ref: 'topic' }, base: { ref: 'main' } };
    const payload = { pull_request: pull, sender: { login: 'ada' } };
    const context = contextOf(SMALL, {}, payload, 'pull_request');
    const github = (name: string) => value(`github.${name}`, context);
    expect(github('ref')).toBe('refs/heads/main');
    expect(github('repository')).toBe('team/app');
    expect(github('repository_owner')).toBe('team');
    expect(github('event_name')).toBe('pull_request');
    expect([github('head_ref'), github('base_ref'), github('actor')]).toEqual(['topic', 'main', 'ada']);
    expect(value('github.event_name', contextOf(SMALL))).toBe('workflow_dispatch');
  });
});

describe('a matrix with expressions', () => {
  it('gives the combinations that its values give', () => {
    const text = `on: push\njobs:\n  a:\n    runs-on: x\n    strategy:\n      matrix:\n        os: \${{ fromJSON('["l", "m"]') }}\n        tag: ["it's {0}", 'v\${{ github.ref_name }}']\n        exclude: [{os: m, tag: vmain}]\n    steps: [{run: y}]\n`;
    const matrix = planOf(text).jobs[0]!.matrix!;
    const cells = expandMatrix(matrix, contextOf(text));
    expect(cells).toEqual({
      ok: true,
      cells: [
        { os: 'l', tag: "it's {0}" },
        { os: 'l', tag: 'vmain' },
        { os: 'm', tag: "it's {0}" },
      ],
    });
  });

  it('keeps every other value as it is', () => {
    const scalar = fc.oneof(fc.string(), fc.integer(), fc.boolean(), fc.constant(null));
    const data = fc.letrec<{ readonly node: JsonValue }>((tie) => ({
      node: fc.oneof(
        { depthSize: 'small' },
        scalar.filter((one) => typeof one !== 'string' || !one.includes('${{')),
        fc.array(tie('node'), { maxLength: 3 }),
        fc.dictionary(fc.stringMatching(/^[\w{}' ]{1,6}$/), tie('node'), { maxKeys: 3 }),
      ),
    })).node;
    const context = contextOf(SMALL);
    fc.assert(
      fc.property(data, fc.boolean(), (plain, isOpen) => {
        const wanted = isOpen ? [plain, 'main'] : plain;
        const source = expressionOfData(isOpen ? [plain, '${{ github.ref_name }}'] : plain);
        const result = evaluateValue(source, context);
        expect(JSON.stringify(result.ok && result.value)).toBe(JSON.stringify(wanted));
      }),
      { numRuns: 300 },
    );
  });
});

describe('a workflow', () => {
  it('is the same plan after it was packed for the journal', () => {
    const plan = planOf(`${SMALL.replace('{run: y}', '{uses: a/b@v1, with: {c: 1}}, {run: y, shell: sh}')}`);
    const packed = JSON.parse(JSON.stringify(packPlan(plan)));
    expect(unpackPlan(packed)).toEqual(plan);
  });

  it('has no secrets where its code is not trusted, and runs all the same', () => {
    const plan = planOf(SMALL.replace('run: y', "run: y, env: {T: '${{ secrets.T }}'}"));
    expect(plan.jobs[0]!.secrets.map(({ name }) => name)).toEqual(['T']);
    const [job] = restrictedPlan(plan).jobs;
    expect(job).toMatchObject({ secrets: [], refusals: [], isolation: { mode: 'sandbox', network: 'none' } });
  });

  it('is not read when it is no text', () => {
    const checked = load(new Uint8Array([0xff, 0xfe, 0x00]));
    expect(checked.diagnostics.map((one) => one.code)).toEqual(['not-utf8']);
  });
});

describe('usesOf', () => {
  it.each([
    ['actions/checkout@v4', { kind: 'repository', repository: 'actions/checkout', path: null, ref: 'v4' }],
    ['o/n/a/b@feature/x', { kind: 'repository', repository: 'o/n', path: 'a/b', ref: 'feature/x' }],
    ['./', { kind: 'local', path: './' }],
    ['docker://ghcr.io/o/i:1', { kind: 'docker', image: 'ghcr.io/o/i:1' }],
  ])('reads %s', (text, expected) => {
    expect(usesOf(text, {})).toEqual({ ...expected, with: {} });
  });

  it.each(['', 'checkout@v4', 'o/n', 'o/n@', '/o/n@v1', 'docker://', 'o/n @v1'])('refuses "%s"', (text) => {
    expect(usesOf(text, {})).toBeNull();
  });
});
