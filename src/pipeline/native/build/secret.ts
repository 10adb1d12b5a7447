import type { SecretGrant } from '../../plan.ts';
import type { Node, Span } from '../node.ts';
import { type Problems, shown } from '../problem.ts';
import { spanInText } from '../text-place.ts';
import { nodeAt } from '../value.ts';
import type { BuildContext } from './context.ts';
import type { JobDefinition } from './step.ts';

/** The secrets that a job asks for; those that the pipeline does not declare are reported. */
export function grantsOf(job: JobDefinition, context: BuildContext): SecretGrant[] {
  const { secrets } = job;
  if (!secrets) return [];
  const grants: SecretGrant[] = Array.isArray(secrets)
    ? secrets.map((name) => ({ name, variable: name }))
    : Object.entries(secrets).map(([variable, name]) => ({ name, variable }));
  for (const [index, { name }] of grants.entries()) {
    const at = Array.isArray(secrets) ? nodeAt(secrets, index) : nodeAt(secrets, grants[index]!.variable!);
    useSecret(name, at, context, context.problems);
  }
  return grants;
}

/** The secrets of a pipeline, and which of them something asks for. */
export interface DeclaredSecrets {
  /** null when the pipeline does not say. */
  readonly secrets: ReadonlyMap<string, Span> | null;
  readonly secretsUsed: Set<string>;
}

/** Notes that a secret is asked for at a place; one that the pipeline does not declare is reported. */
export function useSecret(name: string, at: Span, declared: DeclaredSecrets, problems: Problems): void {
  declared.secretsUsed.add(name);
  if (!declared.secrets || declared.secrets.has(name)) return;
  const known = [...declared.secrets.keys()];
  const near = problems.near(name, known);
  problems.error('unknown-secret', at, `the pipeline does not declare the secret ${shown(name)}`, {
    suggestion: near
      ? `did you mean \`${near}\`?`
      : `add it to the pipeline's \`secrets\`, which has ${known.join(', ') || 'none'}`,
  });
}

const SECRET = /\bsecrets\s*\.\s*([A-Za-z_]\w*)/g;

/** Warns of `secrets.NAME` in a job that does not ask for it: the value would be empty. */
export function reportUnaskedSecrets(job: Node, grants: readonly SecretGrant[], problems: Problems): void {
  if (job.kind === 'list') for (const item of job.items) reportUnaskedSecrets(item, grants, problems);
  else if (job.kind === 'map')
    for (const entry of job.entries) reportUnaskedSecrets(entry.value, grants, problems);
  else if (typeof job.value === 'string' && job.value.includes('${{') && job.value.includes('secrets')) {
    const expressions = job.value.matchAll(/\$\{\{[\s\S]*?\}\}/g);
    for (const expression of expressions) {
      for (const found of expression[0].matchAll(SECRET)) {
        const name = found[1]!;
        if (grants.some((grant) => grant.name === name)) continue;
        problems.warn(
          'unasked-secret',
          spanInText(job, expression.index + found.index, found[0].length),
          `the job does not ask for the secret ${shown(name)}, so its value is empty here`,
          {
            suggestion: `add \`secrets: [${name}]\` to the job`,
          },
        );
      }
    }
  }
}
