import type { Finding } from '../facts/finding.ts';

/** Findings that are the same but for their lines. */
interface Group {
  readonly like: Finding;
  count: number;
  readonly findings: Finding[];
}

/**
 * Findings by what stays when lines move and files are renamed: path, rule and text, then tool, category and package. Levels of
 * maps instead of one long key: 200,000 joined texts cost more than everything else in a verdict.
 */
export class FindingTally {
  readonly #byPath = new Map<string, Map<string, Map<string, Group[]>>>();

  /** Counts one; `path` is where its file is now. */
  add(finding: Finding, path: string): void {
    const byRule = child(this.#byPath, path, () => new Map<string, Map<string, Group[]>>());
    const byAnchor = child(byRule, finding.rule, () => new Map<string, Group[]>());
    const groups = child(byAnchor, finding.anchor, (): Group[] => []);
    const group = groups.find(({ like }) => isSameKind(like, finding));
    if (group) group.count++;
    else groups.push({ like: finding, count: 1, findings: [] });
  }

  /** The group that it belongs to; null when nothing like it was counted. */
  find(finding: Finding, path: string): Group | null {
    const groups = this.#byPath.get(path)?.get(finding.rule)?.get(finding.anchor);
    return groups?.find(({ like }) => isSameKind(like, finding)) ?? null;
  }

  /** Every group that somebody put findings into. */
  *touched(): Generator<Group> {
    for (const byRule of this.#byPath.values())
      for (const byAnchor of byRule.values())
        for (const groups of byAnchor.values())
          for (const group of groups) if (group.findings.length > 0) yield group;
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

function isSameKind(a: Finding, b: Finding): boolean {
  return (
    a.category === b.category && a.tool === b.tool && (a.package?.name ?? '') === (b.package?.name ?? '')
  );
}
