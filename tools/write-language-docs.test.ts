import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { languageDocs } from './write-language-docs.ts';

describe('the generated pages of the language', () => {
  it.each(Object.keys(languageDocs()))(
    'has %s up to date; otherwise run node tools/write-language-docs.ts',
    (path) => {
      expect(readFileSync(join(import.meta.dirname, '..', path), 'utf8')).toBe(languageDocs()[path]);
    },
  );
});
