import { nearestName } from '../../base/near.ts';
import { ReportError, type ReportHead, type ReportParser } from './contract.ts';
import { PARSERS } from './parsers.ts';

/** The parser of this name, or null. */
export function parserOf(kind: string): ReportParser | null {
  return PARSERS.find((parser) => parser.kind === kind) ?? null;
}

/** The kind that the name was probably meant to be, or null. */
export function nearestKind(kind: string): string | null {
  return nearestName(
    kind,
    PARSERS.map((parser) => parser.kind),
  );
}

/** Tells the kind of a file from its beginning. A `ReportError` when it can be none, or equally well several. */
export function inferParser(head: ReportHead): ReportParser {
  const sure = PARSERS.map((parser) => ({ parser, confidence: parser.infer(head) })).filter(
    ({ confidence }) => confidence > 0,
  );
  const best = Math.max(0, ...sure.map(({ confidence }) => confidence));
  const [first, ...others] = sure.filter(({ confidence }) => confidence === best);
  if (!first) throw new ReportError('report-kind-unknown', unknownText(head), { suggestion: SAY_KIND });
  if (others.length > 0) {
    const kinds = [first, ...others].map(({ parser }) => parser.kind).join(', ');
    throw new ReportError('report-kind-unknown', `it could be any of ${kinds}`, { suggestion: SAY_KIND });
  }
  return first.parser;
}

const SAY_KIND = 'say which kind it is: --kind KIND';

function unknownText({ xmlRoot, json, text }: ReportHead): string {
  if (xmlRoot) return `no kind of report has the root element <${xmlRoot.slice(0, 60)}>`;
  if (json) return 'it is JSON, but of no kind of report that is known';
  // A tab, a line feed and a return are the only control characters of a text.
  if (/[\u0000-\u0008\u000e-\u001a]/.test(text)) return 'it is no text, so it is no report';
  return 'it is no kind of report that is known';
}
