import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createRedaction } from './redaction.ts';

const SECRETS = 500;
const ROUNDS = process.env.SLUICE_SOAK ? 50 : 1;
const SECRETS_AT_ONCE = 20;

/** How a program may print a secret, written here with other means than the masking uses. */
const ENCODINGS: Readonly<Record<string, (secret: string) => string>> = {
  plain: (secret) => secret,
  base64: (secret) => Buffer.from(secret).toString('base64'),
  'base64 without padding': (secret) => Buffer.from(secret).toString('base64').replace(/=+$/, ''),
  'base64 for URLs': (secret) => Buffer.from(secret).toString('base64url'),
  'hexadecimal, lower case': (secret) => Buffer.from(secret).toString('hex'),
  'hexadecimal, upper case': (secret) => Buffer.from(secret).toString('hex').toUpperCase(),
  'percent-encoded': (secret) => encodeURIComponent(secret),
  'percent-encoded, lower case': (secret) =>
    encodeURIComponent(secret).replace(/%../g, (code) => code.toLowerCase()),
  'form-encoded': (secret) => new URLSearchParams([['', secret]]).toString().slice(1),
  JSON: (secret) => JSON.stringify({ secret }).slice('{"secret":"'.length, -2),
  'shell-quoted': (secret) => secret.split("'").join(`'\\''`),
  XML: (secret) =>
    [...secret]
      .map((character) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;' })[character] ?? character)
      .join(''),
};

/** A stream of chance that is the same for the same seed. */
function chance(seed: number): (below: number) => number {
  let counter = 0;
  let bytes = Buffer.alloc(0);
  return (below) => {
    if (bytes.length < 4) bytes = createHash('sha256').update(`${seed}/${counter++}`).digest();
    const value = bytes.readUInt32LE(0);
    bytes = bytes.subarray(4);
    return value % below;
  };
}

const LETTERS =
  'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=_-.:;!?&<>"\'\\ %$#@*()[]{}~^|äß漢';

function randomSecret(random: (below: number) => number): string {
  const letters = [...LETTERS];
  const length = 8 + random(40);
  const middle = Array.from({ length: length - 2 }, () => letters[random(letters.length)]!).join('');
  // Whitespace at the ends is trimmed before a secret is used.
  return `k${middle}${random(10)}`;
}

const WORDS =
  'step compiled src/module ok in ms warning: token= error npm 12345 at Object.<anonymous> 100% done'.split(
    ' ',
  );

function sentence(random: (below: number) => number): string {
  return Array.from({ length: 3 + random(8) }, () => WORDS[random(WORDS.length)]).join(' ');
}

/** One output in which every secret stands once in each encoding; the forms, and where ordinary text stands between. */
function output(secrets: readonly string[], random: (below: number) => number) {
  const forms: string[] = [];
  let text = '';
  let ordinaryBytes = 0;
  for (const secret of secrets) {
    for (const encode of Object.values(ENCODINGS)) {
      const form = Buffer.from(encode(secret)).toString('latin1');
      const words = sentence(random);
      ordinaryBytes += words.length + 4;
      forms.push(form);
      text += `${words} [${form}]\n`;
    }
  }
  return { text, forms, ordinaryBytes };
}

function maskInPieces(secrets: readonly string[], text: string, random: (below: number) => number): string {
  const masker = createRedaction(secrets).masker();
  const pieces: Buffer[] = [];
  const bytes = Buffer.from(text, 'latin1');
  for (let at = 0; at < bytes.length; ) {
    const size = 1 + random(random(3) === 0 ? 4 : 200);
    masker.write(bytes.subarray(at, at + size), (given) => pieces.push(Buffer.from(given)));
    at += size;
  }
  masker.flush((given) => pieces.push(Buffer.from(given)));
  return Buffer.concat(pieces).toString('latin1');
}

describe('masking', () => {
  it(`leaks none of ${SECRETS} secrets in 12 encodings at random splits and hides next to nothing else`, () => {
    fc.assert(
      fc.property(fc.integer(), (seed) => {
        const random = chance(seed);
        const leaks: string[] = [];
        let hidden = 0;
        let ordinary = 0;
        for (let from = 0; from < SECRETS; from += SECRETS_AT_ONCE) {
          const secrets = Array.from({ length: SECRETS_AT_ONCE }, () => randomSecret(random));
          const { text, forms, ordinaryBytes } = output(secrets, random);
          const shown = maskInPieces(secrets, text, random);
          leaks.push(...forms.filter((form) => shown.includes(form)));
          ordinary += ordinaryBytes;
          hidden += ordinaryBytes - (shown.length - 3 * shown.split('***').length + 3);
        }
        expect(leaks).toEqual([]);
        expect(Math.abs(hidden) / ordinary).toBeLessThan(0.001);
      }),
      { numRuns: ROUNDS },
    );
  }, 600_000);

  it('masks base64 of a secret behind and before other text', () => {
    const secret = 'correct-horse-battery';
    for (const before of ['', 'a', 'ab', 'user:']) {
      for (const after of ['', '\n', '@host']) {
        const encoded = Buffer.from(before + secret + after).toString('base64');
        const shown = maskInPieces([secret], encoded, () => 0);
        // Up to one character at each end also belongs to the neighbour.
        expect(shown.length, encoded).toBeLessThan(encoded.length - secret.length);
        expect(shown).toContain('***');
      }
    }
  });

  it('masks long base64 that a tool breaks into lines', () => {
    const secret =
      'A long secret value, such as a whole key, which base64 prints on more than one line: 0123456789';
    const lines = Buffer.from(secret)
      .toString('base64')
      .match(/.{1,76}/g)!
      .join('\n');
    expect(maskInPieces([secret], lines, () => 0)).toBe('***\n***');
  });

  it('masks each line of a key, each leaf of a JSON value and the trimmed value', () => {
    const key = '-----BEGIN KEY-----\nMIIEvQIBADANBgkqhkiG9w0\nAQEFAASCBKcwggSjAgEAAoIB\n-----END KEY-----\n';
    expect(maskInPieces([key], 'x AQEFAASCBKcwggSjAgEAAoIB y', () => 0)).toBe('x *** y');
    const json = '{"user": "deployer-account", "nested": [{"token": "abcd-efgh-ijkl"}], "n": 1234567890123}';
    expect(maskInPieces([json], 'a abcd-efgh-ijkl b 1234567890123', () => 0)).toBe('a *** b ***');
    expect(maskInPieces([' padded-secret \n'], '[padded-secret]', () => 0)).toBe('[***]');
  });

  it('leaves the frame of a key alone, which is no secret', () => {
    const key = '-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBgkqhkiG9w0\n-----END PRIVATE KEY-----\n';
    expect(maskInPieces([key], '-----BEGIN PRIVATE KEY-----', () => 0)).toBe('-----BEGIN PRIVATE KEY-----');
  });

  it('masks a complete secret at the end that could have become a longer one', () => {
    expect(maskInPieces(['first-secret', 'first-secret-and-more'], 'a first-secret', () => 0)).toBe('a ***');
  });

  it('masks every piece of a very long secret', () => {
    const random = chance(7);
    const secret = Array.from({ length: 5000 }, () => LETTERS[random(60)]).join('');
    const shown = maskInPieces([secret], `<${secret}>`, chance(8));
    expect(shown.replaceAll('***', '')).toBe('<>');
  });
});
