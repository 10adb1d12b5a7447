import { canonicalJson, type JsonValue } from '../../base/json.ts';
import type { Finding, Severity } from '../facts/finding.ts';
import { compareText } from './measurement.ts';

const RANK: Readonly<Record<Severity, number>> = {
  unknown: 0,
  critical: 0,
  high: 1,
  medium: 2,
  low: 3,
  info: 4,
};

/** Worst first, then by where they stand; equal only when they are the same. */
export function compareFindings(a: Finding, b: Finding): number {
  return (
    RANK[a.severity] - RANK[b.severity] ||
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
