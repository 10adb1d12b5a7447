import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';

/** Makes the release of this checkout below `folder`. Returns its launcher. */
export function makeRelease(folder: string): string {
  const root = fileURLToPath(new URL('../..', import.meta.url));
  const release = join(folder, 'release');
  mkdirSync(release);
  execFileSync(process.execPath, [join(root, 'tools/build.ts'), join(release, 'dist')], { stdio: 'inherit' });
  cpSync(join(root, 'bin'), join(release, 'bin'), { recursive: true });
  cpSync(join(root, 'package.json'), join(release, 'package.json'));
  return join(release, 'bin/sluice');
}

/** Makes a repository of the folder, with one commit of all that is in it. */
export function commitAll(folder: string): void {
  const git = (...args: string[]) =>
    execFileSync('git', ['-c', 'user.email=bench@localhost', '-c', 'user.name=bench', ...args], {
      cwd: folder,
    });
  git('init', '-q');
  git('add', '-A');
  git('commit', '-q', '-m', 'bench');
}
