import { execFileSync } from 'node:child_process';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { environmentText, plainEnvironmentText } from './environment-file.ts';
import { STEP_SCRIPT } from './script.ts';

/** As the program reads such a file: a name and all behind the first `=`. */
function read(text: string): Record<string, string> {
  const lines = text.split('\n').slice(0, -1);
  return Object.fromEntries(
    lines.map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]),
  );
}

/** The part of the step's script that puts long values together. */
const JOIN = STEP_SCRIPT.slice(
  STEP_SCRIPT.indexOf('for sluice_variable'),
  STEP_SCRIPT.indexOf('[ -w "$HOME"'),
);

describe('the environment file', () => {
  it('brings every value to the shell of the step as it was', () => {
    const value = fc.string({
      unit: fc.constantFrom('a', '\\', '\n', '\r', '"', "'", '$', '`', 'é', '𝒳', ' ', '0', 'n'),
    });
    fc.assert(
      fc.property(value, value, (first, second) => {
        const environment = { FIRST: first, SECOND: `${second}\n` };
        const env = { PATH: process.env.PATH!, ...read(environmentText(environment)) };
        const script = `${JOIN}\nprintf '%s|%s|%s' "$FIRST" "$SECOND" "$SLUICE_LONG"`;
        expect(execFileSync('sh', ['-c', script], { env, encoding: 'utf8' })).toBe(`${first}|${second}\n|`);
      }),
      { numRuns: 40 },
    );
  });

  it('has no line that the program could not read', () => {
    const text = environmentText({ LONG: '\\'.repeat(120_000), PLAIN: 'x' });
    expect(Math.max(...text.split('\n').map((line) => Buffer.byteLength(line)))).toBeLessThan(64 * 1024);
  });

  it('refuses what cannot be passed, by its name', () => {
    expect(() => environmentText({ 'odd-name': 'two\nlines' })).toThrow('"odd-name"');
    expect(environmentText({ 'odd-name': 'one' })).toBe('odd-name=one\n');
    expect(() => plainEnvironmentText({ A: 'x', KEY: 'two\nlines' })).toThrow(
      'the variable KEY of a service',
    );
  });
});
