import { describe, expect, it } from 'vitest';
import { findingOf } from '../report/finding.ts';
import type { Finding } from './finding.ts';
import { fingerprintsOf } from './fingerprint.ts';

function finding(path: string, line: number, message: string, rule = 'no-var'): Finding {
  return findingOf({
    category: 'code',
    tool: 'ESLint',
    rule,
    severity: 'high',
    level: 'error',
    message,
    place: { path, line, column: 1 },
  });
}

describe('fingerprintsOf', () => {
  it('stays when lines move, also where the message counts them', () => {
    const [before] = fingerprintsOf([finding('a.ts', 10, 'first defined on line 4')]);
    const [after] = fingerprintsOf([finding('a.ts', 13, 'first defined on line 7')]);
    expect(after).toBe(before);
  });

  it('stays when the file is renamed, by the map of renames', () => {
    const renamed = (path: string) => (path === 'old.ts' ? 'new.ts' : path);
    const [before] = fingerprintsOf([finding('old.ts', 1, 'x')], { renamed, context: () => null });
    const [after] = fingerprintsOf([finding('new.ts', 1, 'x')], { renamed, context: () => null });
    expect(after).toBe(before);
  });

  it('goes by the text around it where the source is known', () => {
    const context = (_path: string, line: number) => (line === 1 ? '  let  x = 1;' : 'let x = 1;\n');
    const sources = { renamed: (path: string) => path, context };
    const [one] = fingerprintsOf([finding('a.ts', 1, 'first wording')], sources);
    const [other] = fingerprintsOf([finding('a.ts', 9, 'second wording')], sources);
    expect(other).toBe(one);
  });

  it('tells findings apart that agree in everything, and another rule, path or text', () => {
    const all = fingerprintsOf([
      finding('a.ts', 1, 'x'),
      finding('a.ts', 2, 'x'),
      finding('a.ts', 3, 'x'),
      finding('b.ts', 1, 'x'),
      finding('a.ts', 1, 'y'),
      finding('a.ts', 1, 'x', 'eqeqeq'),
    ]);
    expect(new Set(all).size).toBe(6);
    expect(fingerprintsOf([finding('a.ts', 7, 'x')])[0]).toBe(all[0]);
  });
});
