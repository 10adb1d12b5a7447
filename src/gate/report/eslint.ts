import { CERTAIN, LIKELY, type ReportParser } from './contract.ts';
import { FindingCount } from './finding-count.ts';
import { notOfForm, openJsonForm } from './json-form.ts';
import { finite, type JsonRecord, list, pathText, record, text } from './value.ts';

const WHAT = 'a report of ESLint';

/** ESLint's `json` formatter. What a comment switched off does not count. */
export const eslint: ReportParser = {
  kind: 'eslint',
  title: 'eslint --format json',
  infer: ({ json, jsonKeys }) => {
    if (json !== 'array' || !jsonKeys.has('filePath')) return 0;
    if (jsonKeys.has('errorCount') || jsonKeys.has('suppressedMessages')) return CERTAIN;
    return jsonKeys.has('messages') && !jsonKeys.has('sourceContent') ? LIKELY : 0;
  },
  open: (sink) =>
    openJsonForm(sink, (doubts) => {
      const found = new FindingCount(sink, 'ESLint');
      let [files, errors, warnings, fatal] = [0, 0, 0, 0];
      let path = '';
      return {
        what: WHAT,
        needs: null,
        // The sources of every file with a message.
        skip: ['*/source', '*/output', '*/usedDeprecatedRules', '*/stats'],
        lists: {
          '*/messages/*': (message) => {
            if (message.severity === 2) errors++;
            else warnings++;
            if (message.fatal === true) fatal++;
            found.add(findingIn(message, path));
          },
          '*/suppressedMessages/*': (message) => found.add(findingIn(message, path, reasonOf(message))),
        },
        values: {
          '*/filePath': (value, at) => {
            if (text(value) === null) throw notOfForm(WHAT, 'an entry has no filePath', at);
            files++;
            path = pathText(text(value)!);
          },
        },
        figures: () => {
          if (files === 0) doubts.add('empty', 'no file was looked at');
          return { files, errors, warnings, fatal, ...found.figures() };
        },
      };
    }),
};

function findingIn(message: JsonRecord, path: string, suppressed: string | null = null) {
  const isError = message.severity === 2;
  return {
    category: 'code' as const,
    // Without a rule it is a file that could not be parsed, or a comment about no rule.
    rule: text(message.ruleId) ?? (message.fatal === true ? 'parse-error' : ''),
    severity: isError ? ('high' as const) : ('medium' as const),
    level: isError ? 'error' : 'warning',
    message: text(message.message) ?? '',
    place: { path, line: finite(message.line), column: finite(message.column) },
    isFixAvailable: message.fix !== undefined,
    suppressed,
  };
}

function reasonOf(message: JsonRecord): string {
  const justification = text(record(list(message.suppressions)[0]).justification);
  return justification ?? 'switched off by a comment';
}
