import { evaluateCondition } from '../../pipeline/expression.ts';
import type { Expression } from '../../pipeline/plan.ts';
import type { Environment } from '../environment.ts';
import { JobProblem } from '../problem.ts';
import type { StepScope } from '../step-setup.ts';

const NO_CAUSES = { failedBecause: null, cancelledBecause: null, skippedBecause: null };

/** Whether a condition holds for a part of an action. Throws a `JobProblem` that names `subject`. */
export function isMet(
  expression: Expression | null,
  scope: StepScope,
  environment: Environment,
  subject: string,
): boolean {
  const result = evaluateCondition(expression, scope.context(environment), NO_CAUSES);
  if (!result.ok) throw new JobProblem(`the condition of ${subject}: ${result.message}`);
  return result.condition.met;
}
