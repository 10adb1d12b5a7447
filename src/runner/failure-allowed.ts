import { evaluateValue } from '../pipeline/expression.ts';
import type { ExpressionContext } from '../pipeline/expression-context.ts';
import type { PlanStep } from '../pipeline/plan.ts';

/** Whether the others go on when the step fails. An expression that cannot be evaluated allows nothing. */
export function isFailureAllowed({ allowFailure, workflow }: PlanStep, context: ExpressionContext): boolean {
  if (!workflow?.allowFailure) return allowFailure;
  const result = evaluateValue(workflow.allowFailure.source, context);
  return result.ok && (result.value === true || result.value === 'true');
}
