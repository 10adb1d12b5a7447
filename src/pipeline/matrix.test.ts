import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { canonicalJson, type JsonObject, type JsonValue } from '../base/json.ts';
import type { ExpressionContext } from './expression-context.ts';
import { combine, expandMatrix } from './matrix.ts';
import type { Matrix } from './plan.ts';

function cellsOf(...parameters: Parameters<typeof combine>): readonly JsonObject[] {
  const combined = combine(...parameters);
  if ('problem' in combined) throw new Error(combined.problem);
  return combined.cells;
}

function problemOf(...parameters: Parameters<typeof combine>): string {
  const combined = combine(...parameters);
  return 'problem' in combined ? combined.problem : 'no problem';
}

describe('combine', () => {
  it('changes the last axis fastest', () => {
    expect(cellsOf({ os: ['linux', 'mac'], node: [20, 22] }, [], [])).toEqual([
      { os: 'linux', node: 20 },
      { os: 'linux', node: 22 },
      { os: 'mac', node: 20 },
      { os: 'mac', node: 22 },
    ]);
  });

  it('gives the result of the example in the manual of GitHub', () => {
    const include: JsonObject[] = [
      { color: 'green' },
      { color: 'pink', animal: 'cat' },
      { fruit: 'apple', shape: 'circle' },
      { fruit: 'banana' },
      { fruit: 'banana', animal: 'cat' },
    ];
    expect(cellsOf({ fruit: ['apple', 'pear'], animal: ['cat', 'dog'] }, include, [])).toEqual([
      { fruit: 'apple', animal: 'cat', color: 'pink', shape: 'circle' },
      { fruit: 'apple', animal: 'dog', color: 'green', shape: 'circle' },
      { fruit: 'pear', animal: 'cat', color: 'pink' },
      { fruit: 'pear', animal: 'dog', color: 'green' },
      { fruit: 'banana' },
      { fruit: 'banana', animal: 'cat' },
    ]);
  });

  it('takes every include as a combination of its own when there is no axis', () => {
    const include: JsonObject[] = [{ site: 'production', datacenter: 'a' }, { site: 'staging' }];
    expect(cellsOf({}, include, [])).toEqual(include);
  });

  it('excludes before it includes, so an include can bring one back', () => {
    const excluded = [{ os: 'mac' }];
    expect(cellsOf({ os: ['linux', 'mac'], node: [20, 22] }, [{ os: 'mac', node: 22 }], excluded)).toEqual([
      { os: 'linux', node: 20 },
      { os: 'linux', node: 22 },
      { os: 'mac', node: 22 },
    ]);
  });

  it('compares like ==: without regard to case, and a number with a text of it', () => {
    expect(cellsOf({ os: ['Linux', 'mac'] }, [], [{ OS: 'linux' }])).toEqual([{ os: 'mac' }]);
    expect(cellsOf({ node: [20, 22] }, [{ node: '22', extra: true }], [])).toEqual([
      { node: 20 },
      { node: 22, extra: true },
    ]);
  });

  it('compares only what the entry names of an axis that holds objects and lists', () => {
    const axes = {
      target: [
        { cpu: 'arm', bits: 64 },
        { cpu: 'arm', bits: 32 },
        { cpu: 'x86', bits: 64 },
      ],
      tags: [['a', 'b']],
    };
    const cells = cellsOf(axes, [], [{ target: { cpu: 'arm' }, tags: ['a'] }]);
    expect(cells.map((cell) => cell.target)).toEqual([{ cpu: 'x86', bits: 64 }]);
    expect(cellsOf(axes, [], [{ target: { cpu: { deep: 1 } } }])).toHaveLength(3);
  });

  it('never takes an axis for what it is not, whatever it is called', () => {
    const axes = Object.fromEntries<JsonValue[]>([
      ['__proto__', ['a', 'b']],
      ['constructor', [1]],
    ]);
    const cells = cellsOf(axes, [], [Object.fromEntries([['__proto__', 'a']])]);
    expect(JSON.stringify(cells)).toBe('[{"__proto__":"b","constructor":1}]');
  });

  it('refuses a huge matrix without building it', () => {
    const axis = Array.from({ length: 1000 }, (_, index) => index);
    const startMs = performance.now();
    expect(problemOf({ a: axis, b: axis }, [], [])).toBe(
      'the matrix has 1000 x 1000 = 1000000 combinations; the most is 256',
    );
    expect(problemOf({ a: axis, b: axis }, [], [{ a: 1 }, { a: 2 }])).toContain('1000000 combinations');
    expect(performance.now() - startMs).toBeLessThan(500);
  });

  it('counts after exclude', () => {
    const axis = Array.from({ length: 20 }, (_, index) => index);
    const half = axis.slice(0, 10).map((a) => ({ a }));
    expect(cellsOf({ a: axis, b: axis }, [], half)).toHaveLength(200);
    expect(problemOf({ a: axis, b: axis }, [], [{ a: 1 }])).toBe(
      'the matrix has more than 256 combinations, which is the most',
    );
  });

  it('takes 256 combinations and no more, those of include counted', () => {
    const axis = Array.from({ length: 16 }, (_, index) => index);
    expect(cellsOf({ a: axis, b: axis }, [], [])).toHaveLength(256);
    expect(problemOf({ a: axis, b: axis }, [{ a: 16 }], [])).toContain('more than 256');
  });

  it.each<[string, Parameters<typeof combine>, string]>([
    ['an empty axis', [{ node: [] }, [], []], "the matrix has no value for 'node'"],
    ['nothing at all', [{}, [], []], 'the matrix has no combination: nothing is left of it'],
    [
      'everything excluded',
      [{ a: [1] }, [], [{ a: 1 }]],
      'the matrix has no combination: nothing is left of it',
    ],
    [
      'an unknown key in exclude',
      [{ a: [1] }, [], [{ b: 1 }]],
      "exclude names 'b', which is not in the matrix (a)",
    ],
    [
      'an exclude without axes',
      [{}, [{ a: 1 }], [{ a: 1 }]],
      "exclude names 'a', which is not in the matrix (it has no axis)",
    ],
    [
      'an empty exclude',
      [{ a: [1] }, [], [{}]],
      'an entry of exclude is empty, which would exclude everything',
    ],
    ['an empty include', [{ a: [1] }, [{}], []], 'an entry of include is empty'],
    [
      'a combination that comes twice',
      [{ a: [1, '1'] }, [], []],
      'the matrix has the combination (a: 1) twice',
    ],
  ])('explains %s', (_, parameters, problem) => {
    expect(problemOf(...parameters)).toBe(problem);
  });
});

describe('combine, for any matrix', () => {
  const value = fc.constantFrom('a', 'b', 'c', 1, 2, true);
  const name = fc.constantFrom('os', 'node', 'arch');
  const axes = fc.dictionary(name, fc.uniqueArray(value, { minLength: 1, maxLength: 4 }), {
    minKeys: 1,
    noNullPrototype: true,
  });
  const entry = fc.dictionary(fc.constantFrom('os', 'node', 'arch', 'extra', 'more'), value, {
    minKeys: 1,
    noNullPrototype: true,
  });
  const entries = fc.array(entry, { maxLength: 4 });

  it('gives the same cells in the same order each time, each once', () => {
    fc.assert(
      fc.property(axes, entries, entries, (given, include, exclude) => {
        const first = combine(given, include, exclude);
        expect(combine(structuredClone(given), structuredClone(include), structuredClone(exclude))).toEqual(
          first,
        );
        if ('problem' in first) return;
        expect(new Set(first.cells.map(canonicalJson)).size).toBe(first.cells.length);
      }),
    );
  });

  it('leaves no cell of the axes that an exclude matches, and drops no other', () => {
    fc.assert(
      fc.property(axes, entries, (given, exclude) => {
        const result = combine(given, [], exclude);
        if ('problem' in result) return;
        const all = cellsOf(given, [], []);
        const isExcluded = (cell: JsonObject) =>
          exclude.some((wanted) =>
            Object.entries(wanted).every(([key, item]) => looselyEqual(cell[key]!, item)),
          );
        expect(result.cells).toEqual(all.filter((cell) => !isExcluded(cell)));
      }),
    );
  });

  it('keeps the value of every axis whatever is included', () => {
    fc.assert(
      fc.property(axes, entries, (given, include) => {
        const result = combine(given, include, []);
        if ('problem' in result) return;
        const plain = cellsOf(given, [], []);
        for (const [index, cell] of plain.entries()) expect(result.cells[index]).toMatchObject(cell);
        expect(result.cells.length).toBeLessThanOrEqual(plain.length + include.length);
      }),
    );
  });
});

/** `==` for the few values above. */
function looselyEqual(one: JsonValue, other: JsonValue): boolean {
  return one === other || (one !== 'a' && Number(one) === Number(other));
}

const CONTEXT: ExpressionContext = {
  git: {},
  event: {},
  run: {},
  pipeline: {},
  inputs: {},
  vars: {},
  status: { failed: false, cancelled: false, skippedNeed: false },
};

function expand(value: JsonValue, matrix: Partial<Matrix> = {}) {
  const needs = { list: { result: 'success', outputs: { matrix: JSON.stringify(value) } } };
  const place = { file: 'sluice.yaml', start: { line: 1, column: 1 }, end: { line: 1, column: 1 } };
  return expandMatrix(
    {
      cells: null,
      expression: { source: 'fromJSON(needs.list.outputs.matrix)', place },
      include: [],
      exclude: [],
      failFast: true,
      maxParallel: null,
      ...matrix,
    },
    { ...CONTEXT, needs },
  );
}

describe('expandMatrix', () => {
  it('gives known cells as they are', () => {
    expect(expand(null, { cells: [{ a: 1 }], expression: null })).toEqual({ ok: true, cells: [{ a: 1 }] });
  });

  it('takes a list of objects as the combinations', () => {
    expect(expand([{ shard: 1 }, { shard: 2, slow: true }])).toEqual({
      ok: true,
      cells: [{ shard: 1 }, { shard: 2, slow: true }],
    });
  });

  it('applies include and exclude of the file to a list', () => {
    const matrix: Partial<Matrix> = {
      exclude: [{ shard: 1 }],
      include: [{ shard: 2, extra: 'x' }, { shard: 9 }],
    };
    expect(expand([{ shard: 1 }, { shard: 2 }], matrix)).toEqual({
      ok: true,
      cells: [{ shard: 2, extra: 'x' }, { shard: 9 }],
    });
  });

  it('combines an object of lists with both its own and the file’s include and exclude', () => {
    const value = { os: ['a', 'b'], node: [1, 2], include: [{ os: 'c' }], exclude: [{ os: 'a' }] };
    expect(expand(value, { include: [{ os: 'b', x: 1 }], exclude: [{ node: 2 }] })).toEqual({
      ok: true,
      cells: [{ os: 'b', node: 1, x: 1 }, { os: 'c' }],
    });
  });

  it.each<[string, JsonValue, string]>([
    ['a text', '[1]', 'the matrix is a text; make a list or an object of it with fromJSON(…)'],
    ['a number', 3, 'the matrix is a number; it must be a list of objects or an object of lists'],
    ['null', null, 'the matrix is null; it must be a list of objects or an object of lists'],
    [
      'a list of texts',
      ['a'],
      'the matrix is a list with other things than objects; it must be a list of objects or an object of lists',
    ],
    ['an axis that is no list', { node: 20 }, "'node' of the matrix is a number, not a list"],
    [
      'an include that is no list',
      { a: [1], include: { b: 1 } },
      'include of the matrix is an object, not a list of objects',
    ],
    [
      'an exclude of texts',
      { a: [1], exclude: ['b'] },
      'exclude of the matrix is a list with other things than objects, not a list of objects',
    ],
    ['an empty list', [], 'the matrix has no combination: nothing is left of it'],
    ['an empty object', {}, 'the matrix has no combination: nothing is left of it'],
    [
      'too many',
      Array.from({ length: 257 }, (_, shard) => ({ shard })),
      'the matrix has more than 256 combinations, which is the most',
    ],
  ])('refuses %s', (_, value, message) => {
    expect(expand(value)).toEqual({ ok: false, message });
  });

  it('passes on why the expression has no value', () => {
    const expression = {
      source: "fromJSON('')",
      place: { file: 'f', start: { line: 1, column: 1 }, end: { line: 1, column: 1 } },
    };
    expect(expand(null, { expression })).toEqual({
      ok: false,
      message: "the expression 'fromJSON('')' cannot be evaluated: fromJSON() was given an empty text",
    });
  });
});
