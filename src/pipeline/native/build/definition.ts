import type { EnvironmentDefinition } from '../../plan-environment.ts';
import type { ServiceDefinition } from '../../plan-service.ts';
import { circlesOf } from '../graph.ts';
import { child, type MapNode, type Node, type Span } from '../node.ts';
import { type Problems, shown } from '../problem.ts';
import { headOf } from '../read.ts';
import { nodeAt, plainValue } from '../value.ts';
import { type Environment, environmentOf } from './environment.ts';
import { type DeclaredSecrets, useSecret } from './secret.ts';
import { type Service, serviceOf } from './service.ts';
import { entriesOf, listOf } from './text.ts';

/** What can be deployed, and where; null where the files define nothing of the kind. */
export interface Definitions {
  readonly environments: readonly EnvironmentDefinition[] | null;
  readonly services: readonly ServiceDefinition[] | null;
}

/** Environments and services of all files. Names that are defined twice or nowhere, and circles, are reported. */
export function definitionsOf(
  trees: readonly MapNode[],
  declared: DeclaredSecrets,
  problems: Problems,
): Definitions {
  const environments = foundOf<Environment>(trees, 'environments', problems);
  const services = foundOf<Service>(trees, 'services', problems);
  if (environments) checkPromotions(environments, problems);
  const names = environments?.map(({ name }) => name) ?? null;
  for (const { definition } of services ?? []) checkKnown(definition, 'environments', names, problems);
  for (const { definition } of [...(environments ?? []), ...(services ?? [])]) {
    for (const { value, node } of entriesOf(definition, 'secrets'))
      useSecret(String(value), node, declared, problems);
  }
  return {
    environments: environments?.map((found) => environmentOf(found, declared, problems)) ?? null,
    services: services?.map((found) => serviceOf(found, problems)) ?? null,
  };
}

/** A definition that was found under its name, or in a list with `name`. */
export interface Found<T> {
  readonly name: string;
  /** Where the name stands. */
  readonly at: Span;
  readonly node: Node;
  readonly definition: T;
}

function foundOf<T extends object>(
  trees: readonly MapNode[],
  key: 'environments' | 'services',
  problems: Problems,
): Found<T>[] | null {
  const found = new Map<string, Found<T>>();
  let any = false;
  for (const tree of trees) {
    const list = child(tree, key);
    if (!list) continue;
    any = true;
    for (const { name, at, node } of named(list, key, problems)) {
      const before = found.get(name);
      if (before) {
        problems.error('duplicate-id', at, `two ${key} are called ${shown(name)}`, {
          related: [{ message: 'the first one is here', at: before.at }],
          suggestion: 'give one of them another name',
        });
      }
      // A name alone is a definition with nothing in it.
      const empty: MapNode = { ...node, kind: 'map', entries: [] };
      const definition = plainValue(node.kind === 'map' ? node : empty) as T;
      found.set(name, { name, at, node, definition });
    }
  }
  return any ? [...found.values()] : null;
}

function named(list: Node, key: string, problems: Problems): { name: string; at: Span; node: Node }[] {
  if (list.kind === 'map')
    return list.entries.map((entry) => ({ name: entry.key, at: entry.keySpan, node: entry.value }));
  if (list.kind !== 'list') return [];
  return list.items.flatMap((node) => {
    const name = child(node, 'name');
    if (name?.kind === 'scalar') return [{ name: String(name.value), at: name, node }];
    problems.error('missing-key', headOf(node), `an entry of \`${key}\` needs the key \`name\``, {
      suggestion: 'write it, for example `name: staging`',
    });
    return [];
  });
}

function checkPromotions(environments: readonly Found<Environment>[], problems: Problems): void {
  const names = environments.map(({ name }) => name);
  const edges = new Map<string, readonly string[]>();
  for (const { name, definition } of environments) {
    if (!definition.promotion) continue;
    checkKnown(definition.promotion, 'after', names, problems);
    edges.set(name, listOf(definition.promotion.after));
  }
  for (const circle of circlesOf(edges)) {
    const first = environments.find(({ name }) => name === circle[0]);
    if (!first?.definition.promotion) continue;
    problems.error(
      'need-cycle',
      headOf(nodeAt(first.definition.promotion, 'after')),
      `the environments wait for each other in a circle: ${[...circle, circle[0]].join(' -> ')}`,
      { suggestion: 'remove one of these promotions' },
    );
  }
}

/** Names of environments under a key. `names` null: no environment is defined, and nothing can be said. */
function checkKnown<K extends string>(
  container: { readonly [key in K]?: string | readonly string[] },
  key: K,
  names: readonly string[] | null,
  problems: Problems,
): void {
  if (names === null) return;
  const given = container[key];
  for (const [index, name] of listOf<string>(given).entries()) {
    if (names.includes(name)) continue;
    const near = problems.near(name, names);
    const at = Array.isArray(given) ? nodeAt(given, index) : nodeAt(container, key);
    problems.error('unknown-environment', at, `there is no environment ${shown(name)}`, {
      suggestion: near ? `did you mean \`${near}\`?` : `the pipeline defines ${names.join(', ')}`,
    });
  }
}
