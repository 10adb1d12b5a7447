import { describe, expect, it } from 'vitest';
import { aFinding, aTest } from '../../../test/support/evidence.ts';
import { BelowRoot } from './below-root.ts';
import { Coverage } from './coverage.ts';

const root = new BelowRoot(['/runs/7/work', '/private/runs/7/work/']);

describe('BelowRoot', () => {
  it('tells paths from the folder in which the tool worked', () => {
    expect(root.path('/runs/7/work/src/a.ts')).toBe('src/a.ts');
    expect(root.path('/private/runs/7/work/src/a.ts')).toBe('src/a.ts');
    expect(root.path('/runs/7/workshop/a.ts')).toBe('/runs/7/workshop/a.ts');
    expect(root.path('src/a.ts')).toBe('src/a.ts');
  });

  it('makes findings of two runs the same, also where the text names the file', () => {
    const place = { path: '/runs/7/work/src/a.ts', line: 1, column: null };
    const finding = root.finding(aFinding({ place, anchor: 'no module /runs/7/work/src/b.ts' }));
    expect(finding).toMatchObject({ place: { path: 'src/a.ts' }, anchor: 'no module src/b.ts' });
  });

  it('leaves what has no such path as it is', () => {
    const finding = aFinding({});
    expect(root.finding(finding)).toBe(finding);
    expect(new BelowRoot([]).finding(finding)).toBe(finding);
  });

  it('tells tests apart by where they are in the repository', () => {
    const test = aTest('/runs/7/work/a.test.ts > adds', { file: '/runs/7/work/a.test.ts' });
    expect(root.testCase(test)).toMatchObject({ id: 'a.test.ts > adds', file: 'a.test.ts' });
  });

  it('joins the coverage of a file that is named in two ways', () => {
    const coverage = new Coverage();
    coverage.file('/runs/7/work/src/a.ts').lines.add(1, 0);
    coverage.file('src/a.ts').lines.add(1, 2);
    const named = root.coverage(coverage);
    expect([...named.files.keys()]).toEqual(['src/a.ts']);
    expect(named.lines()).toEqual({ total: 1, covered: 1 });
    expect(root.coverage(named)).toBe(named);
  });
});
