/** From worst to least. `unknown` is no severity at all: a policy must treat it as it treats its worst. */
export const SEVERITIES = ['critical', 'high', 'medium', 'low', 'info', 'unknown'] as const;
export type Severity = (typeof SEVERITIES)[number];

/** What kind of thing was found. */
export const FINDING_CATEGORIES = [
  'code',
  'dependency',
  'secret',
  'licence',
  'misconfiguration',
  'dynamic',
] as const;
export type FindingCategory = (typeof FINDING_CATEGORIES)[number];

/** One thing a tool complains of. */
export interface Finding {
  readonly category: FindingCategory;
  readonly tool: string;
  /** The tool's own id of what is wrong: a rule, an advisory, a CVE. */
  readonly rule: string;
  readonly severity: Severity;
  /** The tool's own word for the severity, as written. */
  readonly level: string;
  /** One line, without the value of a secret, cut at 2,000 characters. */
  readonly message: string;
  readonly place: FindingPlace | null;
  readonly package: FindingPackage | null;
  /** Other names of the same thing, such as a CVE beside a GHSA id. */
  readonly aliases: readonly string[];
  /** null when the tool does not say. */
  readonly isFixAvailable: boolean | null;
  /** Why it does not count, as the report says: suppressed in source, accepted, not affected (VEX); null when it counts. */
  readonly suppressed: string | null;
  /** Against the tool's own baseline (SARIF); null when it has none. `absent` is not there any more. */
  readonly baseline: 'new' | 'unchanged' | 'updated' | 'absent' | null;
  /** CVSS base score or what the tool has instead, 0 to 10; null when it gives none. */
  readonly score: number | null;
  /**
   * What stays the same when lines move: a tool's own partial fingerprint, the text of the line, or the message without its
   * numbers. Never a path and never a line number. `fingerprintsOf` makes the fingerprint with it.
   */
  readonly anchor: string;
}

export interface FindingPlace {
  /** With `/`, as the report names it, without `file://`. */
  readonly path: string;
  readonly line: number | null;
  readonly column: number | null;
}

export interface FindingPackage {
  readonly name: string;
  readonly version: string | null;
}
