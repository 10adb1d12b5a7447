import { digestOf } from '../../base/digest.ts';
import type { FactSink } from '../facts/facts.ts';
import {
  CERTAIN,
  type Figures,
  LIKELY,
  POSSIBLE,
  ReportError,
  type ReportParser,
  type ReportReader,
} from './contract.ts';
import { findingOf } from './finding.ts';
import { type JsonHandler, type JsonPath, JsonReader, pointerOf } from './json-reader.ts';
import { Doubts, finite, isRecord, type JsonRecord, pathText, tallies, tally, text } from './value.ts';

/** gitleaks JSON: `RuleID` since version 8, `rule` before. The secrets themselves are never kept. */
export const gitleaks: ReportParser = {
  kind: 'gitleaks',
  title: 'gitleaks JSON',
  infer: ({ json, jsonKeys, name }) => {
    if (json !== 'array') return 0;
    if (jsonKeys.has('RuleID') && jsonKeys.has('File')) return CERTAIN;
    if (jsonKeys.has('offender') && jsonKeys.has('rule')) return CERTAIN;
    if (jsonKeys.size > 0) return 0;
    return /gitleaks|leak/.test(name) ? LIKELY : POSSIBLE;
  },
  open: (sink) => new GitleaksReader(sink),
};

class GitleaksReader implements ReportReader, JsonHandler {
  readonly split: JsonPath[] = [];
  readonly #json = new JsonReader(this);
  readonly #sink: FactSink;
  readonly #doubts: Doubts;
  #schema: 'v8' | 'v7-' | null = null;
  #findings = 0;
  readonly #byRule = tallies();
  readonly #files = new Set<string>();
  #withFingerprint = 0;

  constructor(sink: FactSink) {
    this.#sink = sink;
    this.#doubts = new Doubts(sink);
    sink.tool('gitleaks', null);
  }

  write(chunk: Uint8Array): void {
    this.#json.write(chunk);
  }

  end(): Figures {
    this.#json.end();
    this.#doubts.end();
    return {
      parse: 'ok',
      findings: this.#findings,
      by_rule: { ...this.#byRule },
      distinct_files: this.#files.size,
      with_fingerprint: this.#withFingerprint,
      ...(this.#schema && { schema: this.#schema }),
    };
  }

  enter(_path: JsonPath, kind: 'object' | 'array'): void {
    if (kind === 'object') throw notGitleaks('it is an object and no list');
  }

  value(path: JsonPath, value: unknown): void {
    // Go writes null for a list that was never begun: nothing was found.
    if (path.length === 0 && value === null) return;
    if (path.length === 0) throw notGitleaks('it is no list');
    if (!isRecord(value)) throw notGitleaks('an entry is no object', pointerOf(path));
    const rule = text(value.RuleID) ?? text(value.rule);
    const file = text(value.File) ?? text(value.file);
    if (rule === null && file === null)
      throw notGitleaks('an entry has neither a rule nor a file', pointerOf(path));
    this.#schema ??= 'RuleID' in value ? 'v8' : 'v7-';
    this.#findings++;
    tally(this.#byRule, rule ?? '');
    if (file !== null) this.#files.add(file);
    if (text(value.Fingerprint)) this.#withFingerprint++;
    this.#tell(value, rule ?? '', file ?? '');
  }

  #tell(leak: JsonRecord, rule: string, file: string): void {
    this.#sink.finding(
      findingOf({
        category: 'secret',
        tool: 'gitleaks',
        rule,
        // gitleaks knows no severities: every leak is one.
        severity: 'critical',
        level: '',
        message: text(leak.Description) ?? rule,
        place: {
          path: pathText(file),
          line: finite(leak.StartLine) ?? finite(leak.lineNumber),
          column: finite(leak.StartColumn),
        },
        anchor: digestOf(`${text(leak.Secret) ?? text(leak.offender) ?? text(leak.Match) ?? ''}`),
      }),
    );
  }
}

function notGitleaks(cause: string, pointer = ''): ReportError {
  return new ReportError('report-not-this-kind', `it is no gitleaks report: ${cause}`, { pointer });
}
