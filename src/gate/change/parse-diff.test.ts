import { execFileSync } from 'node:child_process';
import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { chooseBase } from './choose-base.ts';
import { LineRanges } from './line-ranges.ts';
import { DIFF_ARGUMENTS, DiffError, parseDiff } from './parse-diff.ts';

describe('parseDiff', () => {
  it('reads what the real git writes, with renames and unusual names', () => {
    const folder = mkdtempSync(join(tmpdir(), 'sluice-diff-'));
    try {
      const git = (...args: string[]) =>
        execFileSync('git', ['-C', folder, '-c', 'user.name=t', '-c', 'user.email=t@localhost', ...args], {
          encoding: 'utf8',
        });
      const lines = (count: number, change: (line: number) => string = String) =>
        `${Array.from({ length: count }, (_, i) => change(i + 1)).join('\n')}\n`;
      git('init', '-q');
      writeFileSync(join(folder, 'a b.ts'), lines(40));
      writeFileSync(join(folder, 'gone.ts'), lines(3));
      writeFileSync(join(folder, 'picture'), Buffer.from([0, 1, 2]));
      writeFileSync(join(folder, 'dashes.sql'), '-- one\n-- two\n');
      git('add', '.');
      git('commit', '-qm', 'one');
      renameSync(join(folder, 'a b.ts'), join(folder, 'ä "b.ts'));
      writeFileSync(
        join(folder, 'ä "b.ts'),
        lines(40, (line) => (line === 7 ? 'seven' : String(line))),
      );
      rmSync(join(folder, 'gone.ts'));
      writeFileSync(join(folder, 'picture'), Buffer.from([0, 1, 3]));
      writeFileSync(join(folder, 'dashes.sql'), '++ one\n-- two');
      writeFileSync(join(folder, 'new.ts'), 'x\n');
      writeFileSync(join(folder, 'empty'), '');
      git('add', '.');
      git('commit', '-qm', 'two');
      const change = parseDiff(git(...DIFF_ARGUMENTS, 'HEAD^', 'HEAD', '--'));
      const told = change.files.map(({ path, kind, pathBefore, added, removed, isBinary }) => [
        path,
        kind,
        pathBefore,
        [...added].join(),
        [...removed].join(),
        isBinary,
      ]);
      expect(told.sort()).toEqual([
        ['dashes.sql', 'modified', 'dashes.sql', '1,2', '1,2', false],
        ['empty', 'added', null, '', '', false],
        ['gone.ts', 'removed', 'gone.ts', '', '1,2,3', false],
        ['new.ts', 'added', null, '1', '', false],
        ['picture', 'modified', 'picture', '', '', true],
        ['ä "b.ts', 'renamed', 'a b.ts', '7', '7', false],
      ]);
      expect(change.renamed('a b.ts')).toBe('ä "b.ts');
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it('refuses a diff that is cut off or none at all', () => {
    const whole = 'diff --git a/a b/a\n--- a/a\n+++ b/a\n@@ -1,2 +1,2 @@\n-a\n-b\n+c\n+d\n';
    expect(parseDiff(whole).linesAdded).toBe(2);
    expect(() => parseDiff(whole.slice(0, -5))).toThrow(DiffError);
    expect(() => parseDiff('fatal: bad revision')).toThrow('line 1 of the diff');
    expect(parseDiff('').files).toEqual([]);
  });

  it('never breaks in another way', () => {
    const piece = fc.constantFrom(
      'diff --git a/x b/x\n',
      '--- a/x\n',
      '+++ /dev/null\n',
      '@@ -1 +1 @@\n',
      '-a\n',
      '+b\n',
      '"\\303\n',
      '\\ No\n',
      ' c\n',
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
        try {
          parseDiff(pieces.join(''));
        } catch (error) {
          if (!(error instanceof DiffError)) throw error;
        }
      }),
    );
  });
});

describe('LineRanges', () => {
  it('holds exactly the lines that were added', () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.integer({ min: 1, max: 60 })), (lines) => {
        const ranges = new LineRanges();
        const sorted = lines.toSorted((a, b) => a - b);
        for (const line of sorted) ranges.add(line);
        expect([...ranges]).toEqual(sorted);
        expect(ranges.count).toBe(sorted.length);
        for (let line = 0; line <= 61; line++) expect(ranges.has(line)).toBe(lines.includes(line));
      }),
    );
  });
});

describe('chooseBase', () => {
  it('takes the nearest commit with facts', () => {
    expect(chooseBase(['c', 'b', 'a'], (commit) => commit !== 'c')).toEqual({ commit: 'b', behind: 1 });
    expect(chooseBase(['c'], () => false)).toBeNull();
  });
});
