import { digestOf } from '../../base/digest.ts';
import { CERTAIN, type ReportParser } from './contract.ts';
import { FindingCount } from './finding-count.ts';
import { notOfForm, openJsonForm } from './json-form.ts';
import { isRecord, type JsonRecord, pathText, record, text } from './value.ts';

const WHAT = 'a report of TruffleHog';

/** TruffleHog 3 `--json`: one object a line. The secrets themselves are never kept; a verified one still works. */
export const trufflehog: ReportParser = {
  kind: 'trufflehog',
  title: 'trufflehog --json',
  infer: ({ jsonKeys }) => (jsonKeys.has('SourceMetadata') && jsonKeys.has('DetectorName') ? CERTAIN : 0),
  open: (sink) =>
    openJsonForm(sink, () => {
      const found = new FindingCount(sink, 'TruffleHog');
      let verified = 0;
      return {
        what: WHAT,
        needs: null,
        isSequence: true,
        lists: {
          '*': (leak, path) => {
            // The tool's own log, when both streams went into the file.
            if ('level' in leak && 'msg' in leak && !('DetectorName' in leak)) return;
            if (!('DetectorName' in leak) || !('SourceMetadata' in leak)) {
              throw notOfForm(WHAT, 'an entry has no DetectorName', path);
            }
            if (leak.Verified === true) verified++;
            found.add(findingIn(leak));
          },
        },
        figures: () => ({ verified, ...found.figures() }),
      };
    }),
};

function findingIn(leak: JsonRecord) {
  const rule = text(leak.DetectorName) ?? '';
  const isVerified = leak.Verified === true;
  return {
    category: 'secret' as const,
    rule,
    severity: isVerified ? ('critical' as const) : ('high' as const),
    level: isVerified ? 'verified' : 'unverified',
    message: `a secret of ${rule}${isVerified ? ', which still works' : ''}`,
    place: placeOf(record(leak.SourceMetadata)),
    anchor: digestOf(text(leak.Raw) ?? text(leak.RawV2) ?? ''),
  };
}

/** `{"Data": {"Git": {"file": ..., "line": ...}}}`; the inner key is the kind of source. */
function placeOf(metadata: JsonRecord) {
  const source = Object.values(record(metadata.Data)).find(isRecord) ?? {};
  const path = text(source.file) ?? text(source.link) ?? text(source.path);
  if (path === null) return null;
  return { path: pathText(path), line: typeof source.line === 'number' ? source.line : null, column: null };
}
