import { describe, expect, it } from 'vitest';
import { normalAddress } from '../../src/address.ts';

describe('normalAddress', () => {
  it.each([
    ['https://example.org', 'https://example.org/'],
    ['HTTP://Example.org/a b', 'http://example.org/a%20b'],
  ])('accepts %s', (text, normal) => {
    expect(normalAddress(text)).toBe(normal);
  });

  it.each([
    'javascript:alert(1)',
    'file:///etc/passwd',
    'https://user:password@example.org/',
    'example.org',
    '',
    42,
    null,
    `https://example.org/${'a'.repeat(2000)}`,
  ])('refuses %s', (text) => {
    expect(normalAddress(text)).toBeNull();
  });
});
