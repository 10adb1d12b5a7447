import type { Finding } from '../facts/finding.ts';
import { rowsOf } from './finding.ts';
import { findingLists } from './finding-list.ts';
import { type Measurement, measured, unmeasured } from './measurement.ts';
import { plainNumber } from './number.ts';
import type { FactView } from './view.ts';

/** How tools tell a number of each function in a finding, and what a plain metric of it is called. */
interface Told {
  readonly rule: RegExp;
  /** Its first group is the number. */
  readonly number: RegExp;
  readonly metrics: readonly string[];
  readonly wayOut: string;
}

export const COMPLEXITY: Told = {
  rule: /(^|[/.:])(complexity|cognitive-complexity|C901|R0912|CyclomaticComplexity(Check)?|gocyclo|cyclop|too_complex|ccn)$/i,
  number: /complexity (?:of |is |= ?|\()?\(?(\d+)|\((\d+) *>|(\d+) *(?:>|exceeds)/i,
  metrics: ['complexity.max', 'max_complexity', 'complexity'],
  wayOut: 'let the linter tell the complexity of every function (ESLint: "complexity": ["warn", 0])',
};

export const FUNCTION_LENGTH: Told = {
  rule: /(^|[/.:])(max-lines-per-function|MethodLength(Check)?|R0915|PLR0915|funlen|too_many_lines|function-length)$/i,
  number: /(?:too many lines|too long|length|statements)\D{0,20}(\d+)|\((\d+) *>|(\d+) *(?:>|exceeds|lines)/i,
  metrics: ['function.lines_max', 'max_function_length', 'function_length'],
  wayOut: 'let the linter tell the length of every function (ESLint: "max-lines-per-function": ["warn", 0])',
};

/**
 * The highest number that a linter tells of any function. A linter that tells nothing might not have looked: then there is no
 * value, unless a plain metric tells it.
 */
export function highestTold(view: FactView, told: Told): Measurement {
  const plain = plainNumber(view, told.metrics, 'highest');
  const { reports, problem } = view.reportsOf('findings:code');
  // A linter's report that is not there is no loss where a plain metric tells the number.
  if (problem && (plain.kind === 'unmeasured' || problem.reason !== 'missing')) return problem;
  const numbers = view
    .findings(reports)
    .flatMap((list) => list.findings)
    .filter((finding) => told.rule.test(finding.rule))
    .map((finding) => ({ finding, number: numberIn(finding, told.number) }));
  const unreadable = numbers.find(({ number }) => number === null);
  if (unreadable) {
    return unmeasured(
      'doubtful',
      `the message of ${unreadable.finding.rule} tells no number: ${unreadable.finding.message.slice(0, 120)}`,
    );
  }
  if (numbers.length === 0) {
    return plain.kind === 'measured'
      ? plain
      : unmeasured('missing', 'no report tells it of any function', told.wayOut);
  }
  const found = Math.max(
    ...numbers.map(({ number }) => number!),
    plain.kind === 'measured' ? plain.value : 0,
  );
  const highest = numbers.filter(({ number }) => number === found).map(({ finding }) => finding);
  return measured(found, numbers.length, {
    rows: () => rowsOf(view, findingLists(highest)),
    wayOut: (limit) => {
      const [worst] =
        limit.kind === 'at-most' && found > limit.value ? rowsOf(view, findingLists(highest)).shown : [];
      return worst?.path == null
        ? null
        : `divide the function at ${worst.path}${worst.line === null ? '' : `:${worst.line}`}`;
    },
  });
}

function numberIn(finding: Finding, pattern: RegExp): number | null {
  const groups = pattern.exec(finding.message)?.slice(1) ?? [];
  const text = groups.find((group) => group !== undefined);
  return text === undefined ? null : Number(text);
}
