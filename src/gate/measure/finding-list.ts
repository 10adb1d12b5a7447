import { type Finding, type FindingCategory, SEVERITIES, type Severity } from '../facts/finding.ts';
import { compareFindings, rankOf } from './compare-finding.ts';
import { firstItems, ROWS_MAX } from './measurement.ts';

/**
 * Findings of one category. What is asked of them is found out once: there may be 100,000, and getting at each is what takes the
 * time. For the same reason whoever needs all of them takes them in their own order.
 */
export class FindingList {
  readonly category: FindingCategory;
  readonly findings: readonly Finding[];
  #bySeverity: BySeverity | null = null;
  readonly #first = new Map<Severity, readonly Finding[]>();

  constructor(category: FindingCategory, findings: readonly Finding[]) {
    this.category = category;
    this.findings = findings;
  }

  /** Those of one severity. */
  of(severity: Severity): readonly Finding[] {
    this.#bySeverity ??= bySeverity(this.findings);
    return this.#bySeverity[severity];
  }

  /** Of one severity the first in the order of `compareFindings`, as many as rows are shown. */
  first(severity: Severity): readonly Finding[] {
    let first = this.#first.get(severity);
    if (!first) {
      first = firstItems(this.of(severity), compareFindings).shown;
      this.#first.set(severity, first);
    }
    return first;
  }
}

/** Sorts findings into a list for each category. Those that do not count are left out. */
export function findingLists(
  findings: readonly Finding[],
  counts: ((finding: Finding) => boolean) | null = null,
): FindingList[] {
  const byCategory = new Map<FindingCategory, Finding[]>();
  let category: FindingCategory | null = null;
  let list: Finding[] = [];
  for (const finding of findings) {
    if (counts !== null && !counts(finding)) continue;
    if (finding.category !== category) {
      category = finding.category;
      list = byCategory.get(category) ?? [];
      byCategory.set(category, list);
    }
    list.push(finding);
  }
  return [...byCategory].map(([of, some]) => new FindingList(of, some));
}

/** The findings of several lists. */
export function together(lists: readonly FindingList[]): readonly Finding[] {
  if (lists.length === 1) return lists[0]!.findings;
  const none: Finding[] = [];
  return none.concat(...lists.map(({ findings }) => findings));
}

/** How many findings of these severities the lists hold. */
export function sizeOf(lists: readonly FindingList[], severities: readonly Severity[]): number {
  let size = 0;
  for (const list of lists) {
    if (severities === SEVERITIES) size += list.findings.length;
    else for (const severity of severities) size += list.of(severity).length;
  }
  return size;
}

/** The first of several lists, worst first, as many as rows are shown. What is not bad enough is not looked at. */
export function firstOf(lists: readonly FindingList[], severities: readonly Severity[]): readonly Finding[] {
  const ranks = [...new Set(severities.map(rankOf))].sort((a, b) => a - b);
  const first: Finding[] = [];
  for (const rank of ranks) {
    if (first.length >= ROWS_MAX) break;
    const equal = severities.filter((severity) => rankOf(severity) === rank);
    const found = lists.flatMap((list) => equal.flatMap((severity) => list.first(severity)));
    first.push(...found.sort(compareFindings));
  }
  return first.slice(0, ROWS_MAX);
}

type BySeverity = Readonly<Record<Severity, readonly Finding[]>>;

function bySeverity(findings: readonly Finding[]): BySeverity {
  const lists: Record<Severity, Finding[]> = {
    critical: [],
    high: [],
    medium: [],
    low: [],
    info: [],
    unknown: [],
  };
  for (const finding of findings) {
    const { severity } = finding;
    if (severity === 'critical') lists.critical.push(finding);
    else if (severity === 'high') lists.high.push(finding);
    else if (severity === 'medium') lists.medium.push(finding);
    else if (severity === 'low') lists.low.push(finding);
    else if (severity === 'info') lists.info.push(finding);
    else lists.unknown.push(finding);
  }
  return lists;
}
