import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { JsonValue } from '../../base/json.ts';
import { fingerprintOf, type WorkParts } from './fingerprint.ts';

const word = fc.string({ minLength: 1, maxLength: 6 });
const words = fc.dictionary(word, word, { maxKeys: 4 });
const inputs = fc.array(fc.tuple(word, word), { maxLength: 5 }).map((entries) => new Map(entries));
const parts: fc.Arbitrary<WorkParts> = fc.record({
  platform: word,
  locale: words,
  isolation: words as fc.Arbitrary<JsonValue>,
  steps: words,
  variables: words,
  secrets: words,
  outside: fc.dictionary(word, fc.option(word), { maxKeys: 4 }),
  tools: words,
  needs: words,
  artifacts: words,
  results: words as fc.Arbitrary<JsonValue>,
  inputs,
});

const comparable = (one: WorkParts) =>
  JSON.stringify([
    ...Object.entries(one)
      .filter(([name]) => name !== 'inputs')
      .map(([name, value]) => [
        name,
        typeof value === 'object' && value !== null ? Object.entries(value).sort() : value,
      ])
      .sort(),
    [...one.inputs].sort(([a], [b]) => (a < b ? -1 : 1)),
  ]);

/** The same members, added in the opposite order. */
function reversed(one: WorkParts): WorkParts {
  const turned = Object.entries(one)
    .reverse()
    .map(([name, value]) => [
      name,
      value instanceof Map
        ? new Map([...value].reverse())
        : typeof value === 'object' && value !== null
          ? Object.fromEntries(Object.entries(value).reverse())
          : value,
    ]);
  return Object.fromEntries(turned) as WorkParts;
}

describe('fingerprintOf', () => {
  it('does not depend on the order in which anything was added', () => {
    fc.assert(
      fc.property(parts, (one) => {
        expect(fingerprintOf(reversed(one)).digest).toBe(fingerprintOf(one).digest);
      }),
    );
  });

  it('is the same exactly for equal parts, so that no two fields run together', () => {
    fc.assert(
      fc.property(parts, parts, (one, other) => {
        const isSame = fingerprintOf(one).digest === fingerprintOf(other).digest;
        expect(isSame).toBe(comparable(one) === comparable(other));
      }),
    );
  });

  it('changes with every single part', () => {
    const record = [
      'locale',
      'steps',
      'variables',
      'secrets',
      'outside',
      'tools',
      'needs',
      'artifacts',
    ] as const;
    fc.assert(
      fc.property(parts, fc.constantFrom(...record), word, word, (one, field, name, value) => {
        fc.pre(one[field][name] !== value);
        const changed = { ...one, [field]: { ...one[field], [name]: value } };
        expect(fingerprintOf(changed).digest).not.toBe(fingerprintOf(one).digest);
      }),
    );
    fc.assert(
      fc.property(parts, word, word, (one, name, value) => {
        fc.pre(one.inputs.get(name) !== value);
        const changed = { ...one, inputs: new Map(one.inputs).set(name, value) };
        expect(fingerprintOf(changed).digest).not.toBe(fingerprintOf(one).digest);
        for (const field of ['platform', 'isolation', 'results'] as const)
          if (one[field] !== value)
            expect(fingerprintOf({ ...one, [field]: value }).digest).not.toBe(fingerprintOf(one).digest);
      }),
    );
  });

  it('tells a value from a name, and a member of one part from that of another', () => {
    const none: WorkParts = {
      platform: 'x',
      locale: {},
      isolation: null,
      steps: {},
      variables: {},
      secrets: {},
      outside: {},
      tools: {},
      needs: {},
      artifacts: {},
      results: null,
      inputs: new Map<string, string>(),
    };
    const all = [
      none,
      { ...none, variables: { a: 'b' } },
      { ...none, outside: { a: 'b' } },
      { ...none, outside: { a: null } },
      { ...none, outside: { a: 'not set' } },
      { ...none, secrets: { a: 'b' } },
      { ...none, inputs: new Map([['a', 'b']]) },
      { ...none, inputs: new Map([['variable a', 'b']]) },
      { ...none, steps: { 'a b': 'c' } },
      { ...none, steps: { a: 'b c' } },
    ];
    expect(new Set(all.map((one) => fingerprintOf(one).digest)).size).toBe(all.length);
  });

  it('keeps no value of a variable, since fingerprints are kept and shown', () => {
    fc.assert(
      fc.property(parts, fc.string({ minLength: 12, maxLength: 20 }), (one, value) => {
        const made = fingerprintOf({ ...one, variables: { TOKEN: value }, outside: { OTHER: value } });
        expect(Object.entries(made.fields).filter(([, text]) => text.includes(value))).toEqual([]);
      }),
    );
  });
});
