import { CERTAIN, type ReportParser } from './contract.ts';
import { severityOf } from './finding.ts';
import { FindingCount } from './finding-count.ts';
import { openJsonForm } from './json-form.ts';
import { type JsonRecord, list, pathText, record, text } from './value.ts';

/** `dotnet list package --vulnerable --format json`. A package of several frameworks of a project counts once. */
export const dotnetVulnerable: ReportParser = {
  kind: 'dotnet-vulnerable',
  title: 'dotnet list package --vulnerable --format json',
  infer: ({ json, jsonKeys }) =>
    json === 'object' && jsonKeys.has('projects') && (jsonKeys.has('parameters') || jsonKeys.has('problems'))
      ? CERTAIN
      : 0,
  open: (sink) =>
    openJsonForm(sink, (doubts) => {
      const found = new FindingCount(sink, 'dotnet');
      let [projects, packages] = [0, 0];
      return {
        what: 'a list of dotnet list package',
        needs: ['projects'],
        lists: {
          'projects/*': (project) => {
            projects++;
            packages += addProject(project, found);
          },
          'problems/*': (problem, path) => {
            if (text(problem.level)?.toLowerCase() !== 'error') return;
            doubts.add('incomplete', `dotnet says: ${(text(problem.text) ?? '').slice(0, 200)}`, {
              pointer: `/${path.join('/')}`,
            });
          },
        },
        figures: () => {
          if (projects === 0) doubts.add('empty', 'no project was looked at');
          return { projects, packages, ...found.figures() };
        },
      };
    }),
};

/** Returns how many vulnerable packages the project has. */
function addProject(project: JsonRecord, found: FindingCount): number {
  const seen = new Set<string>();
  const packages = new Set<string>();
  for (const framework of list(project.frameworks).map(record)) {
    for (const one of [...list(framework.topLevelPackages), ...list(framework.transitivePackages)].map(
      record,
    )) {
      const name = text(one.id) ?? '';
      const version = text(one.resolvedVersion);
      for (const vulnerability of list(one.vulnerabilities).map(record)) {
        const url = text(vulnerability.advisoryurl) ?? text(vulnerability.advisoryUrl) ?? '';
        const key = JSON.stringify([name, version, url]);
        if (seen.has(key)) continue;
        seen.add(key);
        packages.add(`${name}@${version}`);
        const level = text(vulnerability.severity) ?? '';
        found.add({
          category: 'dependency',
          rule: url.slice(url.lastIndexOf('/') + 1),
          severity: severityOf(level),
          level,
          message: `${name} ${version ?? ''} has the advisory ${url}`,
          place: { path: pathText(text(project.path) ?? ''), line: null, column: null },
          package: { name, version },
          anchor: '',
        });
      }
    }
  }
  return packages.size;
}
