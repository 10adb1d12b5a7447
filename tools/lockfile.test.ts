import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';

interface LockedPackage {
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

describe('package-lock.json', () => {
  const lockfile = JSON.parse(readFileSync(new URL('../package-lock.json', import.meta.url), 'utf8'));
  const packages: Readonly<Record<string, LockedPackage>> = lockfile.packages;

  // npm leaves out what it could not look up where the lockfile was made; `npm ci` then fails everywhere.
  it('holds the packages of all platforms', () => {
    const missing = Object.entries(packages).flatMap(([folder, each]) =>
      Object.keys(each.optionalDependencies ?? {}).filter(
        (name) => !packages[`node_modules/${name}`] && !packages[`${folder}/node_modules/${name}`],
      ),
    );
    expect(missing).toEqual([]);
  });

  it('has the same direct dependencies as package.json', () => {
    const manifest = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'));
    for (const key of ['dependencies', 'devDependencies', 'optionalDependencies']) {
      expect(lockfile.packages[''][key]).toEqual(manifest[key]);
    }
  });
});
