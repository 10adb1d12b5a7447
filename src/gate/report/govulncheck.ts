import { CERTAIN, type ReportParser } from './contract.ts';
import { FindingCount } from './finding-count.ts';
import { notOfForm, openJsonForm } from './json-form.ts';
import { type JsonRecord, list, pathText, record, text } from './value.ts';

const WHAT = 'a report of govulncheck';
const MESSAGES = ['config', 'progress', 'SBOM', 'osv', 'finding'];

/**
 * `govulncheck -format json`: a stream of messages. Of one vulnerability it tells that a module is required, a package imported
 * and a function called; only what is called counts, as for its own exit code.
 */
export const govulncheck: ReportParser = {
  kind: 'govulncheck',
  title: 'govulncheck -format json',
  infer: ({ jsonKeys, text }) =>
    jsonKeys.has('config') && /"protocol_version"|"scanner_name"\s*:\s*"govulncheck"/.test(text)
      ? CERTAIN
      : 0,
  open: (sink) =>
    openJsonForm(sink, () => {
      const found = new FindingCount(sink, 'govulncheck');
      const advisories = new Map<string, JsonRecord>();
      const worst = new Map<string, Reach>();
      let hasConfig = false;
      return {
        what: WHAT,
        needs: null,
        isSequence: true,
        lists: {
          '*': (message, path) => {
            if (!MESSAGES.some((key) => key in message))
              throw notOfForm(WHAT, 'a message of no known kind', path);
            if ('config' in message) {
              hasConfig = true;
              sink.tool('govulncheck', text(record(message.config).scanner_version));
            }
            const osv = record(message.osv);
            if ('osv' in message) advisories.set(text(osv.id) ?? '', slim(osv));
            if ('finding' in message) keepWorst(worst, reachOf(record(message.finding)));
          },
        },
        figures: () => {
          if (!hasConfig) throw notOfForm(WHAT, 'it has no config');
          const counts = { called: 0, imported: 0, required: 0 };
          for (const reach of worst.values()) {
            counts[reach.level]++;
            found.add(findingOf(reach, advisories.get(reach.id) ?? {}));
          }
          return { ...counts, advisories: advisories.size, ...found.figures() };
        },
      };
    }),
};

const LEVELS = ['required', 'imported', 'called'] as const;

/** How far a vulnerability reaches into the module. */
interface Reach {
  readonly id: string;
  readonly level: (typeof LEVELS)[number];
  readonly module: string;
  readonly version: string | null;
  readonly fixed: string | null;
  readonly path: string | null;
  readonly line: number | null;
}

function reachOf(finding: JsonRecord): Reach {
  const trace = list(finding.trace).map(record);
  const [first = {}] = trace;
  const level =
    text(first.function) !== null ? 'called' : text(first.package) !== null ? 'imported' : 'required';
  // The last frame is the one in the module that was looked at.
  const position = record(trace.at(-1)?.position);
  return {
    id: text(finding.osv) ?? '',
    level,
    module: text(first.module) ?? '',
    version: text(first.version),
    fixed: text(finding.fixed_version),
    path: text(position.filename),
    line: typeof position.line === 'number' && position.line > 0 ? position.line : null,
  };
}

function keepWorst(worst: Map<string, Reach>, reach: Reach): void {
  const key = JSON.stringify([reach.id, reach.module]);
  const known = worst.get(key);
  if (!known || LEVELS.indexOf(reach.level) > LEVELS.indexOf(known.level)) worst.set(key, reach);
}

/** What is needed of an advisory. */
function slim({ summary, details, aliases }: JsonRecord): JsonRecord {
  return { summary: text(summary) ?? text(details)?.slice(0, 2000), aliases };
}

function findingOf(reach: Reach, advisory: JsonRecord) {
  return {
    category: 'dependency' as const,
    rule: reach.id,
    severity: 'unknown' as const,
    level: reach.level,
    message: text(advisory.summary) ?? reach.id,
    place: reach.path === null ? null : { path: pathText(reach.path), line: reach.line, column: null },
    package: { name: reach.module, version: reach.version },
    aliases: list(advisory.aliases).flatMap((one) => text(one) ?? []),
    isFixAvailable: reach.fixed !== null,
    suppressed: reach.level === 'called' ? null : `not called, only ${reach.level}`,
    anchor: '',
  };
}
