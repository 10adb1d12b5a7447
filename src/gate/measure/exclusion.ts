import picomatch from 'picomatch';
import { cachedByText } from '../../pipeline/expression-cache.ts';
import type { Waiver } from '../../pipeline/plan-gate.ts';
import type { Finding } from '../facts/finding.ts';
import type { TestCase } from '../facts/test-case.ts';

/** Facts that do not count: of an exception in the policy, or of a waiver. Everything that is given must agree. */
export type Exclusion = Waiver['match'];

/** Whether the path is below one of the globs. */
export function matchesPath(path: string, glob: string): boolean {
  return matcherOf(glob)(path);
}

const matcherOf = cachedByText((glob: string) => picomatch(glob, { dot: true, nonegate: true }));

/** Whether anything in it can only be known from a finding's fingerprint. */
export function needsFingerprint(exclusions: readonly Exclusion[]): boolean {
  return exclusions.some((one) => one.fingerprint !== undefined);
}

/** `fingerprint` is null when no exclusion asks for it. */
export function excludesFinding(
  { rule, path, fingerprint: wanted, package: name, test }: Exclusion,
  finding: Finding,
  fingerprint: string | null,
): boolean {
  if (test !== undefined) return false;
  if (rule !== undefined && rule !== finding.rule && !finding.aliases.includes(rule)) return false;
  if (path !== undefined && !(finding.place && matchesPath(finding.place.path, path))) return false;
  if (wanted !== undefined && !(wanted.length >= 16 && fingerprint?.startsWith(wanted))) return false;
  return name === undefined || finding.package?.name === name;
}

export function excludesTest(exclusion: Exclusion, test: TestCase): boolean {
  if (exclusion.rule ?? exclusion.fingerprint ?? exclusion.package) return false;
  const { path, test: name } = exclusion;
  if (name !== undefined && name !== test.name && name !== test.id) return false;
  return path === undefined || (test.file !== null && matchesPath(test.file, path));
}

/** Whether a file does not count as a whole: its coverage, its mutants. */
export function excludesFile(exclusion: Exclusion, file: string): boolean {
  const { path, rule, fingerprint, package: name, test } = exclusion;
  return path !== undefined && !(rule ?? fingerprint ?? name ?? test) && matchesPath(file, path);
}
