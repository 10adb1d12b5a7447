import type { JsonObject } from '../../base/json.ts';
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
import { findingOf, severityOf } from './finding.ts';
import { type JsonHandler, type JsonPath, JsonReader, pointerOf } from './json-reader.ts';
import { Doubts, finite, isRecord, type JsonRecord, list, record, tallies, tally, text } from './value.ts';

/** `npm audit --json` of npm 6 (one entry an advisory; pnpm writes it too) and of npm 7 and later (one entry a package). */
export const npmAudit: ReportParser = {
  kind: 'npm-audit',
  title: 'npm audit --json',
  infer: ({ json, jsonKeys, name }) => {
    if (json !== 'object') return 0;
    if (jsonKeys.has('auditReportVersion')) return CERTAIN;
    if (jsonKeys.has('advisories') && (jsonKeys.has('muted') || jsonKeys.has('actions'))) return CERTAIN;
    if (jsonKeys.has('error') && (/audit/.test(name) || jsonKeys.has('uri'))) return LIKELY;
    if (jsonKeys.has('advisories') && jsonKeys.has('metadata')) return LIKELY;
    return jsonKeys.has('error') ? POSSIBLE : 0;
  },
  open: (sink) => new NpmAuditReader(sink),
};

class NpmAuditReader implements ReportReader, JsonHandler {
  readonly split: JsonPath[] = [['advisories'], ['vulnerabilities']];
  readonly skip: JsonPath[] = [['actions']];
  readonly #json = new JsonReader(this);
  readonly #sink: FactSink;
  readonly #doubts: Doubts;
  #version: unknown;
  #error: JsonRecord | null = null;
  /** npm 7 says here what the error leaves out. */
  #message: string | null = null;
  #declared: JsonObject | null = null;
  #hasAdvisories = false;
  #hasVulnerabilities = false;
  readonly #packages = { count: 0, bySeverity: tallies(), direct: 0, fixable: 0 };
  readonly #advisories = { ids: new Set<string>(), bySeverity: tallies(), paths: 0 };

  constructor(sink: FactSink) {
    this.#sink = sink;
    this.#doubts = new Doubts(sink);
  }

  write(chunk: Uint8Array): void {
    this.#json.write(chunk);
  }

  end(): Figures {
    this.#json.end();
    if (this.#error) throw toolError(this.#error, this.#message);
    if (!this.#hasAdvisories && !this.#hasVulnerabilities) {
      throw notAudit('it has neither advisories nor vulnerabilities');
    }
    this.#checkDeclared();
    this.#doubts.end();
    const { bySeverity, ids, paths } = this.#advisories;
    const packages = this.#packages;
    return {
      parse: 'ok',
      ...(this.#declared && { metadata_vulnerabilities: this.#declared }),
      ...(this.#isVersion2()
        ? {
            schema: 'v2(npm>=7)',
            packages: packages.count,
            packages_by_severity: { ...packages.bySeverity },
            distinct_advisories: ids.size,
            advisories_by_severity: { ...bySeverity },
            direct: packages.direct,
            fix_available: packages.fixable,
          }
        : {
            schema: 'v1(npm6)',
            advisories: ids.size,
            advisories_by_severity: { ...bySeverity },
            finding_paths: paths,
          }),
    };
  }

  enter(path: JsonPath, kind: 'object' | 'array'): void {
    if (path.length === 0 && kind === 'array') throw notAudit('it is a list');
    if (path.length === 1 && kind === 'array') throw notAudit(`${path[0]} is a list`, pointerOf(path));
    if (path[0] === 'advisories') this.#hasAdvisories = true;
    if (path[0] === 'vulnerabilities') this.#hasVulnerabilities = true;
  }

  value(path: JsonPath, value: unknown): void {
    const [key, name] = path;
    if (path.length === 0) throw notAudit('it is no object');
    if (path.length === 2) {
      if (!isRecord(value)) throw notAudit('an entry is no object', pointerOf(path));
      if (key === 'advisories') this.#addAdvisory(String(name), value);
      else this.#addPackage(String(name), value);
    } else if (key === 'auditReportVersion') this.#version = value;
    else if (key === 'error') this.#error = isRecord(value) ? value : { summary: String(value) };
    else if (key === 'message') this.#message = text(value);
    else if (key === 'metadata') {
      const declared = record(value).vulnerabilities;
      this.#declared = isRecord(declared) ? (declared as JsonObject) : null;
    } else if ((key === 'advisories' || key === 'vulnerabilities') && value !== null) {
      throw notAudit(`${key} is no object`, pointerOf(path));
    }
  }

  #isVersion2(): boolean {
    return this.#version !== undefined || !this.#hasAdvisories;
  }

  /** npm 6: one advisory with all places where its package is used. */
  #addAdvisory(id: string, advisory: JsonRecord): void {
    const severity = text(advisory.severity) ?? 'unknown';
    this.#advisories.ids.add(id);
    tally(this.#advisories.bySeverity, severity);
    const uses = list(advisory.findings).map(record);
    for (const use of uses) this.#advisories.paths += list(use.paths).length;
    this.#tell(advisory, id, text(advisory.module_name) ?? '', {
      version: text(uses[0]?.version),
      aliases: [...list(advisory.cves), advisory.github_advisory_id].filter((one) => typeof one === 'string'),
      isFixAvailable: text(advisory.patched_versions) !== null && advisory.patched_versions !== '<0.0.0',
    });
  }

  /** npm 7: one package; only the objects in `via` are advisories of its own, names are packages that bring it in. */
  #addPackage(name: string, entry: JsonRecord): void {
    const packages = this.#packages;
    packages.count++;
    tally(packages.bySeverity, text(entry.severity) ?? 'unknown');
    if (entry.isDirect === true) packages.direct++;
    const isFixAvailable = entry.fixAvailable === true || isRecord(entry.fixAvailable);
    if (isFixAvailable) packages.fixable++;
    for (const via of list(entry.via)) {
      if (!isRecord(via)) continue;
      const id = String(via.source ?? via.url ?? via.title);
      if (!this.#advisories.ids.has(id)) {
        this.#advisories.ids.add(id);
        tally(this.#advisories.bySeverity, text(via.severity) ?? 'unknown');
      }
      this.#tell(via, id, text(via.name) ?? name, { version: null, aliases: [], isFixAvailable });
    }
  }

  #tell(
    advisory: JsonRecord,
    id: string,
    name: string,
    more: { version: string | null; aliases: string[]; isFixAvailable: boolean },
  ): void {
    const level = text(advisory.severity) ?? '';
    const github = /GHSA(?:-[0-9a-z]{4}){3}/i.exec(text(advisory.url) ?? '')?.[0];
    this.#sink.finding(
      findingOf({
        category: 'dependency',
        tool: 'npm audit',
        rule: github ?? id,
        severity: severityOf(level),
        level,
        message: text(advisory.title) ?? id,
        package: { name, version: more.version },
        aliases: more.aliases,
        isFixAvailable: more.isFixAvailable,
        score: finite(record(advisory.cvss).score),
        anchor: '',
      }),
    );
  }

  #checkDeclared(): void {
    const declared = this.#declared;
    if (!declared) {
      this.#doubts.add('incomplete', 'the report has no metadata, so npm may not have come to its end');
      return;
    }
    const total = Object.entries(declared).reduce(
      (sum, [key, count]) => sum + (key === 'total' ? 0 : (finite(count) ?? 0)),
      0,
    );
    const found = this.#isVersion2() ? this.#packages.count : this.#advisories.ids.size;
    if (total > 0 !== found > 0) {
      this.#doubts.add('totals-differ', `metadata declares ${total} vulnerabilities but ${found} are listed`);
    }
  }
}

function toolError(error: JsonRecord, message: string | null): ReportError {
  const code = text(error.code);
  const cause = text(error.summary) ?? text(error.detail) ?? message ?? 'without a cause';
  return new ReportError('report-tool-error', `npm audit failed: ${code ? `${code}, ` : ''}${cause}`, {
    pointer: '/error',
    suggestion: 'look whether the registry can be reached and knows audits, and run npm audit again',
    figures: { parse: 'tool-error', error_code: code },
  });
}

function notAudit(cause: string, pointer = ''): ReportError {
  return new ReportError('report-not-this-kind', `it is no npm audit report: ${cause}`, { pointer });
}
