import { Evaluator, type Expr } from '@actions/expressions';
import { ContextAccess, FunctionCall, Grouping, Logical, Unary } from '@actions/expressions/ast';
import { falsy } from '@actions/expressions/result';
import { decisionSentence, evaluateCondition } from '../expression.ts';
import type { ExpressionContext } from '../expression-context.ts';
import { ContextData } from '../expression-data.ts';
import { functionsFor } from '../expression-function.ts';
import { type ParsedExpression, parseExpression } from '../expression-syntax.ts';
import type { Expression } from '../plan.ts';

/**
 * What can be said of a condition before the run: `runs` when all goes well, is `skipped` for certain, stands by in
 * case something goes wrong (`standby`), or is `open` because it asks for what only the run knows.
 */
export interface Outlook {
  readonly kind: 'runs' | 'skipped' | 'standby' | 'open';
  /** Why; null for `runs`. */
  readonly sentence: string | null;
}

/** The needed jobs that matter: one that will certainly be skipped, and one that stands by. */
export interface Needed {
  readonly skipped: string | null;
  readonly standby: string | null;
}

/** Looks ahead at a job's condition (null is `success()`). Of the context, `status` is not read. */
export function foresee(expression: Expression | null, context: ExpressionContext, needed: Needed): Outlook {
  const success = foreseeSuccess(needed);
  if (!expression) return success;
  const parsed = parseExpression(expression.source);
  if (!parsed.ok)
    return { kind: 'open', sentence: `the condition cannot be read: ${parsed.problem.message}` };
  const outlook = foreseeExpression(new Foresight(parsed, expression, context, needed));
  if (parsed.asksStatus || outlook.kind === 'skipped') return outlook;
  return success.kind === 'runs' ? outlook : success;
}

const RUNS: Outlook = { kind: 'runs', sentence: null };
const OPEN: Outlook = { kind: 'open', sentence: 'its condition is decided at run time' };

function foreseeSuccess({ skipped, standby }: Needed): Outlook {
  if (skipped !== null)
    return { kind: 'skipped', sentence: `success() is false because ${skipped} is skipped` };
  if (standby !== null) return { kind: 'standby', sentence: `needs ${standby}, which stands by` };
  return RUNS;
}

function foreseeExpression(foresight: Foresight): Outlook {
  const certain = foresight.truth('certain');
  if (certain === true) return RUNS;
  if (certain === false) return { kind: 'skipped', sentence: foresight.reason() };
  const likely = foresight.truth('all-goes-well');
  if (likely === true) return RUNS;
  if (likely === false)
    return { kind: 'standby', sentence: 'runs only when something fails or is cancelled' };
  return OPEN;
}

const KNOWN_CONTEXTS: readonly string[] = [
  'git',
  'event',
  'pipeline',
  'inputs',
  'vars',
  'variables',
  'github',
];

/** Known before the run; its id, number and attempt are not, but its trust is. */
function isKnownContext(name: string, rest: string): boolean {
  if (/^run$/i.test(name)) return /^\s*(\.\s*trust\b|\[\s*'trust'\s*\])/i.test(rest);
  const isOfRun = /^\s*(\.|\[\s*')\s*run_/i.test(rest);
  return KNOWN_CONTEXTS.includes(name.toLowerCase()) && !isOfRun;
}

type View = 'certain' | 'all-goes-well';

/** The truth of a condition and its parts in three values: true, false, and null for "not known yet". */
class Foresight {
  readonly #parsed: ParsedExpression;
  readonly #expression: Expression;
  readonly #context: ExpressionContext;
  readonly #data: ContextData;
  readonly #needed: Needed;

  constructor(parsed: ParsedExpression, expression: Expression, context: ExpressionContext, needed: Needed) {
    this.#parsed = parsed;
    this.#expression = expression;
    this.#context = context;
    this.#data = new ContextData(context);
    this.#needed = needed;
  }

  /** In the view `all-goes-well` nothing fails and nobody cancels. */
  truth(view: View, node: Expr = this.#parsed.root): boolean | null {
    if (node instanceof Grouping) return this.truth(view, node.group);
    if (node instanceof Unary) {
      const inner = this.truth(view, node.expr);
      return inner === null ? null : !inner;
    }
    if (node instanceof Logical) {
      const settling = node.operator.lexeme === '||';
      const truths = node.args.map((argument) => this.truth(view, argument));
      if (truths.includes(settling)) return settling;
      return truths.includes(null) ? null : !settling;
    }
    if (!this.#isKnown(node, view)) return null;
    try {
      return !falsy(new Evaluator(node, this.#data, functionsFor({ status: this.#status(view) })).evaluate());
    } catch {
      // What cannot be evaluated now will be told, with its place, when the run gets there.
      return null;
    }
  }

  /** Why the condition is certainly false. */
  reason(): string {
    const decider = this.#decider(this.#parsed.root);
    const { start, end } = this.#parsed.spans.get(decider)!;
    const source = this.#parsed.source.slice(start, end);
    const part = parseExpression(source);
    // A part that asks for no status gets a success() in front, which must not be what decides here.
    const status = part.ok && part.asksStatus ? this.#status('certain') : HEALTHY;
    const skippedBecause = this.#needed.skipped === null ? null : `${this.#needed.skipped} is skipped`;
    const causes = { failedBecause: null, cancelledBecause: null, skippedBecause };
    const result = evaluateCondition({ ...this.#expression, source }, { ...this.#context, status }, causes);
    return result.ok ? decisionSentence(result.condition.decision) : result.message;
  }

  /** The innermost part that settles the whole alone: the false one of an `and`, the true one of an `or` under a `!`. */
  #decider(node: Expr): Expr {
    if (node instanceof Grouping) return this.#decider(node.group);
    if (node instanceof Unary) return this.#decider(node.expr);
    if (!(node instanceof Logical)) return node;
    const settling = node.operator.lexeme === '||';
    const settler = node.args.find((argument) => this.truth('certain', argument) === settling);
    return settler ? this.#decider(settler) : node;
  }

  #isKnown(node: Expr, view: View): boolean {
    const { start, end } = this.#parsed.spans.get(node)!;
    for (const [inner, span] of this.#parsed.spans) {
      if (span.start < start || span.end > end) continue;
      if (
        inner instanceof ContextAccess &&
        !isKnownContext(inner.name.lexeme, this.#parsed.source.slice(span.end))
      ) {
        return false;
      }
      const asksOpenStatus =
        inner instanceof FunctionCall && !this.#isSettled(inner.functionName.lexeme.toLowerCase());
      if (asksOpenStatus && view === 'certain') return false;
    }
    return true;
  }

  /** success() is settled once a needed job is known to be skipped; failure() and cancelled() never are. */
  #isSettled(functionName: string): boolean {
    if (functionName === 'success') return this.#needed.skipped !== null;
    return functionName !== 'failure' && functionName !== 'cancelled';
  }

  #status(view: View): ExpressionContext['status'] {
    const { skipped, standby } = this.#needed;
    return { ...HEALTHY, skippedNeed: skipped !== null || (view === 'all-goes-well' && standby !== null) };
  }
}

const HEALTHY: ExpressionContext['status'] = { failed: false, cancelled: false, skippedNeed: false };
