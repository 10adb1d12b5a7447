import { Evaluator, type Expr } from '@actions/expressions';
import {
  Binary,
  ContextAccess,
  FunctionCall,
  Grouping,
  Literal,
  Logical,
  Star,
  Unary,
} from '@actions/expressions/ast';
import { falsy } from '@actions/expressions/result';
import type { Condition, Decision, ExpressionContext } from './expression-context.ts';
import { ContextData, type ExpressionData } from './expression-data.ts';
import { functionsFor, STATUS_FUNCTIONS, statusValue } from './expression-function.ts';
import { evaluationMessage, syntaxMessage } from './expression-message.ts';
import { type Mask, maskFor, shownValue } from './expression-show.ts';
import { type ParsedExpression, parseExpression } from './expression-syntax.ts';
import type { Expression } from './plan.ts';

export { decisionSentence } from './expression-sentence.ts';

/** What made success() false, failure() or cancelled() true, as it follows the word "because": `test failed`. */
export interface ConditionCauses {
  readonly failedBecause: string | null;
  readonly cancelledBecause: string | null;
  readonly skippedBecause: string | null;
}

type Result =
  | { readonly ok: true; readonly condition: Condition }
  | { readonly ok: false; readonly message: string };

/**
 * Decides a condition by GitHub's rules: null is `success()`, and an expression that calls no status function is
 * `success() && (expression)`. The decision names the terms that were looked at, as they stand in the source, with their
 * values; a secret is shown as `***`. Problems come back as one sentence; never throws.
 */
export function evaluateCondition(
  expression: Expression | null,
  context: ExpressionContext,
  causes: ConditionCauses,
): Result {
  if (!expression) return { ok: true, condition: plainSuccess(context, causes) };
  const parsed = parseExpression(expression.source);
  if (!parsed.ok) return { ok: false, message: syntaxMessage(expression.source, parsed.problem.message) };
  try {
    return { ok: true, condition: decide(parsed, context, causes) };
  } catch (error) {
    return { ok: false, message: evaluationMessage(expression.source, error) };
  }
}

function decide(parsed: ParsedExpression, context: ExpressionContext, causes: ConditionCauses): Condition {
  if (parsed.asksStatus) return explained(parsed, context, causes);
  const success = plainSuccess(context, causes);
  const term = `success() && (${parsed.source.trim()})`;
  const mask = maskFor(context);
  if (!success.met) {
    return {
      met: false,
      decision: { term: mask(term), value: 'false', because: null, parts: [success.decision] },
    };
  }
  const own = explained(parsed, context, causes);
  const parts = [success.decision, own.decision];
  return { met: own.met, decision: { term: mask(term), value: own.decision.value, because: null, parts } };
}

function plainSuccess(context: ExpressionContext, causes: ConditionCauses): Condition {
  const met = statusValue('success', context.status);
  return { met, decision: statusDecision('success', 'success()', met, context, causes) };
}

function explained(parsed: ParsedExpression, context: ExpressionContext, causes: ConditionCauses): Condition {
  const evaluator = new ExplainingEvaluator(parsed.root, context);
  const met = !falsy(evaluator.evaluate());
  const tell = new Teller(parsed, context, causes);
  return { met, decision: tell.decision(evaluator.record) };
}

/** One evaluated node with its value and the nodes that were looked at for it. */
interface Evaluated {
  readonly node: Expr;
  readonly value: ExpressionData;
  readonly parts: readonly Evaluated[];
}

/** The library's evaluator, which writes down what it looks at; the meaning of everything stays the library's. */
class ExplainingEvaluator extends Evaluator {
  #parts: Evaluated[] = [];

  constructor(root: Expr, context: ExpressionContext) {
    super(root, new ContextData(context), functionsFor(context));
  }

  get record(): Evaluated {
    return this.#parts[0]!;
  }

  protected override eval(node: Expr): ExpressionData {
    const outer = this.#parts;
    const parts: Evaluated[] = [];
    this.#parts = parts;
    const value = super.eval(node);
    outer.push({ node, value, parts });
    this.#parts = outer;
    return value;
  }
}

/** Turns what was evaluated into words. */
class Teller {
  readonly #parsed: ParsedExpression;
  readonly #context: ExpressionContext;
  readonly #causes: ConditionCauses;
  readonly #mask: Mask;

  constructor(parsed: ParsedExpression, context: ExpressionContext, causes: ConditionCauses) {
    this.#parsed = parsed;
    this.#context = context;
    this.#causes = causes;
    this.#mask = maskFor(context);
  }

  decision(record: Evaluated): Decision {
    const { node, value } = record;
    if (node instanceof Grouping) return this.decision(record.parts[0]!);
    const term = this.#term(node);
    if (node instanceof FunctionCall) {
      const name = node.functionName.lexeme.toLowerCase();
      if (STATUS_FUNCTIONS.includes(name)) {
        return statusDecision(name, term, !falsy(value), this.#context, this.#causes);
      }
    }
    const isPath = !(
      node instanceof Logical ||
      node instanceof Unary ||
      node instanceof Binary ||
      node instanceof FunctionCall
    );
    const looked = isPath ? [] : record.parts.filter((part) => !isLiteral(part.node));
    const parts = looked.map((part) => this.decision(part));
    const isJoined = node instanceof Logical || node instanceof Unary;
    const because = isJoined || parts.length === 0 ? null : parts.map(told).join(' and ');
    return {
      term,
      value: shownValue(value, this.#context.secrets !== undefined && isSecret(record), this.#mask),
      because,
      parts,
    };
  }

  #term(node: Expr): string {
    const span = this.#parsed.spans.get(node)!;
    const term = this.#mask(this.#parsed.source.slice(span.start, span.end));
    return term.length > 200 ? `${term.slice(0, 199)}…` : term;
  }
}

function told(part: Decision): string {
  return `${part.term} is ${part.value}`;
}

function isLiteral(node: Expr): boolean {
  return (
    node instanceof Literal || node instanceof Star || (node instanceof Grouping && isLiteral(node.group))
  );
}

const TRUTH_FUNCTIONS: readonly string[] = ['contains', 'startswith', 'endswith', ...STATUS_FUNCTIONS];

/** Whether a value may hold a secret or a part of one. A plain true or false that was computed from one does not. */
function isSecret({ node, parts }: Evaluated): boolean {
  if (node instanceof ContextAccess) return node.name.lexeme.toLowerCase() === 'secrets';
  if (node instanceof Unary || node instanceof Binary) return false;
  if (node instanceof FunctionCall && TRUTH_FUNCTIONS.includes(node.functionName.lexeme.toLowerCase()))
    return false;
  return parts.some(isSecret);
}

function statusDecision(
  name: string,
  term: string,
  value: boolean,
  context: ExpressionContext,
  causes: ConditionCauses,
): Decision {
  return {
    term,
    value: String(value),
    because: statusBecause(name, value, context.status, causes),
    parts: [],
  };
}

/** A cancellation explains more than the failures and skips that follow from it. */
function statusBecause(
  name: string,
  value: boolean,
  status: ExpressionContext['status'],
  causes: ConditionCauses,
): string | null {
  if (name === 'failure') return value ? causes.failedBecause : null;
  if (name === 'cancelled') return value ? causes.cancelledBecause : null;
  if (name !== 'success' || value) return null;
  if (status.cancelled && causes.cancelledBecause !== null) return causes.cancelledBecause;
  if (status.failed && causes.failedBecause !== null) return causes.failedBecause;
  return causes.skippedBecause;
}
