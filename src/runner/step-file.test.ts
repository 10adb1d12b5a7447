import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { parseAssignments, parsePathEntries, readStepFile } from './step-file.ts';

const folder = mkdtempSync(join(tmpdir(), 'sluice-step-file-'));
afterAll(() => rmSync(folder, { recursive: true }));

describe('parseAssignments', () => {
  it('reads lines and blocks', () => {
    const text = 'A=1\n\nB=x=y<<z\r\nC<<EOF\none\nEOF-not\nD=2\nEOF\nE=\n';
    expect(parseAssignments(text, 'F', 'variable')).toEqual({
      A: '1',
      B: 'x=y<<z',
      C: 'one\nEOF-not\nD=2',
      E: '',
    });
  });

  it('takes names with a dash for outputs only', () => {
    expect(parseAssignments('image-tag=1', 'F', 'output')).toEqual({ 'image-tag': '1' });
    expect(() => parseAssignments('image-tag=1', 'F', 'variable')).toThrow('no valid variable name');
  });

  it.each([
    ['just text', '$F line 1: expected NAME=value'],
    ['OK=1\n=x', '$F line 2: "" is no valid variable name'],
    ['1A=x', '"1A" is no valid'],
    ['A B=x', '"A B" is no valid'],
    ['__proto__=x', 'no valid variable name'],
    ['A\0B=x', 'no valid variable name'],
    ['A=x\0y', '$F line 1: the value of A holds a NUL byte'],
    ['A<<EOF\nnever ends', '$F line 1: the block of A has no end line "EOF"'],
    ['A<<\nx', 'has no end line ""'],
    ['PATH=/x', 'PATH may not be set for later steps; write directories to $SLUICE_PATH'],
    ['LD_PRELOAD=/x', 'LD_PRELOAD may not be set'],
    ['NODE_OPTIONS=-r x', 'NODE_OPTIONS may not be set'],
    ['BASH_ENV=/x', 'BASH_ENV may not be set'],
    ['SLUICE_OUTPUT=/x', 'SLUICE_OUTPUT may not be set'],
    ['\u202eevil=x', 'line 1: "\\u{202e}evil" is no valid'],
  ])('refuses %j', (text, message) => {
    expect(() => parseAssignments(text, 'F', 'variable')).toThrow(message);
  });
});

describe('parsePathEntries', () => {
  it('takes absolute folders', () => expect(parsePathEntries('/a/b\n\n/c\n', 'F')).toEqual(['/a/b', '/c']));

  it.each(['relative', '/a:/b', '/a\0'])('refuses %j', (text) => {
    expect(() => parsePathEntries(text, 'F')).toThrow('$F line 1: expected an absolute directory');
  });
});

describe('readStepFile', () => {
  it('reads what is there, and nothing where nothing is', () => {
    writeFileSync(join(folder, 'plain'), 'ä\n');
    expect(readStepFile(join(folder, 'plain'), 'F')).toBe('ä\n');
    expect(readStepFile(join(folder, 'none'), 'F')).toBeNull();
  });

  it('refuses a link, a pipe and a file that is too large', () => {
    symlinkSync('/etc/passwd', join(folder, 'link'));
    execFileSync('mkfifo', [join(folder, 'pipe')]);
    writeFileSync(join(folder, 'large'), '');
    truncateSync(join(folder, 'large'), 1024 * 1024 + 1);
    expect(() => readStepFile(join(folder, 'link'), 'F')).toThrow('$F is no longer a plain file');
    expect(() => readStepFile(join(folder, 'pipe'), 'F')).toThrow('$F is no longer a plain file');
    expect(() => readStepFile(join(folder, 'large'), 'F')).toThrow(
      '$F has 1048577 bytes; the limit is 1 MiB',
    );
  });
});
