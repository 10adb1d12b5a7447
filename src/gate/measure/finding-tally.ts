import type { Finding } from '../facts/finding.ts';
import { compareFindings } from './compare-finding.ts';

/** Findings that are the same but for their lines. Nearly always one on each side, so that lists are made only for more. */
interface Group {
  readonly like: Finding;
  /** How many were counted. */
  count: number;
  /** How many were taken against them, and which. */
  taken: number;
  first: Finding | null;
  more: Finding[] | null;
  /** With the same path, rule and text, of another tool, category or package. */
  readonly next: Group | null;
}

/**
 * Findings by what stays when lines move and files are renamed: path, rule and text, then tool, category and package. Levels of
 * maps instead of one long key: 200,000 joined texts cost more than everything else in a verdict.
 */
export class FindingTally {
  readonly #byPath = new Map<string, Map<string, Map<string, Group>>>();
  /** Groups of which more were taken than were counted. */
  readonly #exceeded: Group[] = [];

  /** Counts one; `path` is where its file is now. */
  add(finding: Finding, path: string): void {
    const byRule = child(this.#byPath, path, () => new Map<string, Map<string, Group>>());
    const byAnchor = child(byRule, finding.rule, () => new Map<string, Group>());
    const next = byAnchor.get(finding.anchor) ?? null;
    const group = alike(next, finding);
    if (group) group.count++;
    else byAnchor.set(finding.anchor, { like: finding, count: 1, taken: 0, first: null, more: null, next });
  }

  /** Takes one against those that were counted. Returns whether anything like it was. */
  take(finding: Finding, path: string): boolean {
    const groups = this.#byPath.get(path)?.get(finding.rule)?.get(finding.anchor) ?? null;
    const group = alike(groups, finding);
    if (group === null) return false;
    if (group.first === null) group.first = finding;
    else {
      group.more ??= [];
      group.more.push(finding);
    }
    group.taken++;
    if (group.taken === group.count + 1) this.#exceeded.push(group);
    return true;
  }

  /** The worst of what was taken beyond what was counted. */
  beyond(): readonly Finding[] {
    return this.#exceeded.flatMap(({ first, more, taken, count }) =>
      [first!, ...more!].sort(compareFindings).slice(0, taken - count),
    );
  }
}

function child<V>(map: Map<string, V>, key: string, make: () => V): V {
  let value = map.get(key);
  if (value === undefined) {
    value = make();
    map.set(key, value);
  }
  return value;
}

function alike(groups: Group | null, finding: Finding): Group | null {
  for (let group = groups; group !== null; group = group.next)
    if (isSameKind(group.like, finding)) return group;
  return null;
}

function isSameKind(a: Finding, b: Finding): boolean {
  return (
    a.category === b.category && a.tool === b.tool && (a.package?.name ?? '') === (b.package?.name ?? '')
  );
}
