import { child, type MapNode, type Node, type ScalarNode, type Span } from './node.ts';
import { type Problems, shown } from './problem.ts';
import { spanInText } from './text-place.ts';

const REFERENCE = /\$\{\{\s*params\.([A-Za-z_][\w-]*)\s*\}\}/g;

/**
 * Fills `${{ params.NAME }}` in an included file's texts. A text that is nothing else becomes the value itself, so a number
 * stays a number. Parameters that are missing or never used are reported.
 */
export function substituteParameters(
  tree: Node,
  given: MapNode | null,
  includedAt: Span,
  problems: Problems,
): Node {
  const used = new Set<string>();
  const result = fill(tree);
  for (const entry of given?.entries ?? []) {
    if (!used.has(entry.key))
      problems.warn(
        'unused-parameter',
        entry.keySpan,
        `the included file does not use the parameter ${shown(entry.key)}`,
      );
  }
  return result;

  function fill(node: Node): Node {
    if (node.kind === 'list') return { ...node, items: node.items.map(fill) };
    if (node.kind === 'map')
      return { ...node, entries: node.entries.map((entry) => ({ ...entry, value: fill(entry.value) })) };
    return typeof node.value === 'string' && node.value.includes('params.')
      ? fillText(node, node.value)
      : node;
  }

  function fillText(node: ScalarNode, text: string): Node {
    const whole = /^\$\{\{\s*params\.([A-Za-z_][\w-]*)\s*\}\}$/.exec(text.trim());
    if (whole) {
      const value = parameter(whole[1]!, node, text.indexOf('params.'));
      // The value stands where it is used; where it came from is the include.
      return value ? at(value, node) : { ...node, style: 'broken' };
    }
    const filled = text.replace(REFERENCE, (reference, name: string, offset: number) => {
      const value = parameter(name, node, offset);
      if (!value) return '';
      if (value.kind === 'scalar') return String(value.value);
      problems.error(
        'bad-parameter',
        spanInText(node, offset, reference.length),
        `the parameter ${shown(name)} is a list and cannot stand inside a text`,
      );
      return '';
    });
    return { ...node, value: filled, style: filled === text ? node.style : 'code' };
  }

  function parameter(name: string, node: ScalarNode, offset: number): Node | null {
    used.add(name);
    const value = given && child(given, name);
    if (value) return value;
    const near = problems.near(name, given?.entries.map((entry) => entry.key) ?? []);
    problems.error(
      'missing-parameter',
      spanInText(node, offset),
      `the parameter ${shown(name)} is not given`,
      {
        related: [{ message: 'the file is included here', at: includedAt }],
        suggestion: near ? `did you mean \`${near}\`?` : `give it at the include: \`with: {${name}: ...}\``,
      },
    );
    return null;
  }
}

/** A parameter's value with the place where it is used. */
function at(value: Node, place: ScalarNode): Node {
  const located = { source: place.source, start: place.start, end: place.end, alias: place.alias };
  if (value.kind === 'list')
    return { ...value, ...located, items: value.items.map((item) => at(item, place)) };
  if (value.kind === 'map')
    return {
      ...value,
      ...located,
      entries: value.entries.map((entry) => ({ ...entry, value: at(entry.value, place) })),
    };
  return { ...value, ...located, style: 'code' };
}
