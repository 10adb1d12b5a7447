import type { Finding, Severity } from '../facts/finding.ts';
import { messageText } from './value.ts';

/** What a parser knows of a finding; what it leaves out is not known. */
export type GivenFinding = Pick<Finding, 'category' | 'tool' | 'rule' | 'severity' | 'level' | 'message'> &
  Partial<Finding>;

/** A finding with everything that was not given filled in. */
export function findingOf(given: GivenFinding): Finding {
  const message = messageText(given.message);
  return {
    place: null,
    package: null,
    aliases: [],
    isFixAvailable: null,
    suppressed: null,
    baseline: null,
    score: null,
    anchor: anchorOf(message),
    ...given,
    message,
  };
}

/** Text by which a thing is known again when lines move: without numbers. */
export function anchorOf(text: string): string {
  return text.replace(/\d+/g, '#');
}

const SEVERITY_OF: Readonly<Record<string, Severity>> = {
  critical: 'critical',
  blocker: 'critical',
  high: 'high',
  important: 'high',
  error: 'high',
  moderate: 'medium',
  medium: 'medium',
  warning: 'medium',
  warn: 'medium',
  low: 'low',
  minor: 'low',
  note: 'low',
  negligible: 'low',
  info: 'info',
  informational: 'info',
  none: 'info',
};

/** Our severity for a tool's word, whatever its case; `unknown` for a word that says nothing to us. */
export function severityOf(word: unknown): Severity {
  return (typeof word === 'string' && SEVERITY_OF[word.toLowerCase()]) || 'unknown';
}

/** The highest of what are scores from 0 to 10; null when there is none. */
export function scoreIn(values: readonly unknown[]): number | null {
  const scores = values.filter(
    (value): value is number => typeof value === 'number' && value >= 0 && value <= 10,
  );
  return scores.length > 0 ? Math.max(...scores) : null;
}

/** The severity of a CVSS base score. */
export function severityOfScore(score: number): Severity {
  if (score >= 9) return 'critical';
  if (score >= 7) return 'high';
  if (score >= 4) return 'medium';
  return score > 0 ? 'low' : 'info';
}
