import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Matcher } from './matcher.ts';

type Found = [pattern: number, start: number, end: number];

function found(patterns: readonly string[], text: string): { hits: Found[]; open: number } {
  const hits: Found[] = [];
  const bytes = Buffer.from(text, 'latin1');
  const matcher = new Matcher(patterns.map((pattern) => Buffer.from(pattern, 'latin1')));
  const open = matcher.scan(bytes, bytes.length, (pattern, start, end) => hits.push([pattern, start, end]));
  return { hits: hits.sort(byPlace), open };
}

/** The obvious way, against which the quick one is judged. */
function expected(patterns: readonly string[], text: string): { hits: Found[]; open: number } {
  const hits: Found[] = [];
  let open = text.length;
  for (let start = 0; start < text.length; start++) {
    patterns.forEach((pattern, index) => {
      if (text.startsWith(pattern, start)) hits.push([index, start, start + pattern.length]);
      else if (pattern.startsWith(text.slice(start))) open = Math.min(open, start);
    });
  }
  return { hits: hits.sort(byPlace), open };
}

function byPlace(a: Found, b: Found): number {
  return a[1] - b[1] || a[0] - b[0];
}

describe('Matcher', () => {
  it('finds patterns that overlap and share beginnings', () => {
    expect(found(['abcab', 'abcabd', 'cabcab'], 'xabcabcabdx').hits).toEqual([
      [0, 1, 6],
      [2, 3, 9],
      [0, 4, 9],
      [1, 4, 10],
    ]);
  });

  it('says from where on the end may become a pattern', () => {
    expect(found(['secret-one', 'secret-two'], 'my secret-').open).toBe(3);
    expect(found(['secret-one'], 'my secret-onf').open).toBe(13);
    expect(found(['secret-one'], 'this').open).toBe(3);
  });

  it('agrees with the obvious search on short alphabets', () => {
    const letters = fc.string({ unit: fc.constantFrom('a', 'b', 'c'), minLength: 3, maxLength: 12 });
    const text = fc.string({ unit: fc.constantFrom('a', 'b', 'c'), maxLength: 200 });
    fc.assert(
      fc.property(fc.uniqueArray(letters, { minLength: 1, maxLength: 8 }), text, (patterns, haystack) => {
        expect(found(patterns, haystack)).toEqual(expected(patterns, haystack));
      }),
      { numRuns: 500 },
    );
  });

  it('agrees with the obvious search where the text is long enough for four cursors', () => {
    const letters = fc.string({
      unit: fc.constantFrom('a', 'b', '\x01', '\xff'),
      minLength: 8,
      maxLength: 40,
    });
    const filler = fc.string({ unit: fc.constantFrom('a', 'b', 'c', '\x01', '\xff'), maxLength: 90 });
    fc.assert(
      fc.property(
        fc.uniqueArray(letters, { minLength: 1, maxLength: 5 }),
        fc.array(fc.tuple(filler, fc.nat(4)), { minLength: 20, maxLength: 60 }),
        (patterns, parts) => {
          const haystack = parts.map(([text, which]) => text + (patterns[which] ?? '')).join('');
          expect(found(patterns, haystack)).toEqual(expected(patterns, haystack));
        },
      ),
      { numRuns: 100 },
    );
  });

  it('refuses patterns that are too short for its table', () => {
    expect(() => new Matcher([Buffer.from('ab')])).toThrow('shorter than three bytes');
  });
});
