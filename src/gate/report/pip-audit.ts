import type { FactSink } from '../facts/facts.ts';
import { CERTAIN, type Figures, type ReportParser, type ReportReader } from './contract.ts';
import { openEither } from './either.ts';
import { FindingCount } from './finding-count.ts';
import { type JsonForm, notOfForm, openJsonForm } from './json-form.ts';
import { type Doubts, type JsonRecord, list, record, text } from './value.ts';

const WHAT = 'a report of pip-audit';

/** pip-audit JSON: `{"dependencies": [...]}`, and the bare list of versions before 2.0. It knows no severities. */
export const pipAudit: ReportParser = {
  kind: 'pip-audit',
  title: 'pip-audit --format json',
  infer: ({ json, jsonKeys, text }) => {
    if (json === 'object' && jsonKeys.has('dependencies') && /"vulns"\s*:|"skip_reason"\s*:/.test(text))
      return CERTAIN;
    return json === 'array' && jsonKeys.has('name') && (jsonKeys.has('vulns') || jsonKeys.has('skip_reason'))
      ? CERTAIN
      : 0;
  },
  open: (sink): ReportReader =>
    openEither((isList) => openJsonForm(sink, (doubts) => formOf(sink, doubts, isList))),
};

function formOf(sink: FactSink, doubts: Doubts, isList: boolean): JsonForm {
  const found = new FindingCount(sink, 'pip-audit');
  let [dependencies, skipped] = [0, 0];
  const add = (dependency: JsonRecord, path: readonly (string | number)[]): void => {
    const name = text(dependency.name);
    if (name === null) throw notOfForm(WHAT, 'a dependency has no name', path);
    const reason = text(dependency.skip_reason);
    if (reason === null && dependency.vulns === undefined)
      throw notOfForm(WHAT, `${name} has no vulns`, path);
    dependencies++;
    if (reason !== null) {
      skipped++;
      doubts.add('incomplete', `${name} was not looked at: ${reason.slice(0, 200)}`, {
        pointer: `/${path.join('/')}`,
      });
    }
    for (const one of list(dependency.vulns))
      found.add(findingIn(record(one), name, text(dependency.version)));
  };
  const figures = (): Figures => {
    if (dependencies === 0) doubts.add('empty', 'no dependency was looked at');
    return { dependencies, skipped, ...found.figures() };
  };
  const lists = { [isList ? '*' : 'dependencies/*']: add };
  return { what: WHAT, needs: isList ? null : ['dependencies'], lists, figures };
}

function findingIn(vulnerability: JsonRecord, name: string, version: string | null) {
  const id = text(vulnerability.id) ?? '';
  return {
    category: 'dependency' as const,
    rule: id,
    severity: 'unknown' as const,
    level: '',
    message: text(vulnerability.description) ?? id,
    package: { name, version },
    aliases: list(vulnerability.aliases).flatMap((one) => text(one) ?? []),
    isFixAvailable: list(vulnerability.fix_versions).length > 0,
    anchor: '',
  };
}
