import { child, type Entry, entryOf, type MapNode, type Node, type Span } from '../node.ts';
import { type Problems, shown } from '../problem.ts';
import { plainValue } from '../value.ts';

/** Environments or services by name, from all files; a later file may not define a name again. Null when there are none. */
export function definedNames(
  trees: readonly MapNode[],
  key: 'environments' | 'services',
  problems: Problems,
): string[] | null {
  const found = new Map<string, Span>();
  let any = false;
  for (const tree of trees) {
    const list = child(tree, key);
    if (!list) continue;
    any = true;
    for (const { name, at, node } of named(list, key, problems)) {
      const before = found.get(name);
      if (before) {
        problems.error('duplicate-id', at, `two ${key} are called ${shown(name)}`, {
          related: [{ message: 'the first one is here', at: before }],
          suggestion: 'give one of them another name',
        });
      }
      found.set(name, at);
      checkHealth(node, problems);
    }
  }
  const names = [...found.keys()];
  for (const tree of trees) checkReferences(child(tree, key), key, names, problems);
  return any ? names : null;
}

function named(list: Node, key: string, problems: Problems): { name: string; at: Span; node: Node }[] {
  if (list.kind === 'map')
    return list.entries.map((entry) => ({ name: entry.key, at: entry.keySpan, node: entry.value }));
  if (list.kind !== 'list') return [];
  return list.items.flatMap((node) => {
    const name = child(node, 'name');
    if (name?.kind === 'scalar') return [{ name: String(name.value), at: name, node }];
    problems.error('missing-key', node, `an entry of \`${key}\` needs the key \`name\``, {
      suggestion: 'write it, for example `name: staging`',
    });
    return [];
  });
}

/** Each health check asks in exactly one way. */
function checkHealth(node: Node, problems: Problems): void {
  const checks = child(node, 'health_checks');
  if (!checks) return;
  const all =
    checks.kind === 'map' ? checks.entries.flatMap((entry) => listItems(entry.value)) : listItems(checks);
  for (const check of all) {
    const ways = ['http', 'tcp', 'command'].filter((way) => child(check, way));
    if (ways.length === 1 || (check.kind === 'map' && (check.dropped ?? []).length > 0)) continue;
    problems.error(
      'bad-health-check',
      check,
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
  }
}

/** Names of environments that stand in `promotion.after` and in a service's `environments`. */
function checkReferences(
  list: Node | undefined,
  key: 'environments' | 'services',
  names: readonly string[],
  problems: Problems,
): void {
  if (!list || key === 'services') return;
  for (const environment of list.kind === 'map'
    ? list.entries.map((entry: Entry) => entry.value)
    : listItems(list)) {
    const promotion = child(environment, 'promotion');
    const after = promotion && entryOf(promotion, 'after')?.value;
    for (const name of after ? listItems(after) : []) {
      const text = String(plainValue(name));
      if (names.includes(text)) continue;
      const near = problems.near(text, names);
      problems.error('unknown-environment', name, `there is no environment ${shown(text)}`, {
        suggestion: near ? `did you mean \`${near}\`?` : `the pipeline defines ${names.join(', ')}`,
      });
    }
  }
}

function listItems(node: Node): readonly Node[] {
  return node.kind === 'list' ? node.items : [node];
}
