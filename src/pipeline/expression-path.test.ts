import { describe, expect, it } from 'vitest';
import { pathsOf } from './expression-path.ts';

/** The paths of an expression, joined, with what stands in the source at each offset. */
const paths = (source: string) =>
  pathsOf(source).map(({ names, offsets }) => {
    for (const [index, name] of names.entries()) expect(source.slice(offsets[index])).toMatch(name);
    return names.join(' ');
  });

describe('the paths of an expression', () => {
  it.each([
    ['git.branch', ['git branch']],
    [
      "needs.a.outputs.v == 'x' && needs.b['result'] != vars.X",
      ['needs a outputs v', 'needs b result', 'vars X'],
    ],
    ['fromJSON(needs.setup.outputs.matrix)[0].x', ['needs setup outputs matrix']],
    ['needs.a[matrix.x].v', ['needs a', 'matrix x']],
    ['needs.*.result', ['needs']],
    ['toJSON(needs)', ['needs']],
    ["'needs.a'", []],
    ['needs.a ==', []],
  ])('%s', (source, expected) => {
    expect(paths(source).sort()).toEqual([...expected].sort());
  });
});
