import { readFile } from 'node:fs/promises';
import { type Diagnostic, UserError } from '../base/diagnostic.ts';
import type { SecretSource } from './contract.ts';

/**
 * Secrets as they are given to a command: lines `NAME=value` of files, the last file first, then the environment variable
 * of the same name. A value may stand in double quotes, where `\n` is a line break. Throws `UserError` with every bad line;
 * values never appear in a message.
 */
export async function givenSecrets(
  files: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
): Promise<SecretSource> {
  const values = new Map<string, string>();
  const problems: Diagnostic[] = [];
  for (const file of files) {
    const text = await readFile(file, 'utf8').catch(() => null);
    if (text === null)
      problems.push(problem(file, 1, 'the secrets file cannot be read', 'name a file that exists'));
    else readLines(file, text, values, problems);
  }
  if (problems.length > 0) throw new UserError(problems);
  return { read: async (name) => values.get(name) ?? environment[name] ?? null };
}

function readLines(file: string, text: string, values: Map<string, string>, problems: Diagnostic[]): void {
  for (const [index, line] of text.split(/\r?\n/).entries()) {
    if (/^\s*(#|$)/.test(line)) continue;
    const [, name, value] = /^\s*(?:export\s+)?([A-Za-z_][A-Za-z0-9_]*)\s*=(.*)$/.exec(line) ?? [];
    if (name === undefined || value === undefined) {
      problems.push(
        problem(
          file,
          index + 1,
          'this line is no `NAME=value`',
          'write one secret a line, such as TOKEN=abc',
        ),
      );
      continue;
    }
    values.set(name, unquoted(value.trim()));
  }
}

function unquoted(value: string): string {
  if (value.length >= 2 && value.startsWith('"') && value.endsWith('"')) {
    return value.slice(1, -1).replace(/\\(.)/g, (_, character) => (character === 'n' ? '\n' : character));
  }
  if (value.length >= 2 && value.startsWith("'") && value.endsWith("'")) return value.slice(1, -1);
  return value;
}

function problem(file: string, line: number, message: string, suggestion: string): Diagnostic {
  const start = { line, column: 1 };
  return { severity: 'error', code: 'secrets-file', message, place: { file, start, end: start }, suggestion };
}
