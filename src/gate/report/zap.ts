import { CERTAIN, type ReportParser } from './contract.ts';
import { FindingCount } from './finding-count.ts';
import { openJsonForm } from './json-form.ts';
import { type JsonRecord, list, record, text } from './value.ts';

/** ZAP's traditional JSON report. One finding for each alert of a site, with the first place where it was seen. */
export const zap: ReportParser = {
  kind: 'zap',
  title: 'ZAP traditional JSON report',
  infer: ({ json, jsonKeys, text }) =>
    json === 'object' && jsonKeys.has('site') && (jsonKeys.has('@version') || /"alerts"\s*:/.test(text))
      ? CERTAIN
      : 0,
  open: (sink) =>
    openJsonForm(sink, (doubts) => {
      const found = new FindingCount(sink, 'ZAP');
      let [sites, instances] = [0, 0];
      return {
        what: 'a report of ZAP',
        needs: ['site'],
        lists: {
          'site/*/alerts/*': (alert) => {
            instances += list(alert.instances).length;
            found.add(findingIn(alert));
          },
        },
        values: {
          '@version': (value) => sink.tool('ZAP', text(value)),
          'site/*/@name': () => {
            sites++;
          },
        },
        figures: () => {
          if (sites === 0) doubts.add('empty', 'no site was looked at');
          return { sites, instances, ...found.figures() };
        },
      };
    }),
};

const SEVERITIES = ['info', 'low', 'medium', 'high'] as const;

function findingIn(alert: JsonRecord) {
  const risk = String(alert.riskcode ?? '');
  const isFalse = String(alert.confidence ?? '') === '0';
  const name = text(alert.name) ?? text(alert.alert) ?? '';
  const url = text(record(list(alert.instances)[0]).uri);
  return {
    category: 'dynamic' as const,
    rule: text(alert.alertRef) ?? text(alert.pluginid) ?? '',
    severity: /^[0-3]$/.test(risk) ? SEVERITIES[Number(risk)]! : ('unknown' as const),
    level: text(alert.riskdesc)?.replace(/ \(.*$/, '') ?? risk,
    message: name,
    place: url === null ? null : { path: url.replace(/[?#].*$/s, ''), line: null, column: null },
    suppressed: isFalse ? 'marked as a false positive' : null,
  };
}
