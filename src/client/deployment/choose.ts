import { type UserError, userError } from '../../base/diagnostic.ts';
import { nearestName } from '../../base/near.ts';
import { visible } from '../../base/text.ts';
import type { Plan } from '../../pipeline/plan.ts';
import type { EnvironmentDefinition } from '../../pipeline/plan-environment.ts';
import type { ServiceDefinition } from '../../pipeline/plan-service.ts';

/** The environment of that name; null: the only one. Throws `UserError` with the nearest name, or with what there is. */
export function chosenEnvironment(plan: Plan, name: string | null): EnvironmentDefinition {
  const { environments } = plan;
  return chosen(plan, 'environment', environments, name, 'sluice deploy ENVIRONMENT');
}

/** The service of that name; null: the only one that may run in the environment. Throws `UserError` likewise. */
export function chosenService(
  plan: Plan,
  name: string | null,
  environment: EnvironmentDefinition,
): ServiceDefinition {
  const may = plan.services.filter((one) => mayRunIn(one, environment.name));
  return chosen(plan, 'service', name === null ? may : plan.services, name, '--service NAME');
}

/** Services without a word about it may run everywhere. */
export function mayRunIn({ environments }: ServiceDefinition, environment: string): boolean {
  return environments.length === 0 || environments.includes(environment);
}

function chosen<T extends { readonly name: string }>(
  plan: Plan,
  noun: 'environment' | 'service',
  known: readonly T[],
  name: string | null,
  flag: string,
): T {
  const found = name === null && known.length === 1 ? known[0] : known.find((one) => one.name === name);
  if (found) return found;
  throw missing(
    plan,
    noun,
    known.map((one) => one.name),
    name,
    flag,
  );
}

function missing(
  plan: Plan,
  noun: string,
  names: readonly string[],
  name: string | null,
  flag: string,
): UserError {
  const file = visible(plan.file);
  if (names.length === 0)
    return userError(
      `no-${noun}`,
      `${file} defines no ${noun} to deploy`,
      `define one below \`${noun}s:\`; docs/deployments.md begins with it`,
    );
  const list = names.map(visible).join(', ');
  if (name === null)
    return userError(`which-${noun}`, `${file} defines several ${noun}s: ${list}`, `say which: ${flag}`);
  const near = nearestName(name, names);
  return userError(
    `unknown-${noun}`,
    `${file} defines no ${noun} ${JSON.stringify(name)}`,
    near ? `did you mean ${visible(near)}?` : `there are: ${list}`,
  );
}
