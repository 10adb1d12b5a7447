import { data, Evaluator, type Expr } from '@actions/expressions';
import { ContextAccess, FunctionCall, IndexAccess, Literal } from '@actions/expressions/ast';
import type { FunctionDefinition } from '@actions/expressions/funcs/info';
import { nearestName } from '../../base/near.ts';
import { toData } from '../../pipeline/expression-data.ts';
import { type ExpressionProblem, expressionParser } from '../../pipeline/expression-syntax.ts';
import { type Limit, type Measured, type Measurement, unmeasured } from './measurement.ts';
import { type MetricDefinition, metricNamed, metricsBelow } from './metric.ts';
import { plainNumber } from './number.ts';
import { SUITES, type Suite } from './suite.ts';
import type { FactView } from './view.ts';

/** A function of metric expressions, for the manual. */
export interface MetricFunction {
  readonly name: string;
  readonly minArgs: number;
  readonly maxArgs: number;
  /** How it is called, and a phrase on what it gives. */
  readonly example: string;
  readonly doc: string;
}

export const METRIC_FUNCTIONS: readonly MetricFunction[] = [
  {
    name: 'suite',
    minArgs: 1,
    maxArgs: 1,
    example: "suite('integration').coverage.line",
    doc: 'only reports of `unit`, `integration`, `e2e` or `smoke` tests, by the words in the name of the job or the file; what says nothing is `unit`, where nothing else is',
  },
  {
    name: 'of',
    minArgs: 1,
    maxArgs: 20,
    example: "of('test-*').tests.failed",
    doc: 'only reports of these jobs, by glob',
  },
  {
    name: 'files',
    minArgs: 1,
    maxArgs: 20,
    example: "files('src/**', '!src/gen/**').coverage.line",
    doc: 'only facts about these files, by glob',
  },
  {
    name: 'metric',
    minArgs: 1,
    maxArgs: 1,
    example: "metric('startup_ms')",
    doc: 'a plain number of a report by its name; of several the highest',
  },
  {
    name: 'sum',
    minArgs: 1,
    maxArgs: 20,
    example: 'sum(findings.critical, findings.high)',
    doc: 'all of them together',
  },
  { name: 'max', minArgs: 1, maxArgs: 20, example: "max(load.p95_ms, metric('p95'))", doc: 'the highest' },
  { name: 'min', minArgs: 1, maxArgs: 20, example: 'min(coverage.line, coverage.branch)', doc: 'the lowest' },
  {
    name: 'percent',
    minArgs: 2,
    maxArgs: 2,
    example: 'percent(tests.skipped, tests.total)',
    doc: 'the first in percent of the second',
  },
];

const NARROWING: readonly string[] = ['suite', 'of', 'files'];

const parse = expressionParser({
  names: METRIC_FUNCTIONS.map(({ name }) => name),
  definitions: METRIC_FUNCTIONS.map(({ name, minArgs, maxArgs }) => ({
    name,
    minArgs,
    maxArgs,
    call: () => toData(null),
  })),
});

/** What an expression came to, and the figures that it looked at. */
export interface MetricValue {
  readonly measurement: Measurement;
  readonly reads: readonly MetricRead[];
}

export interface MetricRead {
  readonly name: string;
  /** null for `metric('NAME')`. */
  readonly definition: MetricDefinition | null;
  readonly measurement: Measurement;
}

/** How the value of a named metric is found; for the target branch it may be adjusted. */
export type Measure = (view: FactView, metric: MetricDefinition) => Measurement;

/**
 * Evaluates a metric. A figure that it looked at and that has no value leaves the whole without one, whatever the expression makes
 * of it: `coverage.line || 100` is not 100. Never throws.
 */
export function evaluateMetric(source: string, view: FactView, measure: Measure): MetricValue {
  const parsed = parse(source);
  if (!parsed.ok) return { measurement: unmeasured('invalid', parsed.problem.message), reads: [] };
  const reads: MetricRead[] = [];
  try {
    const reading = { reads, measure };
    const result = new Evaluator(
      parsed.root,
      new Group(view, '', reading),
      functionsOf(view, reading),
    ).evaluate();
    return { measurement: joined(result, reads), reads };
  } catch (error) {
    if (!(error instanceof MetricError)) throw error;
    return { measurement: unmeasured('invalid', error.message), reads };
  }
}

function joined(result: data.ExpressionData, reads: readonly MetricRead[]): Measurement {
  const number =
    result.kind === data.Kind.Number || result.kind === data.Kind.Boolean ? result.number() : null;
  const isPlain = reads.length === 1;
  const lack = reads.map(({ measurement }) => measurement).find((one) => one.kind === 'unmeasured');
  if (lack?.kind === 'unmeasured') return isPlain ? lack : { ...lack, atLeast: null };
  if (number === null) return unmeasured('invalid', 'the metric is no number');
  const measuredReads = reads.map(({ measurement }) => measurement as Measured);
  const [only] = measuredReads;
  if (isPlain && only!.value === number) return only!;
  if (!Number.isFinite(number)) return unmeasured('empty', 'it has no value: nothing was divided by nothing');
  const samples = measuredReads.flatMap(({ sample }) => sample ?? []);
  return {
    kind: 'measured',
    value: number,
    sample: samples.length > 0 ? Math.min(...samples) : null,
    rows: () => {
      const all = measuredReads.map((one) => one.rows());
      return { shown: all.flatMap((one) => one.shown), total: all.reduce((sum, one) => sum + one.total, 0) };
    },
    wayOut: (_limit: Limit) => null,
    notes: [...new Set(measuredReads.flatMap(({ notes }) => notes))],
  };
}

/** Something is wrong with the expression that only its evaluation shows. */
class MetricError extends Error {}

interface Reading {
  readonly reads: MetricRead[];
  readonly measure: Measure;
}

/** `coverage`, `findings.sast`, and the whole: names lead to figures, which are measured when they are looked at. */
class Group extends data.Dictionary {
  readonly #view: FactView;
  readonly #prefix: string;
  readonly #reading: Reading;

  constructor(view: FactView, prefix: string, reading: Reading) {
    super();
    this.#view = view;
    this.#prefix = prefix;
    this.#reading = reading;
  }

  override get(key: string): data.ExpressionData {
    const name = this.#prefix === '' ? key : `${this.#prefix}.${key}`;
    const metric = metricNamed(name);
    if (!metric) {
      if (metricsBelow(name).length > 0) return new Group(this.#view, name, this.#reading);
      throw new MetricError(unknownName(name));
    }
    const measurement = this.#reading.measure(this.#view, metric);
    this.#reading.reads.push({ name: metric.name, definition: metric, measurement });
    return numberOf(measurement);
  }

  override values(): data.ExpressionData[] {
    throw new MetricError('a group of metrics has no *');
  }

  override pairs(): { key: string; value: data.ExpressionData }[] {
    throw new MetricError('a group of metrics has no value of its own');
  }
}

function numberOf(measurement: Measurement): data.ExpressionData {
  return measurement.kind === 'measured' ? toData(measurement.value) : toData(null);
}

function functionsOf(view: FactView, reading: Reading): Map<string, FunctionDefinition> {
  const narrowed = (more: Parameters<FactView['narrowed']>[0]) => new Group(view.narrowed(more), '', reading);
  const texts = (args: readonly data.ExpressionData[]) => args.map((arg) => arg.coerceString());
  const numbers = (args: readonly data.ExpressionData[]) => args.map((arg) => arg.number());
  const calls: Record<string, (args: readonly data.ExpressionData[]) => data.ExpressionData> = {
    suite: (args) => narrowed({ suite: suiteNamed(texts(args)[0]!) }),
    of: (args) => narrowed({ jobs: texts(args) }),
    files: (args) => narrowed({ files: texts(args) }),
    metric: (args) => {
      const [name] = texts(args);
      const measurement = plainNumber(view, [name!], 'highest');
      reading.reads.push({ name: name!, definition: null, measurement });
      return numberOf(measurement);
    },
    sum: (args) => toData(numbers(args).reduce((sum, value) => sum + value, 0)),
    max: (args) => toData(Math.max(...numbers(args))),
    min: (args) => toData(Math.min(...numbers(args))),
    percent: (args) => {
      const [part, whole] = numbers(args);
      return toData(whole === 0 ? Number.NaN : (100 * part!) / whole!);
    },
  };
  return new Map(
    METRIC_FUNCTIONS.map(({ name, minArgs, maxArgs }) => [
      name,
      { name, minArgs, maxArgs, call: (...args: data.ExpressionData[]) => calls[name]!(args) },
    ]),
  );
}

function suiteNamed(name: string): Suite {
  const suite = SUITES.find((one) => one === name);
  if (!suite) throw new MetricError(`there is no suite '${name}'; there are ${SUITES.join(', ')}`);
  return suite;
}

function unknownName(name: string): string {
  const dot = name.lastIndexOf('.');
  const group = dot < 0 ? '' : name.slice(0, dot);
  const known = metricsBelow(group);
  const near = nearestName(name.slice(dot + 1), known);
  const start = group === '' ? '' : `${group}.`;
  if (near) return `unknown metric '${name}', did you mean '${start}${near}'?`;
  return `unknown metric '${name}'; there are ${known.map((one) => `${start}${one}`).join(', ')}`;
}

/** Checks a metric without facts: syntax, functions, names. Returns the first problem or null. */
export function checkMetric(source: string): ExpressionProblem | null {
  const parsed = parse(source);
  if (!parsed.ok) return parsed.problem;
  const nodes = [...parsed.spans.keys()];
  const inner = new Set(nodes.flatMap((node) => (node instanceof IndexAccess ? [node.expr] : [])));
  for (const node of nodes) {
    const name = pathOf(node);
    // Of `findings.sast.high` only the whole is looked at.
    if (name === null || inner.has(node)) continue;
    const offset = parsed.spans.get(node)!.start;
    if (metricNamed(name)) continue;
    if (name === '')
      return { message: `${callName(node)}() must be followed by a metric, such as .coverage.line`, offset };
    const below = metricsBelow(name);
    if (below.length === 0) return { message: unknownName(name), offset };
    return { message: `'${name}' is a group; it has ${below.join(', ')}`, offset };
  }
  for (const node of nodes) {
    const [argument] = node instanceof FunctionCall && callName(node) === 'suite' ? node.args : [];
    if (!(argument instanceof Literal)) continue;
    const name = argument.literal.coerceString();
    if (!SUITES.some((one) => one === name)) {
      return {
        message: `there is no suite '${name}'; there are ${SUITES.join(', ')}`,
        offset: parsed.spans.get(node)!.start,
      };
    }
  }
  return null;
}

/** The metrics that an expression names, in order. Empty when it cannot be read. */
export function metricsIn(source: string): readonly MetricDefinition[] {
  const parsed = parse(source);
  if (!parsed.ok) return [];
  return [...parsed.spans.keys()].flatMap((node) => metricNamed(pathOf(node) ?? '') ?? []);
}

/** The name that a chain of accesses spells, '' for what narrows; null when it is no such chain. */
function pathOf(node: Expr): string | null {
  if (node instanceof ContextAccess) return node.name.lexeme;
  if (node instanceof FunctionCall) return NARROWING.includes(callName(node)) ? '' : null;
  if (!(node instanceof IndexAccess) || !(node.index instanceof Literal)) return null;
  const before = pathOf(node.expr);
  if (before === null) return null;
  const key = node.index.literal.coerceString();
  return before === '' ? key : `${before}.${key}`;
}

function callName(node: Expr): string {
  return node instanceof FunctionCall ? node.functionName.lexeme.toLowerCase() : '';
}
