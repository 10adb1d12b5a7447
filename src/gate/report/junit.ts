import type { FactSink } from '../facts/facts.ts';
import type { TestStatus } from '../facts/test-case.ts';
import {
  CERTAIN,
  type Figures,
  POSSIBLE,
  ReportError,
  type ReportParser,
  type ReportReader,
} from './contract.ts';
import { SeenIds } from './seen-ids.ts';
import { Doubts, messageText, wholeNumber } from './value.ts';
import { type XmlAttributes, type XmlHandler, type XmlPlace, XmlReader } from './xml-reader.ts';

/** JUnit XML in all its dialects: one `<testcase>` is one case, wherever it stands. */
export const junit: ReportParser = {
  kind: 'junit',
  title: 'JUnit XML test results',
  infer: ({ xmlRoot, name }) => {
    if (xmlRoot === 'testsuites' || xmlRoot === 'testsuite') return CERTAIN;
    return xmlRoot !== null && /junit|^test-/.test(name) ? POSSIBLE : 0;
  },
  open: (sink) => new JunitReader(sink),
};

const QUOTED_ATTRIBUTES = ['tests', 'failures', 'errors', 'skipped', 'disabled'] as const;
const PASSED_MARK = 1;
const FAILED_MARK = 2;

interface OpenCase {
  readonly attributes: XmlAttributes;
  readonly depth: number;
  readonly line: number;
  isError: boolean;
  isFailure: boolean;
  isSkipped: boolean;
  flaky: number;
  reruns: number;
  message: string | null;
}

class JunitReader implements ReportReader, XmlHandler {
  readonly roots = ['testsuites', 'testsuite'];
  readonly what = 'a JUnit report';
  readonly #xml = new XmlReader(this);
  readonly #sink: FactSink;
  readonly #doubts: Doubts;
  readonly #ids = new SeenIds();
  readonly #suites: { readonly name: string; readonly file: string | null }[] = [];
  readonly #counts = { passed: 0, failures: 0, errors: 0, skipped: 0 };
  #root = '';
  #rootAttributes: XmlAttributes = {};
  #depth = 0;
  #suiteCount = 0;
  #cases = 0;
  #flakyCases = 0;
  #rerunFailedCases = 0;
  #seconds = 0;
  #timedCases = 0;
  #case: OpenCase | null = null;
  /** The text of a failure without a `message` attribute. */
  #text: string[] | null = null;
  #textLength = 0;

  constructor(sink: FactSink) {
    this.#sink = sink;
    this.#doubts = new Doubts(sink);
  }

  write(chunk: Uint8Array): void {
    this.#xml.write(chunk);
  }

  end(): Figures {
    this.#xml.end();
    this.#checkTotals();
    if (this.#cases === 0) this.#doubts.add('empty', 'the report has no test');
    this.#doubts.end();
    const { distinct, repeated } = this.#ids;
    const quoted = QUOTED_ATTRIBUTES.filter((name) => this.#rootAttributes[name] !== undefined);
    return {
      parse: 'ok',
      root: this.#root,
      testsuites: this.#suiteCount,
      testcases: this.#cases,
      ...this.#counts,
      time_sum_s: Number(this.#seconds.toFixed(6)),
      testcases_with_time: this.#timedCases,
      ...(this.#flakyCases > 0 && { flaky_cases: this.#flakyCases }),
      ...(this.#rerunFailedCases > 0 && { rerun_failed_cases: this.#rerunFailedCases }),
      ...(repeated > 0 && { ids_seen_more_than_once: repeated, distinct_ids: distinct }),
      ...Object.fromEntries(quoted.map((name) => [`root_attr_${name}`, this.#rootAttributes[name]!])),
    };
  }

  wrongRoot(name: string): ReportError {
    return new ReportError(
      'report-not-this-kind',
      `its root element is <${name}>, so it is not ${this.what}`,
      {
        line: this.#xml.line,
        column: Math.max(1, this.#xml.column),
        figures: { parse: 'error-not-junit', root: name },
      },
    );
  }

  open(name: string, attributes: XmlAttributes, place: XmlPlace): void {
    const depth = ++this.#depth;
    if (depth === 1) {
      this.#root = name;
      this.#rootAttributes = attributes;
    }
    if (name === 'testcase') this.#beginCase(attributes, depth, place.line);
    else if (name === 'testsuite') {
      this.#suiteCount++;
      this.#suites.push({ name: attributes.name ?? '', file: attributes.file ?? null });
    } else if (this.#case && depth === this.#case.depth + 1) this.#openResult(name, attributes, place);
    else if (!this.#case && (name === 'error' || name === 'failure')) {
      const suite = this.#suites.at(-1)?.name ?? '';
      this.#doubts.add('incomplete', `the suite ${suite} tells of ${name} outside of its tests`, place);
    }
  }

  close(name: string): void {
    const depth = this.#depth--;
    if (name === 'testsuite') this.#suites.pop();
    const open = this.#case;
    if (!open) return;
    if (depth === open.depth) this.#endCase(open);
    else if (depth === open.depth + 1 && this.#text) {
      open.message = messageText(this.#text.join(''));
      this.#text = null;
      this.#xml.wantText(false);
    }
  }

  text(text: string): void {
    if (!this.#text || this.#textLength > 8192) return;
    this.#textLength += text.length;
    this.#text.push(text);
  }

  #beginCase(attributes: XmlAttributes, depth: number, line: number): void {
    this.#case = {
      attributes,
      depth,
      line,
      isError: false,
      isFailure: false,
      isSkipped: attributes.status === 'disabled',
      flaky: 0,
      reruns: 0,
      message: null,
    };
  }

  #openResult(name: string, attributes: XmlAttributes, place: XmlPlace): void {
    const open = this.#case!;
    switch (name) {
      case 'error':
        open.isError = true;
        break;
      case 'failure':
        open.isFailure = true;
        break;
      case 'skipped':
      case 'disabled':
        open.isSkipped = true;
        break;
      case 'flakyFailure':
      case 'flakyError':
        open.flaky++;
        break;
      case 'rerunFailure':
      case 'rerunError':
        open.reruns++;
        return;
      default:
        return;
    }
    if (open.message !== null) return;
    if (attributes.message !== undefined) open.message = messageText(attributes.message);
    else {
      this.#text = [];
      this.#textLength = 0;
      place.wantText(true);
    }
  }

  #endCase(open: OpenCase): void {
    this.#case = null;
    this.#cases++;
    const { attributes } = open;
    const counted = statusOf(open);
    this.#counts[FIGURE_OF[counted]]++;
    const isFlaky = counted === 'passed' && open.flaky > 0;
    if (isFlaky) this.#flakyCases++;
    if (open.reruns > 0) this.#rerunFailedCases++;
    const durationMs = this.#duration(attributes.time, open.line);
    const { classname, name } = attributes;
    this.#remember(classname, name, open.line, counted);
    const within = this.#suites.at(-1);
    this.#sink.testCase({
      id: `${classname ?? ''}::${name ?? ''}`,
      suite: classname || (within?.name ?? ''),
      name: name ?? '',
      status: counted === 'passed' && wasNotRun(attributes) ? 'skipped' : counted,
      durationMs,
      attempts: 1 + open.flaky + open.reruns,
      isFlaky,
      message: open.message,
      file: attributes.file ?? within?.file ?? null,
      line: wholeNumber(attributes.line),
    });
  }

  #duration(time: string | undefined, line: number): number | null {
    if (time === undefined) return null;
    const seconds = secondsOf(time);
    if (seconds === null) {
      this.#doubts.add('impossible-number', `the time "${time.slice(0, 40)}" is no number`, { line });
      return null;
    }
    if (seconds < 0) this.#doubts.add('impossible-number', `a test took ${seconds} seconds`, { line });
    this.#seconds += seconds;
    this.#timedCases++;
    return seconds * 1000;
  }

  #remember(classname = '\u0001', name = '\u0001', line: number, status: TestStatus): void {
    const mark = status === 'passed' ? PASSED_MARK : status === 'skipped' ? 0 : FAILED_MARK;
    const before = this.#ids.add(classname, name, mark);
    if (mark !== 0 && before !== 0 && (before | mark) === (PASSED_MARK | FAILED_MARK) && before !== 3) {
      this.#doubts.add('contradiction', `the test ${name} passed and failed in one report`, { line });
    }
  }

  #checkTotals(): void {
    const { passed, failures, errors, skipped } = this.#counts;
    const counted = { tests: passed + failures + errors + skipped, failures, errors };
    for (const [name, count] of Object.entries(counted)) {
      const declared = wholeNumber(this.#rootAttributes[name]);
      if (declared !== null && declared !== count) {
        this.#doubts.add(
          'totals-differ',
          `<${this.#root} ${name}="${declared}"> but the report holds ${count}`,
        );
      }
    }
  }
}

const FIGURE_OF = { passed: 'passed', failed: 'failures', errored: 'errors', skipped: 'skipped' } as const;

function statusOf({ isError, isFailure, isSkipped }: OpenCase): TestStatus {
  if (isError) return 'errored';
  if (isFailure) return 'failed';
  return isSkipped ? 'skipped' : 'passed';
}

/** Google Test has no element for a test that did not run. The figures of the format count it as passed; as a fact it is not. */
function wasNotRun({ status, result }: XmlAttributes): boolean {
  return status === 'notrun' || result === 'suppressed' || result === 'skipped';
}

/** Seconds as tools write them, also `1,234.5`; null for what is no number, such as `NaN` or `87,5`. */
function secondsOf(time: string): number | null {
  const quick = plainDecimal(time);
  if (quick !== null) return quick;
  const plain = /^\s*[-+]?\d{1,3}(,\d{3})+(\.\d*)?\s*$/.test(time) ? time.replaceAll(',', '') : time;
  if (!/^\s*[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?\s*$/i.test(plain)) return null;
  const seconds = Number(plain);
  return Number.isFinite(seconds) ? seconds : null;
}

/** `12.345` of at most 15 digits, as nearly all times are; null for anything else. Both numbers are exact, so their quotient is right. */
function plainDecimal(text: string): number | null {
  let digits = 0;
  let scale = 0;
  for (let at = 0; at < text.length; at++) {
    const digit = text.charCodeAt(at) - 0x30;
    if (digit >= 0 && digit <= 9) {
      digits = digits * 10 + digit;
      scale *= 10;
    } else if (digit === POINT && scale === 0 && at > 0) scale = 1;
    else return null;
  }
  if (text.length === 0 || text.length > 15 || scale === 1) return null;
  return scale === 0 ? digits : digits / scale;
}

/** `.` less `0`. */
const POINT = 0x2e - 0x30;
