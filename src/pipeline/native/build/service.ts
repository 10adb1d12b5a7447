import type * as z from 'zod';
import type { MigrationDefinition, ServiceDefinition } from '../../plan-service.ts';
import { placeOf } from '../node.ts';
import type { Problems } from '../problem.ts';
import { headOf } from '../read.ts';
import type { serviceSchema } from '../schema/service.ts';
import { nodeAt } from '../value.ts';
import { analysisOf } from './analysis.ts';
import type { Found } from './definition.ts';
import { resourcesOf } from './environment.ts';
import { healthChecksOf } from './health-check.ts';
import { routerOf } from './router.ts';
import { rollbackOf, strategyOf } from './strategy.ts';
import { durationMs, listOf, placeOfNode, texts } from './text.ts';

export type Service = z.input<typeof serviceSchema>;

/** One service as the plan has it. */
export function serviceOf(found: Found<Service>, problems: Problems): ServiceDefinition {
  const { name, definition } = found;
  if (definition.artifact !== undefined && definition.image !== undefined) {
    problems.error(
      'duplicate-key',
      nodeAt(definition, 'image'),
      'a service is deployed from an artifact or from an image, but this one has both',
      { suggestion: 'remove one of them' },
    );
  }
  return {
    name,
    description: definition.description ?? null,
    artifact: definition.artifact ?? null,
    image: definition.image ?? null,
    environments: listOf(definition.environments),
    command: definition.command ?? null,
    directory: definition.directory ?? '.',
    port: definition.port ?? null,
    variables: texts(definition.variables),
    secrets: definition.secrets ?? [],
    healthChecks: healthChecksOf(definition, problems),
    resources: resourcesOf(definition.resources),
    strategy: strategyOf(definition, problems),
    analysis: analysisOf(definition, problems),
    rollback: rollbackOf(definition, problems),
    router: routerOf(definition, problems),
    migrations: migrationsOf(definition, problems),
    drainTimeoutMs: durationMs(definition.drain_timeout, null),
    place: placeOf(found.at),
  };
}

function migrationsOf(definition: Service, problems: Problems): MigrationDefinition | null {
  const { migrations } = definition;
  if (!migrations) return null;
  const node = nodeAt(definition, 'migrations');
  if (migrations.up === undefined && node.kind === 'map' && !(node.dropped ?? []).includes('up')) {
    problems.error('missing-key', headOf(node), '`migrations` needs the key `up`', {
      suggestion: 'write what changes the data, for example `up: ./migrate up`',
    });
  }
  return {
    kind: migrations.kind ?? 'irreversible',
    up: migrations.up ?? null,
    down: migrations.down ?? null,
    place: placeOfNode(node),
  };
}
