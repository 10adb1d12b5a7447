import { CERTAIN, LIKELY, type ReportParser } from './contract.ts';
import { severityOf } from './finding.ts';
import { FindingCount } from './finding-count.ts';
import { notOfForm, openJsonForm } from './json-form.ts';
import { type JsonRecord, pathText, record, text } from './value.ts';

const WHAT = 'a report of secretlint';

/**
 * secretlint `--format json`. It carries the whole file as `sourceContent`, and the secret in `message` and `data`: nothing of
 * them is kept, a finding's message is made of the names of rule and message.
 */
export const secretlint: ReportParser = {
  kind: 'secretlint',
  title: 'secretlint --format json',
  infer: ({ json, jsonKeys, text }) => {
    if (json !== 'array' || !jsonKeys.has('filePath')) return 0;
    if (jsonKeys.has('sourceContentType')) return CERTAIN;
    return /"@secretlint\//.test(text) ? LIKELY : 0;
  },
  open: (sink) =>
    openJsonForm(sink, (doubts) => {
      const found = new FindingCount(sink, 'secretlint');
      let files = 0;
      let path = '';
      return {
        what: WHAT,
        needs: null,
        skip: ['*/sourceContent'],
        lists: { '*/messages/*': (message) => found.add(findingIn(message, path)) },
        values: {
          '*/filePath': (value, at) => {
            if (text(value) === null) throw notOfForm(WHAT, 'an entry has no filePath', at);
            files++;
            path = pathText(text(value)!);
          },
        },
        figures: () => {
          if (files === 0) doubts.add('empty', 'no file was looked at');
          return { files, ...found.figures() };
        },
      };
    }),
};

function findingIn(message: JsonRecord, path: string) {
  const level = text(message.severity) ?? '';
  const rule = text(message.ruleId) ?? '';
  const { line, column } = record(record(message.loc).start);
  return {
    category: 'secret' as const,
    rule,
    severity: severityOf(level),
    level,
    message: `${text(message.messageId) ?? 'a secret'} (${rule})`,
    place: {
      path,
      line: typeof line === 'number' && line > 0 ? line : null,
      // It counts columns from 0.
      column: typeof column === 'number' && column >= 0 ? column + 1 : null,
    },
  };
}
