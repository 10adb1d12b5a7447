import { userError } from '../../base/diagnostic.ts';
import { secretProblem } from '../../base/secret-value.ts';
import type { DeploymentDefinition } from '../../delivery/definition.ts';
import type { RunSource } from '../../journal/run-event.ts';
import type { SecretSource } from '../../secret/contract.ts';
import { givenSecrets } from '../../secret/given.ts';
import { grantedSecrets } from '../../secret/granted.ts';
import { keptSecrets } from '../secrets.ts';

/** Reads secrets of a deployment by name, for its environment. */
export type ReadSecret = (name: string) => Promise<string>;

/** Throws a `UserError` that names the secret when it is missing or cannot be had. */
export async function secretReader(
  directory: string,
  hostEnvironment: NodeJS.ProcessEnv,
  definition: DeploymentDefinition,
): Promise<ReadSecret> {
  const given = await givenSecrets([], hostEnvironment);
  const source: SecretSource = grantedSecrets(given, async () => keptSecrets(directory, hostEnvironment));
  const asker = {
    source: sourceOf(definition),
    environment: definition.environment.name,
    trust: 'trusted',
  } as const;
  return async (name) => {
    const value = await source.read(name, asker);
    if (value === null)
      throw userError(
        'secret-missing',
        `there is no secret ${name} for ${definition.environment.name}`,
        `set it: sluice secret set ${name} --environment ${definition.environment.name}`,
      );
    const problem = secretProblem(value);
    if (problem) throw userError('secret-unusable', `secret ${name} ${problem}`);
    return value;
  };
}

/** The secrets that what is deployed is granted. */
export async function grantedTo(
  { service, environment }: DeploymentDefinition,
  read: ReadSecret,
): Promise<Readonly<Record<string, string>>> {
  const values: Record<string, string> = {};
  for (const name of new Set([...service.secrets, ...environment.secrets])) values[name] = await read(name);
  return values;
}

function sourceOf({ source }: DeploymentDefinition): RunSource {
  const mode = source.commit === null ? 'tree' : 'commit';
  return { ...source, tag: null, mode, dirty: false };
}
