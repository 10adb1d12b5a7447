/**
 * Whether a test that needs a component of the machine can run: `it.runIf(needs('perl', hasPerl, 'apt-get install perl-base'))`.
 * Says once what is missing and what would install it. With SLUICE_REQUIRE_ALL=1, as in CI, a missing component is a failure.
 */
export function needs(component: string, present: boolean, howToInstall: string): boolean {
  if (present) return true;
  const message = `${component} is missing; to run its tests: ${howToInstall}`;
  if (process.env.SLUICE_REQUIRE_ALL === '1') throw new Error(message);
  if (!told.has(component)) console.warn(`skipped: ${message}`);
  told.add(component);
  return false;
}

const told = new Set<string>();
