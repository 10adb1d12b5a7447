import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { normalAddress } from '../../src/address.ts';

describe('normalAddress', () => {
  for (const [text, normal] of [
    ['https://example.org', 'https://example.org/'],
    ['HTTP://Example.org/a b', 'http://example.org/a%20b'],
  ])
    it(`accepts ${text}`, () => assert.equal(normalAddress(text), normal));

  for (const text of [
    'javascript:alert(1)',
    'file:///etc/passwd',
    'https://user:password@example.org/',
    'example.org',
    '',
    42,
    null,
    `https://example.org/${'a'.repeat(2000)}`,
  ])
    it(`refuses ${String(text).slice(0, 40)}`, () => assert.equal(normalAddress(text), null));
});
