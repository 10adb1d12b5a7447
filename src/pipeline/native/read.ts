import type * as z from 'zod';
import { checkCondition, checkTemplateText } from './expression-text.ts';
import {
  type Entry,
  kindName,
  type ListNode,
  type MapNode,
  type Node,
  placeOf,
  type ScalarNode,
} from './node.ts';
import { type Problems, shown } from './problem.ts';
import { noteOf } from './schema/key.ts';

/**
 * Checks a tree against a schema and gives it back in canonical spelling (hyphens and aliases of keys replaced). All
 * problems are reported with their place; what is of the wrong kind is left out, so that the rest can be checked further, and
 * null means that nothing is left. The schema says what is right; this says it in words.
 * `name` is what the value is called in messages, such as "`timeout`"; `keyed` is the schema with the example of the key.
 */
export function readNode(
  schema: z.core.$ZodType,
  node: Node,
  name: string,
  problems: Problems,
  keyed = schema,
): Node | null {
  if (node.kind === 'scalar' && node.style === 'broken') return null;
  const type = schema as z.core.$ZodTypes;
  const def = type._zod.def;
  switch (def.type) {
    case 'optional':
      return readNode(def.innerType, node, name, problems, keyed);
    case 'object':
      return node.kind === 'map'
        ? readObject(def, node, name, problems)
        : wrong(schema, node, name, problems, keyed);
    case 'record':
      return node.kind === 'map'
        ? readRecord(schema, def, node, name, problems)
        : wrong(schema, node, name, problems, keyed);
    case 'array':
      return node.kind === 'list'
        ? readList(schema, def, node, name, problems)
        : wrong(schema, node, name, problems, keyed);
    case 'union':
      return readUnion(schema, def, node, name, problems, keyed);
    case 'lazy':
      return readData(node, problems);
    default:
      return readScalar(schema, node, name, problems, schema, keyed);
  }
}

function readObject(def: z.core.$ZodObjectDef, node: MapNode, name: string, problems: Problems): Node | null {
  const shape = def.shape;
  const entries: Entry[] = [];
  const dropped: string[] = [];
  const seen = new Map<string, Entry>();
  for (const entry of node.entries) {
    const key = canonicalKey(entry.key, shape);
    const catchall =
      def.catchall && (def.catchall as z.core.$ZodTypes)._zod.def.type !== 'never' ? def.catchall : null;
    if (key === null && !catchall) {
      const meant = unknownKey(entry, shape, name, problems);
      if (meant !== null) dropped.push(canonicalKey(meant, shape)!);
      continue;
    }
    const canonical = key ?? entry.key;
    const before = seen.get(canonical);
    if (before) {
      problems.error('duplicate-key', entry.keySpan, sameKey(before, entry), {
        related: [{ message: 'it stands here first', at: before.keySpan }],
        suggestion: 'keep one of them',
      });
      continue;
    }
    seen.set(canonical, entry);
    const value = readNode(key === null ? catchall! : shape[key]!, entry.value, `\`${entry.key}\``, problems);
    if (value) entries.push({ key: canonical, keySpan: entry.keySpan, value });
    else dropped.push(canonical);
  }
  let complete = true;
  for (const [key, schema] of Object.entries(shape)) {
    if ((schema as z.core.$ZodTypes)._zod.def.type === 'optional') continue;
    if (dropped.includes(key)) complete = false;
    else if (!seen.has(key)) {
      complete = false;
      problems.error('missing-key', headOf(node), `${name} needs the key \`${key}\``, example(schema, key));
    }
  }
  return complete ? { ...node, entries, dropped } : null;
}

function readRecord(
  schema: z.core.$ZodType,
  def: z.core.$ZodRecordDef,
  node: MapNode,
  name: string,
  problems: Problems,
): Node | null {
  reportChecks(schema, node, name, problems);
  const entries: Entry[] = [];
  for (const entry of node.entries) {
    const parsed = (def.keyType as z.ZodType).safeParse(entry.key);
    if (!parsed.success) {
      const expects = noteOf(def.keyType).expects;
      const issue = parsed.error.issues.find((one) => one.code === 'custom');
      const message = issue ? issue.message : `is not ${expects ?? 'a name'}`;
      problems.error('bad-name', entry.keySpan, `${shown(entry.key)} ${message}`);
    }
    const value = readNode(def.valueType, entry.value, `\`${entry.key}\``, problems);
    if (value) entries.push({ ...entry, value });
  }
  return { ...node, entries };
}

function readList(
  schema: z.core.$ZodType,
  def: z.core.$ZodArrayDef,
  node: ListNode,
  name: string,
  problems: Problems,
): Node | null {
  const most = longest(def);
  // Before the entries are looked at: some take long to check.
  if (node.items.length > most) {
    problems.error('bad-value', headOf(node), `${name} has ${node.items.length} entries, more than ${most}`);
    return null;
  }
  reportChecks(schema, node, name, problems);
  const items: Node[] = [];
  for (const [index, item] of node.items.entries()) {
    const value = readNode(def.element, item, `entry ${index + 1} of ${name}`, problems);
    if (value) items.push(value);
  }
  return { ...node, items };
}

function longest(def: z.core.$ZodArrayDef): number {
  for (const check of def.checks ?? []) {
    const { check: kind, maximum } = check._zod.def as { check: string; maximum?: number };
    if (kind === 'max_length' && maximum !== undefined) return maximum;
  }
  return Number.POSITIVE_INFINITY;
}

/** Checks of a list or mapping as a whole, such as a smallest size; the parts report themselves. */
function reportChecks(
  schema: z.core.$ZodType,
  node: MapNode | ListNode,
  name: string,
  problems: Problems,
): void {
  const checks = (schema as z.core.$ZodTypes)._zod.def.checks ?? [];
  if (checks.length === 0) return;
  const value =
    node.kind === 'list' ? node.items.map((item) => (item.kind === 'scalar' ? item.value : {})) : {};
  const parsed = (schema as z.ZodType).safeParse(value);
  if (parsed.success) return;
  for (const issue of parsed.error.issues) {
    if (issue.path.length > 0) continue;
    if (issue.code === 'custom') problems.error('bad-value', node, `${name} ${issue.message}`);
    if (issue.code === 'too_small')
      problems.error('bad-value', node, `${name} is empty: it must be ${noteOf(schema).expects ?? 'a list'}`);
  }
}

/** Takes the member that fits the kind of the value; of several mappings the one that knows most of the keys. */
function readUnion(
  schema: z.core.$ZodType,
  def: z.core.$ZodUnionDef,
  node: Node,
  name: string,
  problems: Problems,
  keyed: z.core.$ZodType,
): Node | null {
  const fitting = membersOf(def).filter((member) => accepts(member, node.kind));
  if (node.kind === 'scalar') {
    if (fitting.length === 0) return wrong(schema, node, name, problems, keyed);
    return readScalar(schema, node, name, problems, scalarSource(schema, fitting, node), keyed);
  }
  if (fitting.length === 0) return wrong(schema, node, name, problems, keyed);
  const best = fitting.length === 1 ? fitting[0]! : mostKnown(fitting, node);
  return readNode(best, node, name, problems, keyed);
}

function membersOf(def: z.core.$ZodUnionDef): z.core.$ZodType[] {
  return def.options.flatMap((option) => {
    const inner = (option as z.core.$ZodTypes)._zod.def;
    // A union with its own words speaks for itself.
    return inner.type === 'union' && !noteOf(option).expects ? membersOf(inner) : [option];
  });
}

function accepts(schema: z.core.$ZodType, kind: Node['kind']): boolean {
  const def = (schema as z.core.$ZodTypes)._zod.def;
  switch (def.type) {
    case 'optional':
      return accepts(def.innerType, kind);
    case 'union':
      return def.options.some((option) => accepts(option, kind));
    case 'object':
    case 'record':
      return kind === 'map';
    case 'array':
      return kind === 'list';
    case 'lazy':
      return true;
    default:
      return kind === 'scalar';
  }
}

function mostKnown(schemas: readonly z.core.$ZodType[], node: Node): z.core.$ZodType {
  const score = (schema: z.core.$ZodType) => {
    const def = (schema as z.core.$ZodTypes)._zod.def;
    if (def.type === 'union')
      return score(
        mostKnown(
          membersOf(def).filter((member) => accepts(member, node.kind)),
          node,
        ),
      );
    if (def.type === 'record') return 0.5;
    if (def.type !== 'object' || node.kind !== 'map') return 0;
    return node.entries.filter((entry) => canonicalKey(entry.key, def.shape) !== null).length;
  };
  return schemas.reduce((best, schema) => (score(schema) > score(best) ? schema : best), schemas[0]!);
}

/** The member of a union whose notes (template, condition) hold for this scalar. */
function scalarSource(
  schema: z.core.$ZodType,
  fitting: readonly z.core.$ZodType[],
  node: ScalarNode,
): z.core.$ZodType {
  const own = noteOf(schema);
  if (own.template || own.condition) return schema;
  return (
    fitting.find(
      (member) => noteOf(member).template && (member as z.ZodType).safeParse(node.value).success,
    ) ?? schema
  );
}

function readScalar(
  schema: z.core.$ZodType,
  node: Node,
  name: string,
  problems: Problems,
  noteSource = schema,
  keyed = schema,
): Node | null {
  if (node.kind !== 'scalar') return wrong(schema, node, name, problems, keyed);
  if (reportMisread(schema, node, name, problems)) return null;
  const parsed = (schema as z.ZodType).safeParse(node.value);
  if (!parsed.success) {
    const custom = customMessage(parsed.error.issues);
    if (custom === null) return wrong(schema, node, name, problems, keyed);
    problems.error('bad-value', node, `${name} ${custom}`);
    return node;
  }
  const note = noteOf(noteSource);
  if (note.condition) checkCondition(node, note.condition, problems);
  else if (note.template) checkTemplateText(node, note.template, problems);
  return node;
}

function customMessage(issues: readonly z.core.$ZodIssue[]): string | null {
  for (const issue of issues) {
    if (issue.code === 'custom' && issue.message !== 'Invalid input') return issue.message;
    if (issue.code === 'invalid_union') {
      for (const inner of issue.errors) {
        const message = customMessage(inner);
        if (message !== null) return message;
      }
    }
  }
  return null;
}

/** Numbers and truth values that YAML reads otherwise than they are written: `1.10`, `012`, `1e3`, `0x1F`, `True`. */
function reportMisread(schema: z.core.$ZodType, node: ScalarNode, name: string, problems: Problems): boolean {
  if (node.plain === null || (typeof node.value !== 'number' && typeof node.value !== 'boolean'))
    return false;
  if (String(node.value) === node.plain) return false;
  const wantsText = (schema as z.ZodType).safeParse('text').success;
  const octal = /^[-+]?0\d/.test(node.plain);
  if (!wantsText && !octal) return false;
  const kind = typeof node.value === 'number' ? 'the number' : 'the truth value';
  problems.error('misread-value', node, `${name}: ${shown(node.plain)} is read as ${kind} ${node.value}`, {
    suggestion: wantsText ? `quote it: "${node.plain}"` : `write ${node.value}`,
  });
  return true;
}

/** Plain data of any shape, as the values of a matrix: only numbers that would be misread are wrong. */
function readData(node: Node, problems: Problems): Node {
  if (node.kind === 'list') return { ...node, items: node.items.map((item) => readData(item, problems)) };
  if (node.kind === 'map')
    return {
      ...node,
      entries: node.entries.map((entry) => ({ ...entry, value: readData(entry.value, problems) })),
    };
  if (node.plain !== null && typeof node.value === 'number' && String(node.value) !== node.plain) {
    problems.error('misread-value', node, `${shown(node.plain)} is read as the number ${node.value}`, {
      suggestion: `quote it: "${node.plain}"`,
    });
  }
  if (typeof node.value === 'string' && node.value.includes('${{')) {
    problems.error('bad-value', node, 'a value of a matrix cannot hold an expression', {
      suggestion:
        'let one expression give the whole list: `node: ${{ fromJSON(needs.setup.outputs.versions) }}`',
    });
  }
  return node;
}

function wrong(schema: z.core.$ZodType, node: Node, name: string, problems: Problems, keyed = schema): null {
  const expects = noteOf(schema).expects ?? defaultExpectation(schema);
  const value =
    node.kind === 'scalar' && node.value !== null ? shown(node.plain ?? node.value) : kindName(node);
  const near =
    node.kind === 'scalar' && typeof node.value === 'string'
      ? problems.near(node.value, choicesOf(schema))
      : null;
  const empty =
    node.kind === 'scalar' && node.value === null && (schema as z.ZodType).safeParse('text').success;
  const colon =
    node.kind === 'map' && (schema as z.ZodType).safeParse('text').success && node.entries.length === 1;
  problems.error(
    'bad-value',
    node.kind === 'scalar' ? node : headOf(node),
    `${name} is ${value}, but must be ${expects}`,
    {
      ...(near ? { suggestion: `did you mean \`${near}\`?` } : {}),
      ...(empty ? { suggestion: 'write "" when it should be empty text' } : {}),
      ...(colon && !near
        ? { suggestion: 'when it should be text: put it in quotes, because `: ` makes a mapping' }
        : node.kind !== 'scalar' || !accepts(schema, 'scalar')
          ? example(keyed)
          : {}),
    },
  );
  return null;
}

function defaultExpectation(schema: z.core.$ZodType): string {
  const def = (schema as z.core.$ZodTypes)._zod.def;
  switch (def.type) {
    case 'optional':
      return noteOf(def.innerType).expects ?? defaultExpectation(def.innerType);
    case 'object':
    case 'record':
      return 'a mapping';
    case 'array':
      return 'a list';
    case 'string':
      return 'text';
    case 'number':
      return 'a number';
    case 'null':
      return 'empty';
    case 'union':
      return [
        ...new Set(def.options.map((option) => noteOf(option).expects ?? defaultExpectation(option))),
      ].join(', or ');
    default:
      return 'something else';
  }
}

function choicesOf(schema: z.core.$ZodType): string[] {
  const def = (schema as z.core.$ZodTypes)._zod.def;
  if (def.type === 'enum') return Object.values(def.entries).map(String);
  if (def.type === 'union') return def.options.flatMap(choicesOf);
  return def.type === 'optional' ? choicesOf(def.innerType) : [];
}

/** The key as the schema spells it: itself, with hyphens for underscores, or an alias; null when there is none. */
export function canonicalKey(key: string, shape: Readonly<Record<string, z.core.$ZodType>>): string | null {
  if (Object.hasOwn(shape, key)) return key;
  const underscored = key.replaceAll('-', '_');
  if (Object.hasOwn(shape, underscored)) return underscored;
  for (const [name, schema] of Object.entries(shape)) {
    if (noteOf(schema).aliases?.includes(underscored)) return name;
  }
  return null;
}

/** Returns the key that was probably meant. */
function unknownKey(
  entry: Entry,
  shape: Readonly<Record<string, z.core.$ZodType>>,
  name: string,
  problems: Problems,
): string | null {
  const known = Object.entries(shape).flatMap(([key, schema]) => [key, ...(noteOf(schema).aliases ?? [])]);
  const near = problems.near(entry.key, known);
  const canonical = known.filter((key) => Object.hasOwn(shape, key));
  problems.error('unknown-key', entry.keySpan, `${name} has no key ${shown(entry.key)}`, {
    suggestion: near
      ? `did you mean \`${near}\`?`
      : `it knows ${canonical.map((key) => `\`${key}\``).join(', ')}`,
  });
  return near;
}

function sameKey(before: Entry, entry: Entry): string {
  const lines = `in line ${placeOf(before.keySpan).start.line} and in line ${placeOf(entry.keySpan).start.line}`;
  return before.key === entry.key
    ? `the key ${shown(entry.key)} stands twice: ${lines}`
    : `${shown(before.key)} and ${shown(entry.key)} are the same key: ${lines}`;
}

/** How a value is written. The example of a key may show its neighbours; of those that miss it its own line is enough. */
function example(schema: z.core.$ZodType, key?: string): { suggestion?: string } {
  const whole = noteOf(schema).example;
  const own = whole?.split('\n').find((line) => line.startsWith(`${key}: `));
  const text = own ?? whole;
  return text && !text.includes('\n') ? { suggestion: `write it, for example \`${text}\`` } : {};
}

/** A mapping or list is pointed at by its first line only; the squiggle of a whole block would hide the text. */
export function headOf(node: Node): {
  source: Node['source'];
  start: number;
  end: number;
  alias: Node['alias'];
} {
  const newline = node.source.text.indexOf('\n', node.start);
  const first = node.kind === 'map' ? node.entries[0] : undefined;
  const flow = node.source.text[node.start] === '{' || node.source.text[node.start] === '[';
  const end = first && !flow ? first.keySpan.end : newline >= 0 ? Math.min(node.end, newline) : node.end;
  return { source: node.source, start: node.start, end: Math.max(end, node.start), alias: node.alias };
}
