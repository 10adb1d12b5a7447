import { child, type Entry, type MapNode, type Node, type Span } from './node.ts';
import { type Problems, shown } from './problem.ts';

/** Keys of which a job has one; what it says itself takes the place of all that its template says. */
const EXCLUSIVE = [
  ['commands', 'steps', 'run'],
  ['retry', 'retry_count'],
  ['image', 'container'],
] as const;

export interface Template {
  readonly name: string;
  readonly keySpan: Span;
  readonly node: MapNode;
}

/** The templates of a pipeline, and which of them were used. */
export class Templates {
  readonly #byName: ReadonlyMap<string, Template>;
  readonly #problems: Problems;
  readonly #resolved = new Map<string, MapNode>();
  readonly #used = new Set<string>();

  constructor(templates: readonly Template[], problems: Problems) {
    this.#byName = new Map(templates.map((template) => [template.name, template]));
    this.#problems = problems;
    for (const template of templates) this.#resolve(template, []);
    this.#used.clear();
  }

  /** A job with what its `extends` brings: mappings join deeply, everything else is replaced. */
  apply(job: MapNode): MapNode {
    return this.#apply(job, []);
  }

  /** Templates of `file` that no job uses; those with an anchor may be used through it, so they are left out. */
  unused(file: string): Template[] {
    const reached = new Set(this.#used);
    // A set grows while it is walked, so this follows templates that other templates extend.
    for (const name of reached) for (const parent of parentsOf(this.#byName.get(name))) reached.add(parent);
    return [...this.#byName.values()].filter(
      (template) => !reached.has(template.name) && template.node.source.file === file && !hasAnchor(template),
    );
  }

  #resolve(template: Template, chain: readonly string[]): MapNode {
    this.#used.add(template.name);
    const before = this.#resolved.get(template.name);
    if (before) return before;
    const node = this.#apply(template.node, [...chain, template.name]);
    this.#resolved.set(template.name, node);
    return node;
  }

  #apply(job: MapNode, chain: readonly string[]): MapNode {
    const names = child(job, 'extends');
    if (!names) return job;
    let base: MapNode | null = null;
    let missing = false;
    for (const name of names.kind === 'list' ? names.items : [names]) {
      if (name.kind !== 'scalar') continue;
      const parent = this.#parent(String(name.value), name, chain);
      if (parent) base = base ? join(base, parent) : parent;
      else missing = true;
    }
    const joined = base ? join(base, job) : job;
    // What the missing template would have said is not missing in the job.
    return missing ? { ...joined, dropped: [...(joined.dropped ?? []), 'commands'] } : joined;
  }

  #parent(name: string, at: Node, chain: readonly string[]): MapNode | null {
    const template = this.#byName.get(name);
    if (!template) {
      const near = this.#problems.near(name, [...this.#byName.keys()]);
      this.#problems.error('unknown-template', at, `there is no template ${shown(name)}`, {
        suggestion: near ? `did you mean \`${near}\`?` : 'define it under `templates`',
      });
      return null;
    }
    const circle = chain.indexOf(name);
    if (circle >= 0) {
      this.#problems.error(
        'template-cycle',
        at,
        `templates extend each other in a circle: ${[...chain.slice(circle), name].join(' -> ')}`,
      );
      return null;
    }
    const node = this.#resolve(template, chain);
    // Its own name, id and ancestors are not inherited.
    return {
      ...node,
      entries: node.entries.filter((entry) => entry.key !== 'id' && entry.key !== 'extends'),
    };
  }
}

function hasAnchor({ keySpan, node }: Template): boolean {
  return /[\s:[{,-]&[\w-]/.test(node.source.text.slice(keySpan.end, node.end));
}

function parentsOf(template: Template | undefined): string[] {
  const names = template && child(template.node, 'extends');
  if (!names) return [];
  return (names.kind === 'list' ? names.items : [names]).flatMap((name) =>
    name.kind === 'scalar' ? [String(name.value)] : [],
  );
}

function join(base: MapNode, over: MapNode): MapNode {
  const replaced = new Set<string>();
  for (const group of EXCLUSIVE) {
    if (group.some((key) => over.entries.some((entry) => entry.key === key)))
      for (const key of group) replaced.add(key);
  }
  const inherited = base.entries.filter((entry) => !replaced.has(entry.key));
  return {
    ...deepJoin({ ...base, entries: inherited }, over),
    dropped: [...(base.dropped ?? []), ...(over.dropped ?? [])],
  };
}

function deepJoin(base: MapNode, over: MapNode): MapNode {
  const entries = new Map<string, Entry>(base.entries.map((entry) => [entry.key, entry]));
  for (const entry of over.entries) {
    const before = entries.get(entry.key);
    const both = before?.value.kind === 'map' && entry.value.kind === 'map';
    entries.set(
      entry.key,
      both ? { ...entry, value: deepJoin(before.value as MapNode, entry.value as MapNode) } : entry,
    );
  }
  // The place is that of the job itself, not of its template.
  return { ...over, entries: [...entries.values()] };
}
