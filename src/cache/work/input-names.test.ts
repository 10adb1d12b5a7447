import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readSelection } from '../tree/selection.ts';
import { InputGlobError, InputNames } from './input-names.ts';

const names = [
  'a',
  'a-b',
  'app/[id]/page.ts',
  'src/a.ts',
  'src/lib/b.ts',
  'src/lib/c.js',
  'src2/a.ts',
  '.env',
  'x/.hidden/y',
];
const select = (...globs: string[]) => new InputNames(names).select(globs);

describe('InputNames', () => {
  it('takes files, folders and globs, and leaves out what ! names', () => {
    expect(select('a')).toEqual(['a']);
    expect(select('src')).toEqual(['src/a.ts', 'src/lib/b.ts', 'src/lib/c.js']);
    expect(select('src/**', '!src/lib')).toEqual(['src/a.ts']);
    expect(select('**/*.ts', '!**/page.ts')).toEqual(['src/a.ts', 'src/lib/b.ts', 'src2/a.ts']);
    expect(select('.')).toEqual([...names].sort());
    expect(select('nothing/**')).toEqual([]);
  });

  it('takes a path with letters of globs for itself too', () => {
    expect(select('app/[id]')).toEqual(['app/[id]/page.ts']);
  });

  it('refuses what leads out or names nothing', () => {
    for (const glob of ['../x', '/etc/passwd', '', 'a/../../b', '!/etc'])
      expect(() => select(glob), glob).toThrow(InputGlobError);
  });

  it('selects what trees and caches would', () => {
    const part = fc.constantFrom('a', 'b', 'src', 'lib', '.x', 'c.ts');
    const path = fc.array(part, { minLength: 1, maxLength: 4 }).map((parts) => parts.join('/'));
    const glob = fc
      .tuple(
        fc.constantFrom('', '!'),
        fc.array(fc.oneof(part, fc.constantFrom('*', '**', '*.ts', 's*')), { minLength: 1, maxLength: 3 }),
      )
      .map(([mark, parts]) => mark + parts.join('/'));
    fc.assert(
      fc.property(
        fc.uniqueArray(path, { maxLength: 12 }),
        fc.array(glob, { minLength: 1, maxLength: 3 }),
        (paths, globs) => {
          // A file cannot be a folder, too.
          const files = paths.filter((one) => !paths.some((other) => other.startsWith(`${one}/`)));
          const selection = readSelection(globs);
          const found = new InputNames(files).select(globs);
          expect(found).toEqual(files.filter((file) => selection.covers(file)).sort());
        },
      ),
    );
  });
});
