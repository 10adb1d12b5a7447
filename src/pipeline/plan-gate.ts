import type { Place } from '../base/diagnostic.ts';

/** Ready conditions by name. What each of them demands is defined in the gate room. */
export const GATE_PRESETS = [
  'compilation',
  'dependency-audit',
  'coverage-unit',
  'coverage-integration',
  'coverage-total',
  'mutation',
  'sast',
  'dast',
  'sca',
  'secrets',
  'container',
  'licenses',
  'vulnerabilities',
  'load',
  'resources',
  'canary-health',
  'smoke',
  'audit-log',
  'complexity',
  'function-length',
  'benchmark',
  'flaky-rate',
  'security-score',
  'e2e-journeys',
  'build-time',
  'artifact-size',
] as const;
export type GatePreset = (typeof GATE_PRESETS)[number];

export const SEVERITIES = ['critical', 'high', 'medium', 'low', 'info'] as const;
export type Severity = (typeof SEVERITIES)[number];

/**
 * One condition on facts. null means "not said": then the preset's value holds, and without a preset the default, which is
 * `scope: all`, `mode: block`, `missing: fail`.
 */
export interface GateCondition {
  /** Unique in its list: given, or the preset, or the metric. Waivers name it. */
  readonly name: string;
  readonly preset: GatePreset | null;
  /** An expression over facts, without `${{ }}`. */
  readonly metric: { readonly source: string; readonly place: Place } | null;
  readonly atLeast: number | null;
  readonly atMost: number | null;
  readonly notBelow: Ratchet | null;
  /** The most findings of each severity; a severity that is not named has no limit of its own. */
  readonly severities: Readonly<Partial<Record<Severity, number>>>;
  readonly scope: 'all' | 'new' | null;
  /** With fewer than this (lines, cases, requests: what the metric counts) nothing is decided. */
  readonly minSample: number | null;
  readonly mode: 'block' | 'warn' | 'shadow' | null;
  readonly missing: 'fail' | 'warn' | 'skip' | null;
  readonly exceptions: readonly GateException[];
  readonly place: Place;
}

/** Not worse than on the target branch. */
export interface Ratchet {
  readonly reference: 'target';
  /** How much worse it may be, in the metric's own unit. */
  readonly tolerance: number;
  /** `removed`: the reference is computed without the lines that the change removes. */
  readonly adjust: 'removed' | 'none';
}

/** Where a condition does not count: on changes with one of the labels, or for facts below one of the paths. */
export interface GateException {
  readonly labels: readonly string[];
  readonly paths: readonly string[];
  readonly reason: string | null;
  readonly place: Place;
}

/** A failure that is accepted for a while. Whether its length and its approver are right is judged by the gate room. */
export interface Waiver {
  /** Name of the condition that it is for. */
  readonly condition: string;
  /** What of the condition's facts it covers, each by equality, `path` by glob. Empty: all of them. */
  readonly match: Readonly<Partial<Record<'rule' | 'path' | 'fingerprint' | 'package' | 'test', string>>>;
  readonly owner: string;
  readonly reason: string;
  readonly ticket: string | null;
  readonly approver: string;
  /** UTC, ISO 8601: it holds from this moment on, and its length counts from here. Not there: from whenever it is looked at. */
  readonly granted?: string;
  /** UTC, ISO 8601: it holds before this moment. */
  readonly expires: string;
  /** An emergency bypass: at most 24 hours, and it opens a review that stays open until it is closed with a text. */
  readonly emergency: boolean;
  readonly place: Place;
}
