import { CERTAIN, LIKELY, type ReportParser } from './contract.ts';
import { scoreIn, severityOf } from './finding.ts';
import { FindingCount } from './finding-count.ts';
import { notOfForm, openJsonForm } from './json-form.ts';
import { type JsonRecord, list, record, text } from './value.ts';

const WHAT = 'a report of bundler-audit';

/** `bundle-audit check --format json`: gems with advisories, and sources without encryption. */
export const bundlerAudit: ReportParser = {
  kind: 'bundler-audit',
  title: 'bundle-audit check --format json',
  infer: ({ json, jsonKeys, text }) => {
    if (json !== 'object' || !jsonKeys.has('results')) return 0;
    if (/"type"\s*:\s*"(?:unpatched_gem|insecure_source)"/.test(text)) return CERTAIN;
    return jsonKeys.has('version') && jsonKeys.has('created_at') ? LIKELY : 0;
  },
  open: (sink) =>
    openJsonForm(sink, () => {
      const found = new FindingCount(sink, 'bundler-audit');
      return {
        what: WHAT,
        needs: ['results'],
        lists: {
          'results/*': (result, path) => {
            if (result.type === 'insecure_source') found.add(sourceFinding(text(result.source) ?? ''));
            else if (result.gem !== undefined) found.add(gemFinding(result));
            else throw notOfForm(WHAT, 'a result is neither a gem nor a source', path);
          },
        },
        values: { version: (value) => sink.tool('bundler-audit', text(value)) },
        figures: () => found.figures(),
      };
    }),
};

function gemFinding(result: JsonRecord) {
  const gem = record(result.gem);
  const advisory = record(result.advisory);
  const level = text(advisory.criticality) ?? '';
  const id = text(advisory.id) ?? '';
  const ghsa = text(advisory.ghsa);
  return {
    category: 'dependency' as const,
    rule: id,
    severity: severityOf(level),
    level,
    message: text(advisory.title) ?? id,
    package: { name: text(gem.name) ?? '', version: text(gem.version) },
    aliases:
      ghsa === null ? [] : [ghsa.startsWith('GHSA-') ? ghsa : `GHSA-${ghsa}`].filter((one) => one !== id),
    isFixAvailable: list(advisory.patched_versions).length > 0,
    score: scoreIn([advisory.cvss_v4, advisory.cvss_v3, advisory.cvss_v2]),
    anchor: '',
  };
}

function sourceFinding(source: string) {
  return {
    category: 'misconfiguration' as const,
    rule: 'insecure_source',
    severity: 'medium' as const,
    level: '',
    message: `gems come from ${source} without encryption`,
  };
}
