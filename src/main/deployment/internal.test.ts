import { afterEach, describe, expect, it, vi } from 'vitest';
import { performInternal } from './internal.ts';

afterEach(() => vi.restoreAllMocks());

describe('sluice internal', () => {
  it.each([
    [[]],
    [['proxy']],
    [['proxy', '/nowhere']],
    [['proxy', '/nowhere', 'localhost', 'abc']],
    [['supervise']],
    [['constructor', 'x']],
  ])('typed as %j is wrong use, and one sentence', async (words) => {
    const said = vi.spyOn(console, 'error').mockReturnValue(undefined);
    expect(await performInternal(words, '/nowhere')).toBe(2);
    expect(said.mock.calls).toEqual([[expect.stringMatching(/^error: .* see sluice --help/)]]);
  });
});
