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

/** Worst first, then by where they stand; equal only when they look the same and have the same fingerprint. */
export function compareFindings(a: Finding, b: Finding): number {
  return (
    RANK[a.severity] - RANK[b.severity] ||
    compareText(a.place?.path ?? '', b.place?.path ?? '') ||
    (a.place?.line ?? 0) - (b.place?.line ?? 0) ||
    compareText(a.rule, b.rule) ||
    compareText(a.package?.name ?? '', b.package?.name ?? '') ||
    compareText(a.message, b.message) ||
    compareText(a.tool, b.tool) ||
    // What follows no row shows; it decides which fingerprint stands first.
    compareText(a.severity, b.severity) ||
    compareText(a.category, b.category) ||
    compareText(a.anchor, b.anchor) ||
    compareText(a.package?.version ?? '', b.package?.version ?? '')
  );
}
