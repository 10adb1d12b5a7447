import type { Severity } from '../facts/finding.ts';
import { type Exclusion, excludesFile, excludesFinding, excludesTest } from './exclusion.ts';
import type { FactView } from './view.ts';

const WORST_FIRST: readonly Severity[] = ['unknown', 'critical', 'high', 'medium', 'low', 'info'];

/**
 * The worst severity of what a waiver's `match` covers here; `none` when it covers only things without one (tests, files,
 * components); null when it covers nothing.
 */
export function worstMatched(view: FactView, match: Exclusion): Severity | 'none' | null {
  const severities = new Set<Severity>();
  let isOther = false;
  for (const { facts } of view.evidence.reports) {
    for (const finding of facts.findings) {
      const fingerprint = match.fingerprint === undefined ? null : (view.fingerprints().get(finding) ?? null);
      if (excludesFinding(match, finding, fingerprint)) severities.add(finding.severity);
    }
    isOther ||=
      facts.tests.some(
        (test) => (match.test !== undefined || match.path !== undefined) && excludesTest(match, test),
      ) ||
      [...(facts.coverage?.files.keys() ?? [])].some((path) => excludesFile(match, path)) ||
      facts.mutants.some(({ path }) => excludesFile(match, path)) ||
      facts.components.some(({ name, purl }) => match.package === name || match.package === purl);
  }
  return WORST_FIRST.find((severity) => severities.has(severity)) ?? (isOther ? 'none' : null);
}
