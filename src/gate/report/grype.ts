import { CERTAIN, type ReportParser } from './contract.ts';
import { scoreIn, severityOf } from './finding.ts';
import { FindingCount } from './finding-count.ts';
import { openJsonForm } from './json-form.ts';
import { type JsonRecord, list, pathText, record, text } from './value.ts';

/** Grype JSON: `matches`, and `ignoredMatches` which do not count. */
export const grype: ReportParser = {
  kind: 'grype',
  title: 'Grype -o json',
  infer: ({ json, jsonKeys, text }) =>
    json === 'object' &&
    jsonKeys.has('matches') &&
    /"vulnerability"|"descriptor"|"ignoredMatches"|"source"/.test(text)
      ? CERTAIN
      : 0,
  open: (sink) =>
    openJsonForm(sink, () => {
      const found = new FindingCount(sink, 'Grype');
      return {
        what: 'a report of Grype',
        needs: ['matches'],
        lists: {
          'matches/*': (match) => found.add(findingIn(match, null)),
          'ignoredMatches/*': (match) => found.add(findingIn(match, reasonOf(match))),
        },
        values: { descriptor: (value) => sink.tool('Grype', text(record(value).version)) },
        figures: () => found.figures(),
      };
    }),
};

function findingIn(match: JsonRecord, suppressed: string | null) {
  const vulnerability = record(match.vulnerability);
  const artifact = record(match.artifact);
  const level = text(vulnerability.severity) ?? 'Unknown';
  const id = text(vulnerability.id) ?? '';
  const path = text(record(list(artifact.locations)[0]).path);
  return {
    category: 'dependency' as const,
    rule: id,
    severity: severityOf(level),
    level,
    message: text(vulnerability.description) ?? id,
    place: path === null ? null : { path: pathText(path), line: null, column: null },
    package: { name: text(artifact.name) ?? '', version: text(artifact.version) },
    aliases: list(match.relatedVulnerabilities).flatMap((one) => text(record(one).id) ?? []),
    isFixAvailable: list(record(vulnerability.fix).versions).length > 0,
    suppressed,
    score: scoreIn(list(vulnerability.cvss).map((one) => record(record(one).metrics).baseScore)),
    anchor: '',
  };
}

function reasonOf(match: JsonRecord): string {
  const rule = record(list(match.appliedIgnoreRules)[0]);
  return text(rule.reason) ?? text(rule.namespace) ?? 'ignored by a rule of Grype';
}
