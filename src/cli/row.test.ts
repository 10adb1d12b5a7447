import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { hanging, row, shorten, textWidth, wrap } from './row.ts';

const RED = '\u001b[31m';
const RESET = '\u001b[0m';
const TEXT = fc.string({
  unit: fc.constantFrom('a', 'b', ' ', 'é', '漢', '😀', 'e\u0301', RED, RESET),
  maxLength: 60,
});

describe('textWidth', () => {
  it('counts columns, not characters', () => {
    expect(textWidth('abc')).toBe(3);
    expect(textWidth('漢字')).toBe(4);
    expect(textWidth('e\u0301')).toBe(1);
    expect(textWidth(`${RED}ab${RESET}`)).toBe(2);
    expect(textWidth('✓ ok')).toBe(4);
  });
});

describe('shorten', () => {
  it('leaves alone what has room', () => {
    expect(shorten('abc', 3, '…')).toBe('abc');
  });

  it('cuts with an ellipsis, and ends a colour that was cut off', () => {
    expect(shorten('abcdef', 4, '…')).toBe('abc…');
    expect(shorten('abcdef', 5, '...')).toBe('ab...');
    expect(shorten(`${RED}abcdef${RESET}`, 4, '…')).toBe(`${RED}abc${RESET}…`);
  });

  it('never gives more columns than asked for', () => {
    fc.assert(
      fc.property(TEXT, fc.integer({ min: 0, max: 40 }), (text, width) => {
        expect(textWidth(shorten(text, width, '…'))).toBeLessThanOrEqual(width);
      }),
    );
  });
});

describe('row', () => {
  it('puts the right part at the edge and cuts the left one', () => {
    expect(row('left', '1.0s', 14, '…')).toBe('left      1.0s');
    expect(row('a long left part', '1.0s', 14, '…')).toBe('a long …  1.0s');
  });

  it('is exactly as wide as asked for when there is a right part', () => {
    fc.assert(
      fc.property(TEXT, fc.integer({ min: 12, max: 60 }), (left, width) => {
        expect(textWidth(row(left, '1.0s', width, '…'))).toBe(width);
      }),
    );
  });
});

describe('wrap', () => {
  it('breaks at spaces and cuts words that are too long', () => {
    expect(wrap('one two three', 7)).toEqual(['one two', 'three']);
    expect(wrap('abcdefghij', 6).every((line) => textWidth(line) <= 6)).toBe(true);
    expect(wrap('abcdefghij', 6).join('')).toBe('abcdefghij');
  });

  it('loses nothing and is never too wide', () => {
    const words = fc.array(fc.string({ unit: fc.constantFrom('a', 'z', '漢'), minLength: 1, maxLength: 30 }));
    fc.assert(
      fc.property(words, fc.integer({ min: 4, max: 40 }), (list, width) => {
        const lines = wrap(list.join(' '), width);
        for (const line of lines) expect(textWidth(line)).toBeLessThanOrEqual(width);
        expect(lines.join('').replaceAll(' ', '')).toBe(list.join(''));
      }),
    );
  });
});

describe('hanging', () => {
  it('begins after the first text and goes on below it', () => {
    expect(hanging('! ', 'one two three four five six', 22)).toEqual(['! one two three four', '  five six']);
  });
});
