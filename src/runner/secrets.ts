import type { JsonObject } from '../base/json.ts';
import { secretProblem } from '../base/secret-value.ts';
import type { SecretSource } from '../secret/contract.ts';
import type { JobMessage } from './contract.ts';
import { fill } from './job-state.ts';
import { JobProblem } from './problem.ts';

/**
 * The environment of a job, whose secrets it may have; null: none. Throws a `JobProblem` for a name that cannot be evaluated, or that became
 * one of a protected environment.
 */
export function environmentOf({ job, contexts, matrix, needs, strategy }: JobMessage): string | null {
  if (job.deploy) return job.deploy.environment;
  const environment = job.workflow?.environment;
  if (!environment) return null;
  const name = fill(environment.name, `the environment of ${job.id}`, () => ({
    ...contexts,
    matrix: matrix ?? {},
    needs: needs as JsonObject,
    strategy: strategy ?? {},
    status: { failed: false, cancelled: false, skippedNeed: false },
  }));
  if (environment.refused?.some((one) => one.toLowerCase() === name.toLowerCase()))
    throw new JobProblem(
      `the environment ${name} is protected, and ${environment.name} is known too late to ask for it; write the name into a job of its own`,
    );
  return name === '' ? null : name;
}

/**
 * The values of the job's secrets by name. Throws a `JobProblem` when one is missing or cannot be masked, and the `UserError` of a
 * place that has it and cannot give it.
 */
export async function readSecrets(
  message: JobMessage,
  secrets: SecretSource,
): Promise<Record<string, string>> {
  const { job, source, trust } = message;
  const values: Record<string, string> = {};
  const asker = { source, trust, environment: environmentOf(message) };
  for (const { name, optional } of job.secrets) {
    // Untrusted code gets none, whoever made the message.
    if (optional && trust === 'untrusted') continue;
    const value = await secrets.read(name, asker);
    if ((value === null || value === '') && optional) continue;
    if (value === null)
      throw new JobProblem(
        `there is no secret ${name}; set it with \`sluice secret set ${name}\`, or take it out of the job's \`secrets:\``,
      );
    const problem = secretProblem(value);
    if (problem) throw new JobProblem(`secret ${name} ${problem}`);
    values[name] = value;
  }
  return values;
}

/**
 * What `secrets` holds in a workflow that is called: what its caller gives it, by the names there. `values`: of the workflow that was
 * started. Throws a `JobProblem`.
 */
export function secretsOfCalls(
  message: JobMessage,
  values: Readonly<Record<string, string>>,
): Readonly<Record<string, string>> {
  const scopes = message.job.workflow?.scope?.secrets ?? [];
  const status = { failed: false, cancelled: false, skippedNeed: false };
  return scopes.reduce<Readonly<Record<string, string>>>((secrets, given) => {
    const { GITHUB_TOKEN: token } = secrets;
    const own: Record<string, string> = token === undefined ? {} : { GITHUB_TOKEN: token };
    const context = { ...message.contexts, secrets, status };
    for (const [name, text] of Object.entries(given))
      own[name] = fill(text, `the secret ${name} of the call`, () => context);
    return own;
  }, values);
}
