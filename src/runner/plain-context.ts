import type { JsonObject } from '../base/json.ts';
import type { ExpressionContext } from '../pipeline/expression-context.ts';
import { harmless, isHarmless, plainRunContexts } from '../pipeline/plain-context.ts';
import type { JobMessage } from './contract.ts';

/** An expression that asks for what comes from outside. */
const OUTSIDE = /\b(event|git|github|inputs|vars|variables)\b/i;

/** The contexts of a job without the text that comes from outside: the run's, and what inputs and the matrix have of it. */
export function plainContexts({
  contexts,
  variables,
  matrix,
  job,
  plainInputs,
}: JobMessage): Pick<ExpressionContext, 'event' | 'git' | 'vars' | 'matrix'> & Partial<ExpressionContext> {
  const isMatrixOutside = OUTSIDE.test(job.matrix?.expression?.source ?? '');
  return {
    ...plainRunContexts(contexts, variables),
    ...(plainInputs ? { inputs: plainInputs } : {}),
    matrix: (isMatrixOutside ? harmless(matrix ?? {}) : (matrix ?? {})) as JsonObject,
  };
}

/** Variables that Sluice itself makes of text from outside. */
const TOLD =
  /^(SLUICE_(BRANCH|TAG|EVENT)|GITHUB_(HEAD_REF|BASE_REF|REF|REF_NAME|ACTOR|TRIGGERING_ACTOR|EVENT_NAME|REPOSITORY|REPOSITORY_OWNER))$/;

/** The variables of a step without the text from outside that they tell. */
export function plainEnvironment(environment: Readonly<Record<string, string>>): Record<string, string> {
  const plain = Object.entries(environment).map(([name, value]): [string, string] => [
    name,
    TOLD.test(name) && !isHarmless(value) ? '' : value,
  ]);
  return Object.fromEntries(plain);
}
