import { spawn } from 'node:child_process';
import { watch } from 'node:fs';
import process from 'node:process';

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** Calls back at each of the signals that ask a program to end, instead of ending it. Returns the function that stops that. */
export function onInterrupt(listener: (signal: string) => void): () => void {
  for (const signal of SIGNALS) process.on(signal, listener);
  return () => {
    for (const signal of SIGNALS) process.off(signal, listener);
  };
}

/** An interactive shell on this terminal; resolves when the person leaves it. */
export function openShell(directory: string, environment: Readonly<Record<string, string>>): Promise<void> {
  return new Promise((resolve, reject) => {
    const shell = spawn(process.env.SHELL ?? '/bin/sh', ['-i'], {
      cwd: directory,
      env: { ...environment, TERM: process.env.TERM ?? 'xterm' },
      stdio: 'inherit',
    });
    shell.once('error', reject);
    shell.once('exit', () => resolve());
  });
}

/** Calls back at each change below `folder` of a file that `isWanted` accepts (relative path). Returns the function that ends it. */
export function watchFiles(
  folder: string,
  isWanted: (path: string) => boolean,
  onChange: () => void,
): () => void {
  const watcher = watch(folder, { recursive: true }, (_event, name) => {
    if (name === null || isWanted(name)) onChange();
  });
  return () => watcher.close();
}
