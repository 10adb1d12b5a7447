import type { FactSink } from '../facts/facts.ts';
import {
  CERTAIN,
  type Figures,
  LIKELY,
  ReportError,
  type ReportParser,
  type ReportReader,
} from './contract.ts';
import { findingOf, type GivenFinding, severityOf } from './finding.ts';
import { type JsonHandler, type JsonPath, JsonReader, pointerOf } from './json-reader.ts';
import { Doubts, isRecord, type JsonRecord, record, tallies, tally, text } from './value.ts';

/** Trivy JSON: images, file systems and repositories (v2), clusters (k8s), and the bare list of old versions (v1). */
export const trivy: ReportParser = {
  kind: 'trivy',
  title: 'Trivy --format json',
  infer: ({ json, jsonKeys }) => {
    if (json === 'array') return jsonKeys.has('Target') && !jsonKeys.has('Source') ? LIKELY : 0;
    if (jsonKeys.has('SchemaVersion') && (jsonKeys.has('ArtifactName') || jsonKeys.has('Results')))
      return CERTAIN;
    return jsonKeys.has('ClusterName') ? CERTAIN : 0;
  },
  open: (sink) => new TrivyReader(sink),
};

const LISTS = ['Vulnerabilities', 'Misconfigurations', 'Secrets', 'Licenses', 'ExperimentalModifiedFindings'];
const RESULTS: readonly JsonPath[] = [
  ['Results', '*'],
  ['Resources', '*', 'Results', '*'],
  ['Vulnerabilities', '*', 'Results', '*'],
  ['Misconfigurations', '*', 'Results', '*'],
];
const KUBERNETES = new Set(['ClusterName', 'Resources', 'Vulnerabilities', 'Misconfigurations']);

class TrivyReader implements ReportReader, JsonHandler {
  readonly split: JsonPath[] = [...RESULTS, ['*']].flatMap((result) =>
    LISTS.map((name) => [...result, name]),
  );
  readonly skip: JsonPath[] = [['Metadata'], ...[...RESULTS, ['*']].map((result) => [...result, 'Packages'])];
  readonly #json = new JsonReader(this);
  readonly #sink: FactSink;
  readonly #doubts: Doubts;
  #schema: 'v1' | 'v2' | 'k8s' | null = null;
  #results = 0;
  #target = '';
  readonly #vulnerabilities = { count: 0, bySeverity: tallies(), ids: new Set<string>(), fixable: 0 };
  readonly #misconfigurations = { count: 0, byStatus: tallies(), failedBySeverity: tallies() };
  readonly #secrets = { count: 0, bySeverity: tallies() };
  readonly #licences = { count: 0, bySeverity: tallies() };
  #suppressed = 0;

  constructor(sink: FactSink) {
    this.#sink = sink;
    this.#doubts = new Doubts(sink);
    sink.tool('Trivy', null);
  }

  write(chunk: Uint8Array): void {
    this.#json.write(chunk);
  }

  end(): Figures {
    this.#json.end();
    if (this.#schema === null) throw notTrivy('it has neither SchemaVersion nor Results');
    if (this.#results === 0) this.#doubts.add('empty', 'Trivy found nothing that it could look at');
    this.#doubts.end();
    const [found, wrong] = [this.#vulnerabilities, this.#misconfigurations];
    return {
      parse: 'ok',
      schema: this.#schema,
      results: this.#results,
      vulnerabilities: found.count,
      vulns_by_severity: { ...found.bySeverity },
      distinct_vuln_ids: found.ids.size,
      vulns_with_fix: found.fixable,
      ...(wrong.count > 0 && {
        misconfigurations: wrong.count,
        misconf_by_status: { ...wrong.byStatus },
        misconf_FAIL_by_severity: { ...wrong.failedBySeverity },
      }),
      ...(this.#secrets.count > 0 && {
        secrets: this.#secrets.count,
        secrets_by_severity: { ...this.#secrets.bySeverity },
      }),
      ...(this.#licences.count > 0 && {
        licenses: this.#licences.count,
        licenses_by_severity: { ...this.#licences.bySeverity },
      }),
      ...(this.#suppressed > 0 && { suppressed_findings: this.#suppressed }),
    };
  }

  enter(path: JsonPath, kind: 'object' | 'array'): void {
    if (path.length === 0) {
      if (kind === 'array') this.#schema = 'v1';
      return;
    }
    const isList = path.length % 2 === (this.#schema === 'v1' ? 0 : 1);
    const isKnown = this.#schema === 'v1' || RESULTS.some(([first]) => first === path[0]);
    if (isKnown && isList !== (kind === 'array')) {
      throw notTrivy(`${path.at(-1)} is ${isList ? 'no list' : 'no object'}`, pointerOf(path));
    }
    if (path.length === 1 && this.#schema !== 'v1') this.#setSchema(path[0]!);
    if (this.#isResult(path)) {
      this.#results++;
      this.#target = '';
    }
  }

  value(path: JsonPath, value: unknown): void {
    const key = path.at(-1);
    if (path.length === 0 && value === null) {
      // The old bare list, never begun: nothing was looked at.
      this.#schema = 'v1';
      return;
    }
    if (path.length === 0) throw notTrivy('it is no object');
    if (path.length === 1 && this.#schema !== 'v1') this.#setSchema(key!);
    if (this.#isResult(path)) throw notTrivy('a result is no object', pointerOf(path));
    if (key === 'Target' && this.#isResult(path.slice(0, -1))) this.#target = text(value) ?? '';
    else if (typeof key === 'number' && this.#isResult(path.slice(0, -2))) {
      if (!isRecord(value)) throw notTrivy('an entry is no object', pointerOf(path));
      this.#entry(String(path.at(-2)), value);
    }
  }

  #setSchema(key: string | number): void {
    if (key === 'SchemaVersion' || key === 'Results') this.#schema ??= 'v2';
    else if (KUBERNETES.has(String(key))) this.#schema ??= 'k8s';
  }

  /** `Results/3`, the same below a resource, or an element of the old bare list. */
  #isResult(path: JsonPath): boolean {
    if (this.#schema === 'v1') return path.length === 1;
    return (
      typeof path.at(-1) === 'number' && path.at(-2) === 'Results' && (path.length === 2 || path.length === 4)
    );
  }

  #entry(name: string, entry: JsonRecord): void {
    if (name === 'ExperimentalModifiedFindings') {
      this.#suppressed++;
      const reason = text(entry.Statement) ?? text(entry.Status) ?? 'ignored';
      const given = this.#finding(String(entry.Type), record(entry.Finding));
      if (given) this.#sink.finding(findingOf({ ...given, suppressed: reason }));
      return;
    }
    this.#count(name, entry);
    if (name === 'Misconfigurations' && entry.Status !== undefined && entry.Status !== 'FAIL') return;
    const given = this.#finding(name, entry);
    if (given) this.#sink.finding(findingOf(given));
  }

  #count(name: string, entry: JsonRecord): void {
    const severity = text(entry.Severity) ?? 'UNKNOWN';
    if (name === 'Vulnerabilities') {
      const found = this.#vulnerabilities;
      found.count++;
      tally(found.bySeverity, severity);
      found.ids.add(String(entry.VulnerabilityID));
      if (text(entry.FixedVersion)) found.fixable++;
    } else if (name === 'Misconfigurations') {
      const status = text(entry.Status) ?? 'FAIL';
      this.#misconfigurations.count++;
      tally(this.#misconfigurations.byStatus, status);
      if (status === 'FAIL') tally(this.#misconfigurations.failedBySeverity, severity);
    } else {
      const counts = name === 'Secrets' ? this.#secrets : this.#licences;
      counts.count++;
      tally(counts.bySeverity, severity);
    }
  }

  #finding(name: string, entry: JsonRecord): GivenFinding | null {
    const level = text(entry.Severity) ?? 'UNKNOWN';
    const shared = { tool: 'Trivy', severity: severityOf(level), level };
    const place = { path: this.#target, line: null, column: null };
    switch (name.toLowerCase()) {
      case 'vulnerabilities':
      case 'vulnerability':
        return {
          ...shared,
          category: 'dependency',
          rule: text(entry.VulnerabilityID) ?? '',
          message: text(entry.Title) ?? text(entry.Description) ?? text(entry.VulnerabilityID) ?? '',
          package: { name: text(entry.PkgName) ?? '', version: text(entry.InstalledVersion) },
          place,
          isFixAvailable: text(entry.FixedVersion) !== null,
          score: scoreOf(entry),
          anchor: '',
        };
      case 'misconfigurations':
      case 'misconfiguration': {
        const line = record(entry.CauseMetadata).StartLine;
        return {
          ...shared,
          category: 'misconfiguration',
          rule: text(entry.ID) ?? '',
          message: text(entry.Message) ?? text(entry.Title) ?? '',
          place: { ...place, line: typeof line === 'number' && line > 0 ? line : null },
        };
      }
      case 'secrets':
      case 'secret':
        return {
          ...shared,
          category: 'secret',
          rule: text(entry.RuleID) ?? '',
          message: text(entry.Title) ?? text(entry.RuleID) ?? '',
          place: { ...place, line: typeof entry.StartLine === 'number' ? entry.StartLine : null },
        };
      case 'licenses':
      case 'license':
        return {
          ...shared,
          category: 'licence',
          rule: text(entry.Name) ?? '',
          message: `${text(entry.PkgName) ?? text(entry.FilePath) ?? ''} is under ${text(entry.Name) ?? ''}`,
          package: text(entry.PkgName) === null ? null : { name: text(entry.PkgName)!, version: null },
          place,
        };
      default:
        return null;
    }
  }
}

/** The highest base score that any source gives. */
function scoreOf(entry: JsonRecord): number | null {
  const scores = Object.values(record(entry.CVSS)).flatMap((source) => {
    const { V3Score, V40Score, V2Score } = record(source);
    return [V40Score ?? V3Score ?? V2Score];
  });
  const numbers = scores.filter((score) => typeof score === 'number');
  return numbers.length > 0 ? Math.max(...numbers) : null;
}

function notTrivy(cause: string, pointer = ''): ReportError {
  return new ReportError('report-not-this-kind', `it is no Trivy report: ${cause}`, { pointer });
}
