import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { codeFor, LinkStore } from '../../src/link-store.ts';

describe('LinkStore', () => {
  it('gives the same address the same code', () => {
    const links = new LinkStore();
    const first = links.add('https://example.org/');
    assert.deepEqual(links.add('https://example.org/'), first);
    assert.notEqual(links.add('https://example.com/').code, first.code);
  });

  it('counts only visits that found a link', () => {
    const links = new LinkStore();
    const { code } = links.add('https://example.org/');
    assert.equal(links.follow(code), 'https://example.org/');
    assert.equal(links.follow('nothing'), null);
    assert.equal(links.find(code)?.hits, 1);
  });
});

describe('codeFor', () => {
  it('never gives one code twice', () => {
    const codes = Array.from({ length: 5000 }, (_, index) => codeFor(index));
    assert.equal(new Set(codes).size, 5000);
  });

  it('avoids letters and digits that look alike', () => {
    for (let index = 0; index < 2000; index++) assert.doesNotMatch(codeFor(index), /[01ilou]/);
  });
});
