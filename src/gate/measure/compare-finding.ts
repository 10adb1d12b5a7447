import { canonicalJson, type JsonValue } from '../../base/json.ts';
import type { Finding, Severity } from '../facts/finding.ts';
import { compareText } from './measurement.ts';

/** Worst first, then by where they stand; equal only when they are the same. */
export function compareFindings(a: Finding, b: Finding): number {
  return (
    rankOf(a.severity) - rankOf(b.severity) ||
    compareText(a.place?.path ?? '', b.place?.path ?? '') ||
    (a.place?.line ?? 0) - (b.place?.line ?? 0) ||
    compareText(a.rule, b.rule) ||
    compareText(a.package?.name ?? '', b.package?.name ?? '') ||
    compareText(a.message, b.message) ||
    compareText(a.tool, b.tool) ||
    // What no row shows may decide which fingerprint a finding gets: then all of it counts.
    compareText(canonicalJson(a as unknown as JsonValue), canonicalJson(b as unknown as JsonValue))
  );
}

/** How bad a severity is, 0 the worst. A table would be looked up by text, for each of 100,000 findings and several times. */
export function rankOf(severity: Severity): number {
  switch (severity) {
    case 'unknown':
    case 'critical':
      return 0;
    case 'high':
      return 1;
    case 'medium':
      return 2;
    case 'low':
      return 3;
    case 'info':
      return 4;
  }
}
