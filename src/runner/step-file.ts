import { closeSync, constants, lstatSync, openSync, readSync } from 'node:fs';
import { visible } from '../base/text.ts';
import { JobProblem } from './problem.ts';

/*
 * What a step tells Sluice, it writes into files named in its environment; nothing in its output is ever a directive.
 */

const BYTES_MAX = 1024 * 1024;
const NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;
/** An output may be called like a step: `image-tag`. */
const OUTPUT_NAME = /^[A-Za-z_][A-Za-z0-9_.-]*$/;

/** Variables with which one step could make the programs of later steps run other code, or pretend to be Sluice. */
const REFUSED =
  /^(PATH|ENV|BASH_ENV|BASH_FUNC_.*|SHELLOPTS|BASHOPTS|PS4|PROMPT_COMMAND|IFS|LD_.*|DYLD_.*|NODE_OPTIONS|PYTHONSTARTUP|PYTHONHOME|PERL5OPT|PERL5LIB|RUBYOPT|RUBYLIB|JAVA_TOOL_OPTIONS|GIT_EXEC_PATH|GIT_SSH_COMMAND|GIT_CONFIG_.*|CI|SLUICE.*)$/;

/** GitHub's own. In its workflows all else is left to who writes them, and much is in use. */
const REFUSED_BY_GITHUB = /^(NODE_OPTIONS|GITHUB_.*|RUNNER_.*|SLUICE.*)$/;

/** Which names a step may set for the steps behind it: `variable`, or `github-variable` in a trusted run of a workflow. */
export type VariableRules = 'variable' | 'github-variable';

/** The text of a file that a step may have written, or null when there is none. Throws a `JobProblem`. */
export function readStepFile(path: string, variable: string): string | null {
  const found = lstatSync(path, { throwIfNoEntry: false });
  if (!found) return null;
  if (!found.isFile()) throw new JobProblem(`$${variable} is no longer a plain file`);
  // Most steps leave them as they were made.
  if (found.size === 0) return '';
  if (found.size > BYTES_MAX) {
    throw new JobProblem(
      `$${variable} has ${found.size} bytes; the limit is 1 MiB; keep large data in a file of the workspace`,
    );
  }
  const descriptor = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    // One byte more than allowed: the file may have grown since it was looked at.
    const bytes = Buffer.alloc(BYTES_MAX + 1);
    let length = 0;
    for (let count = -1; count !== 0 && length < bytes.length; length += count) {
      count = readSync(descriptor, bytes, length, bytes.length - length, null);
    }
    if (length > BYTES_MAX) throw new JobProblem(`$${variable} has more than 1 MiB`);
    return bytes.toString('utf8', 0, length);
  } finally {
    closeSync(descriptor);
  }
}

/**
 * Reads `NAME=value` lines and `NAME<<MARK` blocks. Names are those of outputs or of variables. Throws a `JobProblem`
 * that names the file's variable and the line.
 */
export function parseAssignments(
  text: string,
  variable: string,
  kind: 'output' | VariableRules,
): Record<string, string> {
  const values: Record<string, string> = {};
  const lines = text.split(/\r?\n/);
  for (let i = 0; i < lines.length; i++) {
    const line = lines[i]!;
    if (line.trim() === '') continue;
    const where = `$${variable} line ${i + 1}`;
    const match = /^([^=]*?)(<<|=)(.*)$/s.exec(line);
    if (!match) throw new JobProblem(`${where}: expected NAME=value or NAME<<MARK, found "${shown(line)}"`);
    const [, name, form, rest] = match as unknown as [string, string, string, string];
    checkName(name, where, kind);
    if (form === '=') {
      values[name] = rest;
    } else {
      const end = lines.indexOf(rest, i + 1);
      if (rest === '' || end === -1)
        throw new JobProblem(`${where}: the block of ${name} has no end line "${shown(rest)}"`);
      values[name] = lines.slice(i + 1, end).join('\n');
      i = end;
    }
    if (values[name]!.includes('\0')) throw new JobProblem(`${where}: the value of ${name} holds a NUL byte`);
  }
  return values;
}

/** Reads one directory per line. Throws a `JobProblem` that names the line. */
export function parsePathEntries(text: string, variable: string): string[] {
  const entries: string[] = [];
  for (const [index, line] of text.split(/\r?\n/).entries()) {
    if (line.trim() === '') continue;
    if (!line.startsWith('/') || /[:\0]/.test(line)) {
      throw new JobProblem(
        `$${variable} line ${index + 1}: expected an absolute directory without ":", found "${shown(line)}"`,
      );
    }
    entries.push(line);
  }
  return entries;
}

function checkName(name: string, where: string, kind: 'output' | VariableRules): void {
  const allowed = kind === 'variable' ? NAME : OUTPUT_NAME;
  if (!allowed.test(name) || name === '__proto__') {
    throw new JobProblem(
      `${where}: "${shown(name)}" is no valid ${kind === 'output' ? 'output' : 'variable'} name`,
    );
  }
  if (kind === 'output') return;
  if ((kind === 'variable' ? REFUSED : REFUSED_BY_GITHUB).test(name)) {
    const way =
      name === 'PATH' ? '; write directories to $SLUICE_PATH' : '; set it in the step that needs it';
    throw new JobProblem(`${where}: ${name} may not be set for later steps${way}`);
  }
}

function shown(text: string): string {
  return visible(text.length > 60 ? `${text.slice(0, 59)}…` : text);
}
