import type * as z from 'zod';
import type {
  DeployCommand,
  EnvironmentDefinition,
  EnvironmentType,
  HostDefinition,
  ResourceDefinition,
} from '../../plan-environment.ts';
import { placeOf } from '../node.ts';
import { type Problems, shown } from '../problem.ts';
import { headOf } from '../read.ts';
import type { deployCommandSchema, environmentSchema, resourcesSchema } from '../schema/environment.ts';
import { parseProcessors, parseSize } from '../size.ts';
import { nodeAt } from '../value.ts';
import { analysisOf } from './analysis.ts';
import type { Found } from './definition.ts';
import { healthChecksOf } from './health-check.ts';
import { amount } from './isolation.ts';
import { promotionOf, protectionOf } from './protection.ts';
import { routerOf, targetOf } from './router.ts';
import { type DeclaredSecrets, useSecret } from './secret.ts';
import { titleOf } from './step.ts';
import { rollbackOf, strategyOf } from './strategy.ts';
import { durationMs, entriesOf, placeOfNode, texts } from './text.ts';

export type Environment = z.input<typeof environmentSchema>;

/** One environment as the plan has it. */
export function environmentOf(
  found: Found<Environment>,
  declared: DeclaredSecrets,
  problems: Problems,
): EnvironmentDefinition {
  const { name, definition } = found;
  return {
    name,
    description: definition.description ?? null,
    type: definition.type ?? typeOf(found, problems),
    hosts: hostsOf(definition, declared, problems),
    ...registryOf(definition, declared, problems),
    target: targetOf(definition, problems),
    router: routerOf(definition, problems),
    variables: texts(definition.variables),
    secrets: definition.secrets ?? [],
    healthChecks: healthChecksOf(definition, problems),
    preDeployHooks: commandsOf(definition, 'pre_deploy_hooks'),
    postDeployHooks: commandsOf(definition, 'post_deploy_hooks'),
    smokeTests: commandsOf(definition, 'smoke_tests'),
    protection: protectionOf(definition.protection, problems),
    promotion: promotionOf(definition.promotion),
    resources: resourcesOf(definition.resources),
    strategy: strategyOf(definition, problems),
    analysis: analysisOf(definition, problems),
    rollback: rollbackOf(definition, problems),
    timeoutMs: durationMs(definition.timeout, null),
    place: placeOf(found.at),
  };
}

function registryOf(
  { registry }: Environment,
  declared: DeclaredSecrets,
  problems: Problems,
): Pick<EnvironmentDefinition, 'registry' | 'registryLogin'> {
  if (registry === undefined || typeof registry === 'string') return { registry: registry ?? null };
  const { host, user, password } = registry;
  useSecret(password, nodeAt(registry, 'password'), declared, problems);
  return { registry: host, registryLogin: { user, password } };
}

const TYPE_WORDS: readonly (readonly [EnvironmentType, RegExp])[] = [
  ['staging', /^(stag(e|ing)|stg|preprod|preproduction|pre|uat|acceptance)\d*$/],
  ['testing', /^(test|testing|qa|ci)\d*$/],
  ['preview', /^(preview|review|pr)\d*$/],
  ['development', /^(dev|develop|development|local|sandbox)\d*$/],
  ['production', /^(prod|production|live)\d*$/],
];

/** What an environment is for, by its name. A name that tells nothing means production, which has the strict defaults. */
function typeOf(found: Found<Environment>, problems: Problems): EnvironmentType {
  const words = found.name.toLowerCase().split(/[^a-z0-9]+/);
  const type = TYPE_WORDS.find(([, pattern]) => words.some((word) => pattern.test(word)))?.[0];
  if (type) return type;
  const dropped = found.node.kind === 'map' && (found.node.dropped ?? []).includes('type');
  if (!dropped) {
    problems.warn(
      'environment-type',
      found.at,
      `the name ${shown(found.name)} does not tell what the environment is for, so it counts as production`,
      { suggestion: 'add `type: staging`, or another one' },
    );
  }
  return 'production';
}

function hostsOf(definition: Environment, declared: DeclaredSecrets, problems: Problems): HostDefinition[] {
  const { host, hosts, port = 22, user, key } = definition;
  if (host !== undefined && hosts !== undefined) {
    problems.error('duplicate-key', nodeAt(definition, 'host'), '`host` and `hosts` say the same', {
      suggestion: 'put all of them under `hosts`',
    });
  }
  const entries = entriesOf(definition, hosts === undefined ? 'host' : 'hosts');
  if (entries.length === 0) {
    for (const name of ['port', 'user', 'key'] as const) {
      if (definition[name] === undefined) continue;
      problems.error('no-host', nodeAt(definition, name), `\`${name}\` has no effect without a host`, {
        suggestion: 'add `host: NAME`, or remove it',
      });
    }
  }
  if (key !== undefined) useSecret(key, nodeAt(definition, 'key'), declared, problems);
  const seen = new Set<string>();
  return entries.map(({ value, node }) => {
    const one = typeof value === 'string' ? { host: value } : (value as Exclude<HostEntry, string>);
    const result: HostDefinition = {
      host: one.host,
      port: one.port ?? port,
      user: one.user ?? user ?? null,
      key: one.key ?? key ?? null,
      hostKey: one.host_key ?? null,
      place: placeOfNode(node),
    };
    if (one.key !== undefined) useSecret(one.key, nodeAt(one, 'key'), declared, problems);
    const id = `${result.host.toLowerCase()}:${result.port}`;
    if (seen.has(id))
      problems.error('duplicate-id', headOf(node), `the host ${shown(id)} stands twice`, {
        suggestion: 'remove one of them',
      });
    seen.add(id);
    return result;
  });
}

type HostEntry = NonNullable<Environment['hosts']>[number];

function commandsOf(
  definition: Environment,
  key: 'pre_deploy_hooks' | 'post_deploy_hooks' | 'smoke_tests',
): DeployCommand[] {
  return entriesOf(definition, key).map(({ value, node }) => {
    const one = typeof value === 'string' ? { run: value } : (value as z.input<typeof deployCommandSchema>);
    return {
      name: one.name ?? titleOf(one.run),
      run: one.run,
      timeoutMs: durationMs(one.timeout, null),
      place: placeOfNode(node),
    };
  });
}

/** What an instance of an environment or a service gets. */
export function resourcesOf(resources: z.input<typeof resourcesSchema> | undefined): ResourceDefinition {
  return {
    cpus: amount(resources?.cpu, parseProcessors),
    memoryBytes: amount(resources?.memory, parseSize),
    diskBytes: amount(resources?.disk, parseSize),
    replicas: resources?.replicas ?? null,
  };
}
