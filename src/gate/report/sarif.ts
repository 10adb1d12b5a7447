import type { FactSink } from '../facts/facts.ts';
import type { Finding } from '../facts/finding.ts';
import {
  CERTAIN,
  type Figures,
  LIKELY,
  ReportError,
  type ReportParser,
  type ReportReader,
} from './contract.ts';
import { findingOf, severityOf, severityOfScore } from './finding.ts';
import { type JsonHandler, type JsonPath, JsonReader } from './json-reader.ts';
import { SarifRules } from './sarif-rules.ts';
import {
  Doubts,
  finite,
  type JsonRecord,
  list,
  messageText,
  pathText,
  record,
  tallies,
  tally,
  text,
} from './value.ts';

/** SARIF 2.1. A run's results may come before its rules, so results without a level wait for the run's end as counts. */
export const sarif: ReportParser = {
  kind: 'sarif',
  title: 'SARIF 2.1 findings',
  infer: ({ name, json, jsonKeys }) => {
    if (json !== 'object') return 0;
    if (jsonKeys.has('runs') && jsonKeys.has('version')) return CERTAIN;
    return jsonKeys.has('runs') || /\.sarif(?:\.json)?$/.test(name) ? LIKELY : 0;
  },
  open: (sink) => new SarifReader(sink),
};

const LEVELS = new Set(['error', 'warning', 'note', 'none']);
const KINDS = new Set(['fail', 'pass', 'open', 'review', 'notApplicable', 'informational']);
const BASELINES = new Set(['new', 'unchanged', 'updated', 'absent']);

/** A few milliseconds of work. */
const RESULTS_AT_ONCE = 1000;

/** What results need of their run. */
interface Run {
  readonly tool: string;
  readonly rules: SarifRules;
}

class SarifReader implements ReportReader, JsonHandler {
  readonly split: JsonPath[] = [['runs', '*', 'results']];
  // Copies of the scanned sources, and what happened on the way: large, and nothing of it is needed.
  readonly skip: JsonPath[] = [
    'artifacts',
    'graphs',
    'logicalLocations',
    'threadFlowLocations',
    'webRequests',
    'webResponses',
  ].map((key) => ['runs', '*', key]);
  readonly #json = new JsonReader(this);
  readonly #sink: FactSink;
  readonly #doubts: Doubts;
  #version: unknown = null;
  #hasRuns = false;
  #runs = 0;
  readonly #tools: string[] = [];
  #results = 0;
  readonly #levels = tallies();
  readonly #kinds = tallies();
  readonly #baselines = tallies();
  #suppressed = 0;
  readonly #ruleIds = new Set<string>();
  #run: Run = { tool: '', rules: new SarifRules() };
  /** Results that came before the tool of their run, as text, which takes a third of the memory. */
  #waiting: string[] = [];
  /** Those whose tool is known by now, the next one at the end. */
  readonly #released: { readonly run: Run; readonly results: string[] }[] = [];
  #hasTool = false;

  constructor(sink: FactSink) {
    this.#sink = sink;
    this.#doubts = new Doubts(sink);
  }

  write(chunk: Uint8Array): void {
    this.#json.write(chunk);
  }

  drain(): boolean {
    for (let count = 0; count < RESULTS_AT_ONCE; count++) {
      const first = this.#released[0];
      const result = first?.results.pop();
      if (first && result !== undefined) this.#count(JSON.parse(result) as JsonRecord, first.run);
      if (first?.results.length === 0) this.#released.shift();
      if (this.#released.length === 0) return false;
    }
    return true;
  }

  end(): Figures {
    this.#json.end();
    while (this.drain());
    if (this.#version === null && !this.#hasRuns) throw notSarif('it has neither version nor runs');
    checkVersion(this.#version);
    if (!this.#hasRuns) throw notSarif('it has no runs');
    if (this.#runs === 0) this.#doubts.add('empty', 'the report has no run: no tool looked at anything');
    this.#doubts.end();
    return {
      parse: 'ok',
      version: this.#version as string,
      runs: this.#runs,
      tools: this.#tools,
      results: this.#results,
      effective_level: { ...this.#levels },
      kind: { ...this.#kinds },
      suppressed_accepted: this.#suppressed,
      baselineState: { ...this.#baselines },
      distinct_rule_ids: this.#ruleIds.size,
    };
  }

  enter(path: JsonPath, kind: 'object' | 'array'): void {
    if (path.length === 0 && kind === 'array') throw notSarif('it is a list');
    if (path.length === 1) {
      if (kind !== 'array') throw notSarif('its runs are no list', '/runs');
      this.#hasRuns = true;
    } else if (path.length === 2) {
      if (kind !== 'object') throw notSarif('a run is no object', `/runs/${path[1]}`);
      this.#beginRun();
    } else if (path.length === 3 && kind !== 'array') {
      throw notSarif('its results are no list', `/runs/${path[1]}/results`);
    }
  }

  value(path: JsonPath, value: unknown): void {
    const [, run, key] = path;
    if (path.length === 4) this.#result(value, path);
    else if (path.length === 3 && key === 'tool') this.#setTool(record(value));
    else if (path.length === 3 && key === 'invocations') this.#checkInvocations(list(value), run as number);
    else if (path.length === 3 && key === 'results' && value !== null) {
      throw notSarif('its results are no list', `/runs/${run}/results`);
    } else if (path.length === 2) throw notSarif('a run is no object', `/runs/${run}`);
    else if (path.length === 1 && path[0] === 'version') this.#version = value;
    else if (path.length === 1 && path[0] === 'runs') throw notSarif('its runs are no list', '/runs');
    else if (path.length === 0) throw notSarif('it is no object');
  }

  leave(path: JsonPath): void {
    if (path.length === 2) this.#endRun();
  }

  #beginRun(): void {
    this.#runs++;
    this.#run = { tool: '', rules: new SarifRules() };
    this.#hasTool = false;
  }

  #setTool(tool: JsonRecord): void {
    const driver = record(tool.driver);
    this.#hasTool = true;
    this.#run = { tool: text(driver.name) ?? '', rules: new SarifRules(tool) };
    this.#sink.tool(this.#run.tool, text(driver.semanticVersion) ?? text(driver.version));
    this.#release();
  }

  #endRun(): void {
    this.#tools.push(this.#run.tool);
    this.#release();
  }

  #release(): void {
    if (this.#waiting.length === 0) return;
    this.#released.push({ run: this.#run, results: this.#waiting.reverse() });
    this.#waiting = [];
  }

  #checkInvocations(invocations: readonly unknown[], run: number): void {
    for (const [index, invocation] of invocations.entries()) {
      if (record(invocation).executionSuccessful !== false) continue;
      this.#doubts.add('incomplete', `${this.#run.tool || 'the tool'} says that it did not succeed`, {
        pointer: `/runs/${run}/invocations/${index}`,
      });
    }
  }

  #result(value: unknown, path: JsonPath): void {
    const result = record(value);
    this.#results++;
    this.#checkWords(result, path);
    if (this.#hasTool) this.#count(result, this.#run);
    else this.#waiting.push(JSON.stringify(slim(result)));
  }

  #checkWords({ level, kind, baselineState }: JsonRecord, path: JsonPath): void {
    for (const [word, known] of [
      [level, LEVELS],
      [kind, KINDS],
      [baselineState, BASELINES],
    ] as const) {
      if (word !== undefined && !known.has(word as string)) {
        this.#doubts.add('unknown-word', `SARIF has no ${JSON.stringify(word)?.slice(0, 60)} there`, {
          pointer: `/runs/${path[1]}/results/${path[3]}`,
        });
      }
    }
  }

  #count(result: JsonRecord, run: Run): void {
    const rule = run.rules.of(result);
    const ruleId = text(result.ruleId) ?? text(record(result.rule).id) ?? text(rule?.id);
    const kind = text(result.kind) ?? 'fail';
    const level = text(result.level) ?? (kind === 'fail' ? run.rules.level(rule) : 'none');
    const isSuppressed = list(result.suppressions).some(
      (one) => (text(record(one).status) ?? 'accepted') === 'accepted',
    );
    tally(this.#levels, level);
    tally(this.#kinds, kind);
    if (isSuppressed) this.#suppressed++;
    const baseline = text(result.baselineState);
    if (baseline) tally(this.#baselines, baseline);
    if (ruleId !== null) this.#ruleIds.add(ruleId);
    // What passed or did not apply is no finding.
    if (kind === 'fail' || level !== 'none')
      this.#tell(result, run.tool, rule, ruleId ?? '', level, isSuppressed);
  }

  #tell(
    result: JsonRecord,
    tool: string,
    rule: JsonRecord | null,
    ruleId: string,
    level: string,
    isSuppressed: boolean,
  ): void {
    const score = scoreOf(result, rule);
    const place = placeOf(result);
    const message = text(record(result.message).text) ?? text(record(result.message).markdown) ?? ruleId;
    this.#sink.finding(
      findingOf({
        category: 'code',
        tool,
        rule: ruleId,
        severity: score === null ? severityOf(level) : severityOfScore(score),
        level,
        message,
        place: place && { path: place.path, line: place.line, column: place.column },
        suppressed: isSuppressed ? 'accepted in the report' : null,
        baseline: BASELINES.has(result.baselineState as string)
          ? (result.baselineState as Finding['baseline'])
          : null,
        score,
        ...anchor(result, place?.snippet ?? null),
      }),
    );
  }
}

function checkVersion(version: unknown): void {
  if (typeof version === 'string' && /^2\.1\.\d/.test(version)) return;
  const said = version === null ? 'no version' : `version ${JSON.stringify(version)?.slice(0, 40)}`;
  throw new ReportError('report-version', `it has ${said}, and only SARIF 2.1 is known`, {
    pointer: '/version',
  });
}

function notSarif(cause: string, pointer = ''): ReportError {
  return new ReportError('report-not-this-kind', `it is no SARIF report: ${cause}`, { pointer });
}

/** What is needed of a result, for those that wait: a report may hold hundreds of thousands. */
function slim(result: JsonRecord): JsonRecord {
  const { ruleId, rule, ruleIndex, level, kind, baselineState, suppressions, message } = result;
  return {
    ...{ ruleId, rule, ruleIndex, level, kind, baselineState, suppressions },
    message: { text: messageText(text(record(message).text) ?? text(record(message).markdown) ?? '') },
    locations: list(result.locations).slice(0, 1),
    fingerprints: result.fingerprints,
    partialFingerprints: result.partialFingerprints,
    properties: { 'security-severity': record(result.properties)['security-severity'] },
  };
}

/** GitHub's `security-severity`, as code scanning uses it. */
function scoreOf(result: JsonRecord, rule: JsonRecord | null): number | null {
  const said =
    record(result.properties)['security-severity'] ?? record(rule?.properties)['security-severity'] ?? null;
  const score = typeof said === 'string' && said.trim() !== '' ? Number(said) : finite(said);
  return score !== null && score >= 0 && score <= 10 ? score : null;
}

interface Place {
  readonly path: string;
  readonly line: number | null;
  readonly column: number | null;
  readonly snippet: string | null;
}

function placeOf(result: JsonRecord): Place | null {
  const physical = record(record(list(result.locations)[0]).physicalLocation);
  const uri = text(record(physical.artifactLocation).uri);
  if (uri === null) return null;
  const region = record(physical.region);
  return {
    path: pathText(uri),
    line: finite(region.startLine),
    column: finite(region.startColumn),
    snippet: text(record(region.snippet).text),
  };
}

function anchor(result: JsonRecord, snippet: string | null): { readonly anchor?: string } {
  const prints = { ...record(result.fingerprints), ...record(result.partialFingerprints) };
  const keys = Object.keys(prints).sort();
  if (keys.length > 0) return { anchor: keys.map((key) => `${key}=${prints[key]}`).join(';') };
  return snippet === null ? {} : { anchor: snippet.replace(/\s+/g, ' ').trim() };
}
