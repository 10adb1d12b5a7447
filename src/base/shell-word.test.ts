import { execFileSync } from 'node:child_process';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { shellWord } from './shell-word.ts';

describe('shellWord', () => {
  it('is read by a shell as the text itself', () => {
    const words = fc.array(
      fc.string({ unit: 'grapheme' }).filter((text) => !text.includes('\0')),
      { minLength: 1 },
    );
    fc.assert(
      fc.property(words, (texts) => {
        const script = `printf '%s\\0' ${texts.map(shellWord).join(' ')}`;
        const output = execFileSync('sh', ['-c', script], { encoding: 'utf8' });
        expect(output.split('\0').slice(0, -1)).toEqual(texts);
      }),
      { numRuns: 20 },
    );
  });

  it('keeps quotes, dollars and line ends', () => {
    expect(shellWord(`a'b $HOME\n`)).toBe(`'a'\\''b $HOME\n'`);
  });
});
