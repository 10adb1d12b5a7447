import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Coverage } from './coverage.ts';
import { LineHits } from './line-hits.ts';

describe('LineHits', () => {
  it('is a map from line to the sum of its counts, in whatever order they come', () => {
    const adds = fc.array(fc.tuple(fc.nat(40), fc.nat(5)), { maxLength: 80 });
    fc.assert(
      fc.property(adds, (given) => {
        const hits = new LineHits();
        const model = new Map<number, number>();
        for (const [line, count] of given) {
          hits.add(line, count);
          model.set(line, (model.get(line) ?? 0) + count);
        }
        expect(hits.total).toBe(model.size);
        expect(hits.covered).toBe([...model.values()].filter((count) => count > 0).length);
        for (let line = 0; line <= 41; line++) expect(hits.get(line)).toBe(model.get(line) ?? null);
        expect(new Map(hits.entries())).toEqual(model);
      }),
    );
  });

  it('keeps the lines of files apart that are read in turns, and of large ones', () => {
    const lengths = [0, 1, 3, 5000, 4096, 2, 20_000];
    const all = lengths.map(() => new LineHits());
    lengths.forEach((length, file) => {
      for (let line = 1; line <= length; line++) all[file]!.add(line, file + line);
    });
    for (const [file, length] of lengths.entries()) all[file]!.add(length + 1, 7);
    lengths.forEach((length, file) => {
      expect(all[file]!.total).toBe(length + 1);
      for (let line = 1; line <= length; line++)
        if (all[file]!.get(line) !== file + line) expect(line).toBe(0);
      expect(all[file]!.get(length + 1)).toBe(7);
    });
  });

  it('does not overflow', () => {
    const hits = new LineHits();
    hits.add(1, 2 ** 40);
    hits.add(1, 2 ** 40);
    expect(hits.get(1)).toBe(2 ** 31 - 1);
  });
});

describe('Coverage', () => {
  it('adds what shards know of the same file', () => {
    const [one, other] = [new Coverage(), new Coverage()];
    one.file('a').lines.add(1, 0);
    one.file('a').addBranch(1, '0,0', 0);
    one.file('a').addFunction('f', 0);
    one.file('a').addConditions(2, 1, 4);
    other.file('a').lines.add(1, 2);
    other.file('a').lines.add(3, 0);
    other.file('a').addBranch(1, '0,0', 1);
    other.file('a').addFunction('f', 1);
    other.file('a').addConditions(2, 3, 4);
    other.file('b').lines.add(1, 1);
    one.merge(other);
    expect(one.lines()).toEqual({ total: 3, covered: 2 });
    expect(one.branches()).toEqual({ total: 5, covered: 4 });
    expect(one.functions()).toEqual({ total: 1, covered: 1 });
    expect([...one.files.keys()]).toEqual(['a', 'b']);
  });
});
