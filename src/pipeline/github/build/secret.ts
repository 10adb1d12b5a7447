import { splitTemplate } from '../../expression-template.ts';
import type { Node } from '../../native/node.ts';
import type { PlanStep, SecretGrant } from '../../plan.ts';
import { nativeActionOf } from '../action/native-action.ts';
import { textsBelow } from './text.ts';

const SECRET = /\bsecrets\s*(?:\.\s*([A-Za-z_]\w*)|\[\s*'([A-Za-z_]\w*)'\s*\])/gi;
const TOKEN = /\bgithub\s*\.\s*token\b/i;

/**
 * The secrets that the expressions of a job name, also those it gets by the variables of the workflow. As in GitHub one that
 * nobody set is empty. `steps`: of the job.
 */
export function grantsOf(
  nodes: readonly (Node | undefined)[],
  steps: readonly Pick<PlanStep, 'uses'>[] = [],
): SecretGrant[] {
  // Most actions have it as the default of an input.
  const hasActions = steps.some(({ uses }) => uses !== null && nativeActionOf(uses) === null);
  const names = new Set<string>(hasActions ? ['GITHUB_TOKEN'] : []);
  for (const node of nodes) {
    if (!node) continue;
    for (const { value } of textsBelow(node)) {
      if (!value.includes('${{') || !/secrets|token/i.test(value)) continue;
      for (const part of splitTemplate(value).parts) {
        if (part.kind === 'expression') for (const name of secretsIn(part.source)) names.add(name);
      }
    }
  }
  return [...names].map((name) => ({ name, variable: null, optional: true }));
}

/** Names of the secrets that an expression looks at. */
export function secretsIn(source: string): readonly string[] {
  const names = [...source.matchAll(SECRET)].map((found) => found[1] ?? found[2]!);
  return TOKEN.test(source) ? [...names, 'GITHUB_TOKEN'] : names;
}
