import { execFileSync } from 'node:child_process';

/**
 * Skips the test when a component of the machine is missing, naming what would install it:
 * `beforeEach((context) => needs(context, 'perl', hasPerl, 'apt-get install perl-base'))`.
 * With SLUICE_REQUIRE_ALL=1, as in CI, a missing component is a failure.
 */
export function needs(
  context: { skip(note: string): void },
  component: string,
  present: boolean,
  howToInstall: string,
): void {
  if (present) return;
  const reason = `${component} is missing: ${howToInstall}`;
  if (process.env.SLUICE_REQUIRE_ALL === '1') throw new Error(reason);
  context.skip(reason);
}

/** Whether a program can be started by its name. */
export function isThere(program: string): boolean {
  try {
    execFileSync('sh', ['-c', `command -v ${program}`], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}
