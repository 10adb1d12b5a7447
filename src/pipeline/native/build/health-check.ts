import type * as z from 'zod';
import type { HealthCheck, HealthQuestion } from '../../plan-health-check.ts';
import type { Node } from '../node.ts';
import type { Problems } from '../problem.ts';
import { headOf } from '../read.ts';
import type { healthCheckSchema, healthChecks } from '../schema/health-check.ts';
import { nodeAt } from '../value.ts';
import { durationMs, entriesOf, placeOfNode } from './text.ts';

type Definition = z.input<ReturnType<typeof healthCheckSchema>>;

/** The checks under `health_checks`: a list, or by kind. */
export function healthChecksOf(
  container: { readonly health_checks?: z.input<ReturnType<typeof healthChecks>> },
  problems: Problems,
): HealthCheck[] {
  const given = container.health_checks;
  if (given === undefined) return [];
  if (Array.isArray(given))
    return entriesOf(container, 'health_checks').flatMap(({ value, node }) =>
      checkOf(value as Definition, node, null, problems),
    );
  return (['readiness', 'liveness', 'startup'] as const).flatMap((kind) =>
    entriesOf(given, kind).flatMap(({ value, node }) => checkOf(value as Definition, node, kind, problems)),
  );
}

/** The one check under `health_check`; null where there is none. */
export function healthCheckOf(
  container: { readonly health_check?: Definition },
  problems: Problems,
): HealthCheck | null {
  const given = container.health_check;
  if (given === undefined) return null;
  return checkOf(given, nodeAt(container, 'health_check'), null, problems)[0] ?? null;
}

function checkOf(
  definition: Definition,
  node: Node,
  kind: HealthCheck['kind'] | null,
  problems: Problems,
): HealthCheck[] {
  const ask = questionOf(definition, node, problems);
  if (!ask) return [];
  if (kind !== null && definition.kind !== undefined && definition.kind !== kind) {
    problems.error(
      'bad-health-check',
      nodeAt(definition, 'kind'),
      `the check stands under \`${kind}\`, but its kind is \`${definition.kind}\``,
      { suggestion: 'remove `kind`' },
    );
  }
  return [
    {
      name: definition.name ?? nameOf(ask),
      kind: kind ?? definition.kind ?? 'readiness',
      ask,
      intervalMs: durationMs(definition.interval, 10_000),
      timeoutMs: durationMs(definition.timeout, 5_000),
      successThreshold: definition.success_threshold ?? 1,
      failureThreshold: definition.failure_threshold ?? 3,
      place: placeOfNode(node),
    },
  ];
}

/** Each check asks in exactly one way. */
function questionOf(definition: Definition, node: Node, problems: Problems): HealthQuestion | null {
  const { http, tcp, command, status } = definition;
  const ways = (['http', 'tcp', 'command'] as const).filter((way) => definition[way] !== undefined);
  if (ways.length !== 1) {
    // A way that was wrong has been reported.
    if (node.kind === 'map' && (node.dropped ?? []).length > 0) return null;
    problems.error(
      'bad-health-check',
      headOf(node),
      ways.length === 0
        ? 'a health check needs `http`, `tcp` or `command`'
        : `a health check asks in one way, but this one has ${ways.map((way) => `\`${way}\``).join(' and ')}`,
      {
        suggestion:
          ways.length === 0
            ? 'write for example `http: http://localhost:8080/health`'
            : 'make them several checks',
      },
    );
    return null;
  }
  if (status !== undefined && http === undefined) {
    problems.error(
      'bad-health-check',
      nodeAt(definition, 'status'),
      '`status` has no effect without `http`',
      {
        suggestion: 'remove it',
      },
    );
  }
  if (http !== undefined) return { kind: 'http', url: http, status: status ?? null };
  if (command !== undefined) return { kind: 'command', run: command };
  if (typeof tcp === 'number') return { kind: 'tcp', host: null, port: tcp };
  const colon = tcp!.lastIndexOf(':');
  return { kind: 'tcp', host: tcp!.slice(0, colon), port: Number(tcp!.slice(colon + 1)) };
}

function nameOf(ask: HealthQuestion): string {
  if (ask.kind === 'http') return ask.url;
  if (ask.kind === 'tcp') return `tcp ${ask.host === null ? '' : `${ask.host}:`}${ask.port}`;
  return ask.run.trim().split('\n')[0]!;
}
