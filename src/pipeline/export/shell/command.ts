import { isPosix } from './substitute.ts';

/** The program that runs a step's script, which it finds as its file 3. */
const PROGRAMS: Readonly<Record<string, string>> = {
  sh: 'sh -e',
  bash: 'bash --noprofile --norc -eo pipefail',
  'bash -e {0}': 'bash -e',
  python: 'python3',
};
const FILE = '/dev/fd/3';

/**
 * A command of a POSIX shell that runs a script by itself, as a step does. `prefix`: what stands in front, such as variables;
 * `folder`: where it runs, a word of the shell.
 */
export function scriptCommand(shell: string, script: string, prefix: string, folder: string | null): string {
  const program = PROGRAMS[shell] ?? null;
  const isShort = program !== null && isPosix(shell) && !/['\n]/.test(script.trimEnd());
  const words = isShort
    ? `${program} -c '${script.trimEnd()}'`
    : shell === 'pwsh'
      ? 'pwsh -NoLogo -NoProfile -Command - <&3'
      : program !== null
        ? `${program} ${FILE}`
        : shell.replaceAll('{0}', FILE);
  const command = folder === null ? prefix + words : `( cd ${folder} && ${prefix}${words} )`;
  if (isShort) return command;
  const end = endMark(script);
  return `${command} 3<<'${end}'\n${script.replace(/\n$/, '')}\n${end}`;
}

/** A word that is no line of the script. */
function endMark(script: string): string {
  const lines = new Set(script.split('\n'));
  let mark = 'SCRIPT';
  for (let count = 2; lines.has(mark); count++) mark = `SCRIPT_${count}`;
  return mark;
}
