import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { decodeAnswer, encodeRequest } from './wire.ts';

describe('wire', () => {
  it('says the length of each value of a request in bytes', () => {
    const text = 'a=b\0\nü';
    expect(encodeRequest([['verb', text]]).toString()).toBe(`verb 7\n${text}`);
  });

  it('reads the whole records of an answer that may be cut off anywhere', () => {
    const value = fc.string().map((text) => text.replaceAll('\0', ''));
    const record = fc.dictionary(fc.stringMatching(/^[a-z_]{1,9}$/), value, { minKeys: 1 });
    fc.assert(
      fc.property(fc.array(record, { maxLength: 5 }), fc.nat(), (records, cut) => {
        const encoded = records.map(
          (one) =>
            `${Object.entries(one)
              .map(([name, text]) => `${name}=${text}\0`)
              .join('')}\0`,
        );
        const whole = Buffer.from(encoded.join(''));
        const plain = records.map((one) => ({ ...one }));
        expect(decodeAnswer(whole)).toEqual(plain);
        const part = decodeAnswer(whole.subarray(0, cut % (whole.length + 1)));
        expect(plain.slice(0, part.length)).toEqual(part);
      }),
    );
  });
});
