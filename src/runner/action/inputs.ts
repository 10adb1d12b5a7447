import type { JsonObject } from '../../base/json.ts';
import type { ExpressionContext } from '../../pipeline/expression-context.ts';
import type { ActionInput } from '../../pipeline/github/action/action-definition.ts';
import type { Environment } from '../environment.ts';
import { fill } from '../job-state.ts';
import { JobProblem } from '../problem.ts';

/** The inputs of an action with their values, by the names under which it declares them. */
export interface Inputs {
  readonly values: Readonly<Record<string, string>>;
  /** What a person should see: names that the action does not know, inputs that are missing or deprecated. */
  readonly warnings: readonly string[];
}

/** `given`: templates under `with`. Names are told apart without regard to case. Throws a `JobProblem`. */
export function readInputs(
  declared: Readonly<Record<string, ActionInput>>,
  given: Readonly<Record<string, string>>,
  context: () => ExpressionContext,
): Inputs {
  const spelling = new Map(Object.keys(declared).map((name) => [name.toLowerCase(), name]));
  const values: Record<string, string> = {};
  const warnings: string[] = [];
  for (const [name, template] of Object.entries(given)) {
    const known = spelling.get(name.toLowerCase());
    if (known === undefined) {
      const names = [...spelling.values()].join(', ');
      warnings.push(`the action has no input ${name}; it has ${names || 'none'}`);
    } else if (declared[known]!.deprecation !== null) {
      warnings.push(`input ${name} is deprecated: ${declared[known]!.deprecation}`);
    }
    values[known ?? name] = fill(template, `input ${name}`, context);
  }
  for (const [name, input] of Object.entries(declared)) {
    if (Object.hasOwn(values, name)) continue;
    if (input.required && input.default === null)
      warnings.push(`the action wants the input ${name}, which is empty`);
    values[name] = fill(input.default ?? '', `the default of input ${name}`, context);
  }
  return { values, warnings };
}

/** The same without text from outside, as far as that can be had. */
export function plainInputs(
  declared: Readonly<Record<string, ActionInput>>,
  given: Readonly<Record<string, string>>,
  context: () => ExpressionContext,
): JsonObject {
  try {
    return readInputs(declared, given, context).values;
  } catch (error) {
    if (error instanceof JobProblem) return {};
    throw error;
  }
}

/** The variables in which a program finds its inputs. */
export function inputVariables(values: Readonly<Record<string, string>>): Environment {
  return Object.fromEntries(
    Object.entries(values).map(([name, value]) => [
      `INPUT_${name.replaceAll(' ', '_').toUpperCase()}`,
      value,
    ]),
  );
}
