import type { FactSink } from '../facts/facts.ts';
import { CERTAIN, type Figures, LIKELY, ReportError, type ReportParser } from './contract.ts';
import { openEither } from './either.ts';
import { scoreIn, severityOf } from './finding.ts';
import { FindingCount } from './finding-count.ts';
import { type JsonForm, openJsonForm } from './json-form.ts';
import { type JsonRecord, list, record, text } from './value.ts';

/** `snyk test --json`: one project, or a list of them. Snyk tells an issue once for each path to it; it counts once. */
export const snyk: ReportParser = {
  kind: 'snyk',
  title: 'snyk test --json',
  infer: ({ json, jsonKeys }) => {
    if (json !== 'object' && json !== 'array') return 0;
    if (jsonKeys.has('vulnerabilities') && jsonKeys.has('ok')) return CERTAIN;
    return jsonKeys.has('ok') && jsonKeys.has('error') && jsonKeys.has('path') ? LIKELY : 0;
  },
  open: (sink) => openEither((isList) => openJsonForm(sink, () => formOf(sink, isList))),
};

const WHAT = 'a report of snyk test';

function formOf(sink: FactSink, isList: boolean): JsonForm {
  const found = new FindingCount(sink, 'Snyk');
  const seen = new Set<string>();
  let projects = 0;
  let issues = 0;
  const add = (issue: JsonRecord): void => {
    issues++;
    const key = JSON.stringify([projects, issue.id, issue.packageName ?? issue.name, issue.version]);
    if (seen.has(key)) return;
    seen.add(key);
    found.add(findingIn(issue));
  };
  const figures = (): Figures => ({ projects: isList ? projects : 1, issues, ...found.figures() });
  if (isList) {
    return {
      what: WHAT,
      needs: null,
      lists: {
        '*': (project, path) => {
          projects++;
          checkError(text(project.error), path);
          if (project.vulnerabilities === undefined) {
            throw new ReportError(
              'report-not-this-kind',
              `it is not ${WHAT}: a project has no vulnerabilities`,
              {
                pointer: `/${path[0]}`,
              },
            );
          }
          for (const issue of list(project.vulnerabilities)) add(record(issue));
        },
      },
      figures,
    };
  }
  return {
    what: WHAT,
    needs: ['vulnerabilities'],
    lists: { 'vulnerabilities/*': add },
    values: { error: (error, path) => checkError(text(error), path) },
    figures,
  };
}

function checkError(error: string | null, path: readonly (string | number)[]): void {
  if (error === null) return;
  throw new ReportError('report-tool-error', `Snyk failed: ${error.split('\n')[0]!.slice(0, 200)}`, {
    pointer: `/${path.join('/')}`,
    figures: { parse: 'tool-error' },
  });
}

function findingIn(issue: JsonRecord) {
  const level = text(issue.severity) ?? 'unknown';
  const identifiers = record(issue.identifiers);
  return {
    category: issue.type === 'license' ? ('licence' as const) : ('dependency' as const),
    rule: text(issue.id) ?? '',
    severity: severityOf(level),
    level,
    message: text(issue.title) ?? text(issue.id) ?? '',
    package: { name: text(issue.packageName) ?? text(issue.name) ?? '', version: text(issue.version) },
    aliases: [...list(identifiers.CVE), ...list(identifiers.GHSA)].flatMap((one) => text(one) ?? []),
    isFixAvailable:
      issue.isUpgradable === true || issue.isPatchable === true || list(issue.fixedIn).length > 0,
    score: scoreIn([issue.cvssScore]),
    anchor: '',
  };
}
