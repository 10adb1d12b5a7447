import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { Page } from './page.ts';
import { type Tree, told, writeYaml } from './yaml.ts';

function written(tree: { readonly [key: string]: Tree | undefined }): Page {
  const page = new Page('file.yml', '#');
  writeYaml(page, tree);
  return page;
}

const scalar = fc.oneof(
  fc.string({ unit: 'grapheme' }),
  fc.string({
    unit: fc.constantFrom('a', '\n', ' ', '#', ':', '-', "'", '"', '\t', '{', '$', '|', '\\', '1'),
  }),
  fc.constantFrom('on', 'yes', 'null', '1.10', '.5', '012', '', '~', '- a', '# b', 'a: b', '*x', '&x', '!x'),
  fc.integer(),
  fc.boolean(),
  fc.constant(null),
);
const tree = fc.letrec<{ node: Tree }>((tie) => ({
  node: fc.oneof(
    { maxDepth: 4 },
    scalar,
    fc.array(tie('node'), { maxLength: 4 }),
    fc.dictionary(fc.string({ minLength: 1 }), tie('node'), { maxKeys: 4 }),
  ),
})).node;

describe('writeYaml', () => {
  it('writes what a parser reads as the same data', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string({ minLength: 1 }), tree, { minKeys: 1, maxKeys: 5 }), (data) => {
        expect(parse(written(data).text())).toEqual(structuredClone(data));
      }),
      { numRuns: 300 },
    );
  });

  it('writes texts of several lines as they stand', () => {
    const page = written({ jobs: [{ run: 'npm ci\nnpm test\n' }, { run: '  indented\n\nlast' }] });
    expect(page.text()).toBe(
      'jobs:\n  - run: |\n      npm ci\n      npm test\n  - run: |2-\n        indented\n\n      last\n',
    );
  });

  it('tells losses above their value and remembers the line', () => {
    const note = { feature: 'retry', message: 'retries are lost', instead: 'it runs once', place: null };
    const page = written({ job: { name: 'a', steps: [told({ run: told('make', [note]) }, [note])] } });
    expect(page.text().split('\n')).toEqual([
      'job:',
      '  name: a',
      '  steps:',
      '    # Lost: retries are lost; it runs once.',
      '    -',
      '      # Lost: retries are lost; it runs once.',
      '      run: make',
      '',
    ]);
    expect(page.losses().map(({ line }) => line)).toEqual([4, 6]);
  });
});
