import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { aFinding } from '../../../test/support/evidence.ts';
import type { Finding } from '../facts/finding.ts';
import { FindingTally } from './finding-tally.ts';

const same = (path: string) => path;
const nameOf = ({ rule, anchor, tool, category, place, package: of }: Finding): string =>
  JSON.stringify([rule, anchor, tool, category, place?.path ?? '', of?.name ?? '']);

const anyFinding = fc
  .record({
    rule: fc.constantFrom('a', 'b'),
    anchor: fc.constantFrom('', 'x', 'A.a.', 'B.B.'),
    tool: fc.constantFrom('t', 'u'),
    category: fc.constantFrom('code' as const, 'secret' as const),
    path: fc.constantFrom('a', 'b', null),
    line: fc.integer({ min: 1, max: 5 }),
    name: fc.constantFrom('p', 'q', null),
  })
  .map(({ path, line, name, ...rest }) =>
    aFinding({
      ...rest,
      place: path === null ? null : { path, line, column: null },
      package: name === null ? null : { name, version: String(line) },
    }),
  );

/** 2^`pairs` texts which all have the same hash. */
function clashing(pairs: number): string[] {
  if (pairs === 0) return [''];
  return clashing(pairs - 1).flatMap((rest) => [`A.a.${rest}`, `B.B.${rest}`]);
}

describe('FindingTally', () => {
  it('takes as many of each as were counted', () => {
    const all = fc.array(anyFinding, { maxLength: 30 });
    fc.assert(
      fc.property(all, all, (counted, taken) => {
        const tally = new FindingTally(counted, same);
        const known = Map.groupBy(counted, nameOf);
        const wanted = Map.groupBy(taken, nameOf);
        for (const one of taken) expect(tally.take(one)).toBe(known.has(nameOf(one)));
        const beyond = Map.groupBy(tally.beyond(), nameOf);
        for (const [name, { length }] of wanted) {
          const excess = known.has(name) ? Math.max(0, length - known.get(name)!.length) : 0;
          expect(beyond.get(name)?.length ?? 0).toBe(excess);
        }
      }),
    );
  });

  it('tells findings apart whose hashes are the same, also when a report is full of them', () => {
    const finding = (anchor: string) => aFinding({ anchor });
    const anchors = clashing(9);
    const tally = new FindingTally([...anchors, ...anchors].map(finding), same);
    for (const anchor of [...anchors, ...anchors]) expect(tally.take(finding(anchor))).toBe(true);
    expect(tally.take(finding('A.a.'))).toBe(false);
    expect(tally.beyond()).toEqual([]);
    expect(tally.take(finding(anchors[500]!))).toBe(true);
    expect(tally.beyond()).toEqual([finding(anchors[500]!)]);
  });

  it('looks for findings where their files are now', () => {
    const at = (path: string) => aFinding({ place: { path, line: 1, column: null } });
    const tally = new FindingTally([at('old')], (path) => (path === 'old' ? 'new' : path));
    expect(tally.take(at('old'))).toBe(false);
    expect(tally.take(at('new'))).toBe(true);
  });
});
