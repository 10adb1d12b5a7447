import { CERTAIN, type ReportParser } from './contract.ts';
import { scoreIn, severityOf, severityOfScore } from './finding.ts';
import { FindingCount } from './finding-count.ts';
import { openJsonForm } from './json-form.ts';
import { type JsonRecord, list, pathText, record, text } from './value.ts';

/** OWASP dependency-check JSON. `suppressedVulnerabilities` do not count. */
export const dependencyCheck: ReportParser = {
  kind: 'dependency-check',
  title: 'OWASP dependency-check JSON',
  infer: ({ json, jsonKeys }) =>
    json === 'object' &&
    jsonKeys.has('reportSchema') &&
    (jsonKeys.has('scanInfo') || jsonKeys.has('dependencies'))
      ? CERTAIN
      : 0,
  open: (sink) =>
    openJsonForm(sink, (doubts) => {
      const found = new FindingCount(sink, 'dependency-check');
      let [dependencies, vulnerable] = [0, 0];
      return {
        what: 'a report of OWASP dependency-check',
        needs: ['dependencies'],
        lists: {
          'dependencies/*': (dependency) => {
            dependencies++;
            const counting = list(dependency.vulnerabilities);
            if (counting.length > 0) vulnerable++;
            for (const one of counting) found.add(findingIn(record(one), dependency, null));
            for (const one of list(dependency.suppressedVulnerabilities)) {
              const reason = text(record(one).notes) ?? 'suppressed in the report';
              found.add(findingIn(record(one), dependency, reason));
            }
          },
        },
        values: { scanInfo: (value) => sink.tool('dependency-check', text(record(value).engineVersion)) },
        figures: () => {
          if (dependencies === 0) doubts.add('empty', 'no dependency was looked at');
          return { dependencies, vulnerable_dependencies: vulnerable, ...found.figures() };
        },
      };
    }),
};

function findingIn(vulnerability: JsonRecord, dependency: JsonRecord, suppressed: string | null) {
  const id = text(vulnerability.name) ?? '';
  const score = scoreIn([
    record(vulnerability.cvssv4).baseScore,
    record(vulnerability.cvssv3).baseScore,
    record(vulnerability.cvssv2).score,
  ]);
  const level = text(vulnerability.severity) ?? '';
  const known = severityOf(level);
  const path = text(dependency.filePath);
  return {
    category: 'dependency' as const,
    rule: id,
    severity: known === 'unknown' && score !== null ? severityOfScore(score) : known,
    level,
    message: text(vulnerability.description) ?? id,
    place: path === null ? null : { path: pathText(path), line: null, column: null },
    package: packageOf(dependency),
    suppressed,
    score,
    anchor: '',
  };
}

/** From the package URL (`pkg:maven/org/name@1.2`) when there is one, else the file. */
function packageOf(dependency: JsonRecord) {
  const purl = text(record(list(dependency.packages)[0]).id);
  const [, name, version] = /^pkg:[^/]+\/([^@?#]+)(?:@([^?#]+))?/.exec(purl ?? '') ?? [];
  return { name: name ?? text(dependency.fileName) ?? '', version: version ?? null };
}
