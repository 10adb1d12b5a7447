import { SEVERITIES } from '../facts/finding.ts';
import { findingCount, findingsOf, rowsOf } from './finding.ts';
import { type Measurement, measured } from './measurement.ts';
import type { FactView } from './view.ts';

/** Points that one finding of each severity takes. One whose severity is not known takes those of a critical one. */
export const SECURITY_PENALTY = {
  critical: 25,
  high: 10,
  medium: 2,
  low: 0.5,
  info: 0,
  unknown: 25,
} as const;

/** The formula as the manual has it. */
export const SECURITY_SCORE_FORMULA =
  '100 less 25 for each critical finding (or one of unknown severity), 10 for each high, 2 for each medium and 0.5 for each low ' +
  'one, never below 0; over code, dependencies, secrets (each counts as critical), configuration and the running service. Reports ' +
  'of code, dependencies and secrets must be there';

/** The security score: see `SECURITY_SCORE_FORMULA`. */
export function securityScore(view: FactView, scope: 'all' | 'new'): Measurement {
  const needed = ['sast', 'sca', 'secrets'] as const;
  for (const group of needed) {
    const part = findingCount(view, scope, group, null);
    if (part.kind === 'unmeasured') return { ...part, atLeast: null };
  }
  for (const group of ['dast', 'configuration'] as const) {
    const part = findingCount(view, scope, group, null);
    // What nobody scanned takes no points, but a report that cannot be read is no clean one.
    const isAbsent =
      part.kind === 'unmeasured' && (part.reason === 'missing' || part.reason === 'not-applicable');
    if (part.kind === 'unmeasured' && !isAbsent) return { ...part, atLeast: null };
  }
  const counted = findingsOf(view, scope, 'all').filter(({ category }) => category !== 'licence');
  let points = 100;
  for (const list of counted)
    for (const severity of SEVERITIES)
      points -=
        list.of(severity).length * SECURITY_PENALTY[list.category === 'secret' ? 'critical' : severity];
  return measured(Math.max(0, points), null, { rows: () => rowsOf(view, counted) });
}
