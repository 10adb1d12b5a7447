import type * as z from 'zod';
import type { RouterDefinition, TargetDefinition } from '../../plan-environment.ts';
import type { Problems } from '../problem.ts';
import { headOf } from '../read.ts';
import type { routerSchema, target } from '../schema/target.ts';
import { nodeAt } from '../value.ts';
import { placeOfNode } from './text.ts';

type Target = z.input<ReturnType<typeof target>>;

/** What runs a release; null when nothing is said. */
export function targetOf(
  container: { readonly target?: Target },
  problems: Problems,
): TargetDefinition | null {
  const given = container.target;
  if (given === undefined) return null;
  const definition = typeof given === 'string' ? { kind: given } : given;
  return {
    kind: definition.kind,
    directory: definition.directory ?? null,
    keepReleases: definition.keep_releases ?? null,
    ports: portsOf(definition, problems),
    systemd: definition.systemd ?? null,
    network: definition.network ?? null,
    place: placeOfNode(nodeAt(container, 'target')),
  };
}

function portsOf(definition: Exclude<Target, string>, problems: Problems): TargetDefinition['ports'] {
  if (definition.ports === undefined) return null;
  const [first = 0, last = 0] = definition.ports.split('-').map(Number);
  if (first < 1 || last > 65_535 || last < first) {
    problems.error('bad-value', nodeAt(definition, 'ports'), `\`${definition.ports}\` is no range of ports`, {
      suggestion: 'write the lower one first, such as `8100-8199`',
    });
  }
  return { first, last };
}

type Router = z.input<typeof routerSchema>;

/** Which keys a kind of router needs, and which it takes besides. */
const ROUTER_KEYS = {
  proxy: { needs: ['listen'], takes: [] },
  haproxy: { needs: ['socket', 'backend'], takes: [] },
  nginx: { needs: ['config', 'upstream'], takes: ['reload'] },
} as const;

/** What sends the traffic; null when nothing is said or what is said is not enough (which is reported). */
export function routerOf(
  container: { readonly router?: Router },
  problems: Problems,
): RouterDefinition | null {
  const definition = container.router;
  if (definition === undefined) return null;
  const node = nodeAt(container, 'router');
  const dropped = node.kind === 'map' ? (node.dropped ?? []) : [];
  const { needs, takes } = ROUTER_KEYS[definition.kind];
  const known: readonly string[] = ['kind', ...needs, ...takes];
  for (const key of Object.keys(definition)) {
    if (known.includes(key)) continue;
    problems.error(
      'unused-key',
      nodeAt(definition, key),
      `\`${key}\` has no effect on a router of the kind \`${definition.kind}\``,
      { suggestion: 'remove it, or choose another kind' },
    );
  }
  const missing = needs.filter((key) => definition[key] === undefined && !dropped.includes(key));
  for (const key of missing)
    problems.error(
      'missing-key',
      headOf(node),
      `a router of the kind \`${definition.kind}\` needs \`${key}\``,
      {
        suggestion: `add \`${key}\``,
      },
    );
  if (needs.some((key) => definition[key] === undefined)) return null;
  const place = placeOfNode(node);
  switch (definition.kind) {
    case 'proxy':
      return { kind: 'proxy', listen: String(definition.listen), place };
    case 'haproxy':
      return { kind: 'haproxy', socket: definition.socket!, backend: definition.backend!, place };
    case 'nginx': {
      const { config, upstream, reload = null } = definition;
      return { kind: 'nginx', config: config!, upstream: upstream!, reload, place };
    }
  }
}
