import type { SecretGrant } from '../pipeline/plan.ts';
import type { SecretSource } from '../secret/contract.ts';
import { secretProblem } from './mask/secret-value.ts';
import { JobProblem } from './problem.ts';

/** The values of the granted secrets by name. Throws a `JobProblem` when one is missing or cannot be masked. */
export async function readSecrets(
  grants: readonly SecretGrant[],
  source: SecretSource,
): Promise<Record<string, string>> {
  const values: Record<string, string> = {};
  for (const { name } of grants) {
    const value = await source.read(name);
    if (value === null)
      throw new JobProblem(`there is no secret ${name}; set it, or take it out of the job's \`secrets:\``);
    const problem = secretProblem(value);
    if (problem) throw new JobProblem(`secret ${name} ${problem}`);
    values[name] = value;
  }
  return values;
}
