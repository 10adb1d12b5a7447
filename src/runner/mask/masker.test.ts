import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createRedaction } from './redaction.ts';

function masked(secrets: readonly string[], chunks: readonly string[]): string {
  const masker = createRedaction(secrets).masker();
  let text = '';
  const take = (bytes: Uint8Array): void => {
    text += Buffer.from(bytes).toString('latin1');
  };
  for (const chunk of chunks) masker.write(Buffer.from(chunk, 'latin1'), take);
  masker.flush(take);
  return text;
}

describe('Masker', () => {
  it('passes everything through when there is no secret', () => {
    expect(masked([], ['ab', 'c\n'])).toBe('abc\n');
  });

  it('masks a secret that comes byte by byte', () => {
    expect(masked(['Pa55-w0rd!'], [...'a Pa55-w0rd! b'])).toBe('a *** b');
  });

  it('gives out at the end what only began like a secret', () => {
    expect(masked(['Pa55-w0rd!'], ['a Pa55-', 'w0r'])).toBe('a Pa55-w0r');
  });

  it('merges secrets that overlap or touch into one mask', () => {
    expect(masked(['abcdefgh12', 'gh12ijklmn'], ['x abcdefgh12ijklmn y'])).toBe('x *** y');
    expect(masked(['abcdefgh12', 'ijklmnop34'], ['x abcdefgh12ijklmnop34 y'])).toBe('x *** y');
  });

  it('merges an overlap across any border of chunks', () => {
    const text = 'x abcdefgh12ijklmn y';
    for (let cut = 1; cut < text.length; cut++) {
      expect(masked(['abcdefgh12', 'gh12ijklmn'], [text.slice(0, cut), text.slice(cut)]), `${cut}`).toBe(
        'x *** y',
      );
    }
  });

  it('holds back no more than the secret is long, also where it repeats itself for ever', () => {
    const masker = createRedaction(['abcabcabcabc']).masker();
    let given = '';
    for (let i = 0; i < 1000; i++) {
      masker.write(Buffer.from('abcabcabc'), (bytes) => {
        given += Buffer.from(bytes).toString();
      });
      expect(masker.heldBytes).toBeLessThan(12);
    }
    expect(given).toBe('***');
  });

  it('masks the longest of secrets that begin alike', () => {
    expect(masked(['prefix-common', 'prefix-common-longer'], ['(prefix-common-longer)'])).toBe('(***)');
  });

  it('gives the same text however the stream is cut', () => {
    const secret = fc.string({ unit: fc.constantFrom('a', 'b', 'c', '-'), minLength: 8, maxLength: 20 });
    fc.assert(
      fc.property(
        fc.array(
          secret.filter((value) => new Set(value).size > 2),
          { minLength: 1, maxLength: 4 },
        ),
        fc.array(
          fc.oneof(fc.string({ unit: fc.constantFrom('a', 'b', 'c', '-'), maxLength: 9 }), fc.nat(3)),
          {
            maxLength: 30,
          },
        ),
        fc.array(fc.integer({ min: 1, max: 15 }), { minLength: 1, maxLength: 20 }),
        (secrets, parts, sizes) => {
          const text = parts
            .map((part) => (typeof part === 'string' ? part : (secrets[part] ?? '')))
            .join(' ');
          const whole = masked(secrets, [text]);
          const cut = masked(secrets, chunksOf(text, sizes));
          expect(cut.replaceAll(/(\*\*\*)+/g, '***')).toBe(whole.replaceAll(/(\*\*\*)+/g, '***'));
          for (const value of secrets) expect(cut).not.toContain(value);
        },
      ),
      { numRuns: 500 },
    );
  });
});

function chunksOf(text: string, sizes: readonly number[]): string[] {
  const chunks: string[] = [];
  let at = 0;
  for (let i = 0; at < text.length; i++) {
    const size = sizes[i % sizes.length]!;
    chunks.push(text.slice(at, at + size));
    at += size;
  }
  return chunks;
}
