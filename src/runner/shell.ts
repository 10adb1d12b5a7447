import { chmodSync, writeFileSync } from 'node:fs';
import { JobProblem } from './problem.ts';

/** Linux takes 128 KiB in one argument; half of that leaves room for whatever else is put around it. */
const INLINE_BYTES_MAX = 64 * 1024;

/**
 * The program and arguments for a script. `scriptFile` is where the script may be put; only then is a file made, readable
 * by its owner alone. A script that must not be seen in the process list always goes to a file.
 */
export function shellCommand(shell: string, script: string, scriptFile: string, hidden: boolean): string[] {
  if (script.includes('\0')) throw new JobProblem('the script holds a NUL byte, which no shell can be given');
  const inFile = (extension: string, text = script): string => {
    const file = scriptFile + extension;
    writeFileSync(file, text, { mode: 0o700 });
    chmodSync(file, 0o700); // The mode above is cut by the umask.
    return file;
  };
  // A script that begins like an option would be taken for one.
  const inline = !hidden && script.length * 3 <= INLINE_BYTES_MAX && !/^[-+]/.test(script);
  switch (shell) {
    case 'sh':
      return inline ? ['sh', '-e', '-c', script] : ['sh', '-e', inFile('.sh')];
    case 'bash': {
      const options = ['--noprofile', '--norc', '-e', '-o', 'pipefail'];
      return inline ? ['bash', ...options, '-c', script] : ['bash', ...options, inFile('.sh')];
    }
    case 'pwsh':
      return ['pwsh', '-command', `. '${inFile('.ps1', stoppingScript(script)).replaceAll("'", "''")}'`];
    case 'python':
      return ['python3', inFile('.py')];
    default:
      return customCommand(shell, inFile);
  }
}

/** As GitHub has it: the first error ends the script, and the exit code of its last program is its own. */
function stoppingScript(script: string): string {
  const end = 'if ((Test-Path -LiteralPath variable:\\LASTEXITCODE)) { exit $LASTEXITCODE }';
  return `$ErrorActionPreference = 'stop'\n${script}\n${end}\n`;
}

function customCommand(shell: string, inFile: (extension: string) => string): string[] {
  if (!shell.includes('{0}')) {
    throw new JobProblem(
      `shell "${shell}" is not known; use sh, bash, python, pwsh or a command line with {0} for the script file`,
    );
  }
  const file = inFile('');
  return splitWords(shell).map((word) => word.replaceAll('{0}', file));
}

/** The words of a line at blanks; single and double quotes keep blanks together. */
export function splitWords(line: string): string[] {
  const words: string[] = [];
  for (const match of line.matchAll(/(?:[^\s"']+|"[^"]*"|'[^']*')+/g)) {
    words.push(
      match[0].replace(
        /"([^"]*)"|'([^']*)'/g,
        (_, double?: string, single?: string) => double ?? single ?? '',
      ),
    );
  }
  return words;
}
