import { describe, expect, it } from 'vitest';
import { codeFor, LinkStore } from '../../src/link-store.ts';

describe('LinkStore', () => {
  it('gives the same address the same code', () => {
    const links = new LinkStore();
    const first = links.add('https://example.org/');
    expect(links.add('https://example.org/')).toEqual(first);
    expect(links.add('https://example.com/').code).not.toBe(first.code);
  });

  it('counts only visits that found a link', () => {
    const links = new LinkStore();
    const { code } = links.add('https://example.org/');
    expect(links.follow(code)).toBe('https://example.org/');
    expect(links.follow('nothing')).toBeNull();
    expect(links.find(code)?.hits).toBe(1);
  });
});

describe('codeFor', () => {
  it('never gives one code twice', () => {
    const codes = Array.from({ length: 5000 }, (_, index) => codeFor(index));
    expect(new Set(codes).size).toBe(5000);
  });

  it('avoids letters and digits that look alike', () => {
    for (let index = 0; index < 2000; index++) expect(codeFor(index)).not.toMatch(/[01ilou]/);
  });
});
