import { describe, expect, it } from 'vitest';
import type { Diagnostic } from './diagnostic.ts';
import { printDiagnostics } from './diagnostic-printer.ts';

const plain = { colour: false, width: 80 };

function at(line: number, column: number, endColumn: number, file = 'sluice.yaml') {
  return { file, start: { line, column }, end: { line, column: endColumn } };
}

function error(message: string, place: Diagnostic['place'], more: Partial<Diagnostic> = {}): Diagnostic {
  return { severity: 'error', code: 'some-code', message, ...(place ? { place } : {}), ...more };
}

describe('printDiagnostics', () => {
  it('shows message, place, excerpt, related places, the way out and the count', () => {
    const text = printDiagnostics(
      [
        error('the key `name` stands twice', at(3, 1, 5), {
          related: [{ message: 'it stands here first', place: at(1, 1, 5) }],
          suggestion: 'keep one of them',
        }),
        { severity: 'warning', code: 'unused-template', message: 'no job extends the template `t`' },
      ],
      () => 'name: a\njobs: {}\nname: b\n',
      plain,
    );
    expect(text).toBe(
      `error: the key \`name\` stands twice [some-code]
  sluice.yaml:3:1
    3 | name: b
      | ^^^^
  sluice.yaml:1:1: it stands here first
    1 | name: a
      | ^^^^
  = keep one of them

warning: no job extends the template \`t\` [unused-template]

1 error and 1 warning
`,
    );
  });

  it('marks one column for an empty range, also behind the end of the line', () => {
    expect(printDiagnostics([error('x', at(1, 4, 4))], () => 'abc', plain)).toContain(
      '    1 | abc\n      |    ^\n',
    );
  });

  it('marks a range over several lines to the end of its first line', () => {
    const place = { file: 'f', start: { line: 1, column: 3 }, end: { line: 2, column: 2 } };
    expect(printDiagnostics([error('x', place)], () => 'abcdef\nghi', plain)).toContain(
      '    1 | abcdef\n      |   ^^^^\n',
    );
  });

  it('leaves out the excerpt of a file it cannot have', () => {
    expect(printDiagnostics([error('x', at(9, 1, 2))], () => null, plain)).toBe(
      'error: x [some-code]\n  sluice.yaml:9:1\n\n1 error\n',
    );
    expect(printDiagnostics([error('x', at(9, 1, 2))], () => 'one line', plain)).not.toContain('|');
  });

  it('escapes control and bidi characters in messages, files and excerpts, with the mark still under the place', () => {
    const text = printDiagnostics(
      [error('bad \u001b[31m name', at(1, 6, 7, 'a\u202eb.yaml'))],
      () => 'ab\u001b\u202ec!\u0007',
      plain,
    );
    expect(text).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u202e]/);
    expect(text).toContain('a\\u{202e}b.yaml:1:6');
    expect(text).toContain('    1 | ab\\u{1b}\\u{202e}c!\\u{7}\n');
    expect(text).toContain(`      | ${' '.repeat('ab\\u{1b}\\u{202e}c'.length)}^\n`);
  });

  it('counts wide letters as two columns and tabs as two', () => {
    expect(printDiagnostics([error('x', at(1, 4, 5))], () => '日本\t!', plain)).toContain(
      '    1 | 日本  !\n      |       ^\n',
    );
  });

  it.each([1, 40, 200, 5000, 9_990])(
    'cuts a line of 10,000 characters to the width around column %i',
    (column) => {
      const line = Array.from({ length: 1000 }, (_, index) => String(index % 10).repeat(10)).join('');
      const marked = `${line.slice(0, column - 1)}#${line.slice(column)}`;
      const lines = printDiagnostics([error('x', at(1, column, column + 1))], () => marked, {
        colour: false,
        width: 80,
      }).split('\n');
      const [excerpt, mark] = [lines[2]!, lines[3]!];
      expect(excerpt.length).toBeLessThanOrEqual(80);
      expect(excerpt[mark.indexOf('^')]).toBe('#');
    },
  );

  it('never prints an excerpt wider than the terminal when the place is long', () => {
    const lines = printDiagnostics([error('x', at(1, 50, 900))], () => 'y'.repeat(1000), {
      colour: false,
      width: 60,
    }).split('\n');
    for (const line of lines) expect(line.length).toBeLessThanOrEqual(60);
  });

  it('wraps long messages', () => {
    const text = printDiagnostics([error('word '.repeat(40).trim(), undefined)], () => null, {
      colour: false,
      width: 50,
    });
    for (const line of text.split('\n')) expect(line.length).toBeLessThanOrEqual(50);
  });

  it('uses colour only when asked', () => {
    expect(printDiagnostics([error('x', at(1, 1, 2))], () => 'a', { colour: true, width: 80 })).toContain(
      '\u001b[',
    );
  });

  it('prints nothing for nothing', () => {
    expect(printDiagnostics([], () => null, plain)).toBe('');
  });
});
