import { describe, expect, it } from 'vitest';
import { cachedByText } from './expression-cache.ts';

function counting() {
  const asked: string[] = [];
  const read = cachedByText((text) => {
    asked.push(text);
    return { text };
  });
  return { asked, read };
}

describe('cachedByText', () => {
  it('computes a text once', () => {
    const { asked, read } = counting();
    expect(read('a')).toBe(read('a'));
    expect(asked).toEqual(['a']);
  });

  it('forgets the oldest of too many texts', () => {
    const { asked, read } = counting();
    for (let index = 0; index <= 4096; index++) read(`${index}`);
    read('1');
    expect(asked).toHaveLength(4097);
    read('0');
    expect(asked).toHaveLength(4098);
  });

  it('forgets when the texts are too long together, also a single one', () => {
    const { asked, read } = counting();
    const long = 'x'.repeat(1_000_001);
    read('a');
    expect(read(long).text).toBe(long);
    read('a');
    read(long);
    expect(asked).toEqual(['a', long, 'a', long]);
  });
});
