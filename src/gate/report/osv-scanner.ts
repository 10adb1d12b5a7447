import { CERTAIN, type ReportParser } from './contract.ts';
import { severityOf, severityOfScore } from './finding.ts';
import { FindingCount } from './finding-count.ts';
import { openJsonForm } from './json-form.ts';
import { type JsonRecord, list, pathText, record, text } from './value.ts';

/** OSV-Scanner JSON. One finding for each group of ids that mean the same vulnerability of a package. */
export const osvScanner: ReportParser = {
  kind: 'osv-scanner',
  title: 'osv-scanner --format json',
  infer: ({ json, jsonKeys, text }) => {
    if (json !== 'object' || !jsonKeys.has('results')) return 0;
    return jsonKeys.has('experimental_config') || /"packages"\s*:\s*\[\s*\{\s*"package"\s*:/.test(text)
      ? CERTAIN
      : 0;
  },
  open: (sink) =>
    openJsonForm(sink, () => {
      const found = new FindingCount(sink, 'OSV-Scanner');
      let [sources, packages] = [0, 0];
      let path: string | null = null;
      return {
        what: 'a report of OSV-Scanner',
        needs: ['results'],
        lists: {
          'results/*/packages/*': (entry) => {
            packages++;
            for (const finding of findingsIn(entry, path)) found.add(finding);
          },
        },
        values: {
          'results/*/source': (value) => {
            sources++;
            path = text(record(value).path);
          },
        },
        figures: () => ({ sources, packages, ...found.figures() }),
      };
    }),
};

function findingsIn(entry: JsonRecord, path: string | null) {
  const { name, version } = record(entry.package);
  const vulnerabilities = new Map(list(entry.vulnerabilities).map((one) => [record(one).id, record(one)]));
  const known = list(entry.groups).map((one) => record(one));
  const groups =
    known.length > 0 ? known : [...vulnerabilities.keys()].map((id) => ({ ids: [id] }) as JsonRecord);
  return groups.map((group) => {
    const ids = list(group.ids).flatMap((id) => text(id) ?? []);
    const first = vulnerabilities.get(ids[0]) ?? {};
    const score = scoreOf(group.max_severity);
    const level = text(record(first.database_specific).severity) ?? '';
    return {
      category: 'dependency' as const,
      rule: ids[0] ?? '',
      severity: score === null ? severityOf(level) : severityOfScore(score),
      level: level || (text(group.max_severity) ?? ''),
      message: text(first.summary) ?? text(first.details) ?? ids[0] ?? '',
      place: path === null ? null : { path: pathText(path), line: null, column: null },
      package: { name: text(name) ?? '', version: text(version) },
      aliases: [...new Set([...ids.slice(1), ...list(group.aliases).flatMap((id) => text(id) ?? [])])].filter(
        (id) => id !== ids[0],
      ),
      isFixAvailable: isFixed(first),
      score,
      anchor: '',
    };
  });
}

function scoreOf(value: unknown): number | null {
  const score = typeof value === 'string' && value.trim() !== '' ? Number(value) : Number.NaN;
  return score >= 0 && score <= 10 ? score : null;
}

/** Some range of the vulnerability ends with a version that is fixed; null when it says nothing of ranges. */
function isFixed(vulnerability: JsonRecord): boolean | null {
  const affected = list(vulnerability.affected);
  if (affected.length === 0) return null;
  return affected.some((one) =>
    list(record(one).ranges).some((range) =>
      list(record(range).events).some((event) => text(record(event).fixed) !== null),
    ),
  );
}
