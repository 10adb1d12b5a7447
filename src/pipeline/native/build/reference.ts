import { pathsOf } from '../../expression-path.ts';
import { splitTemplate } from '../../expression-template.ts';
import type { PlanJob } from '../../plan.ts';
import { conditionSource } from '../expression-text.ts';
import type { Node, ScalarNode, Span } from '../node.ts';
import { type Problems, shown } from '../problem.ts';
import { spanInText } from '../text-place.ts';

/** What an expression of a job asks for by name, such as `needs`, `build`, `outputs`, `version`. */
export interface Reference {
  readonly names: readonly string[];
  /** Where the name with this index is written. */
  at(index: number): Span;
}

/** A planned job with what its expressions name. */
export interface Referring {
  readonly job: PlanJob;
  readonly references: readonly Reference[];
  /** Needs as they were written; those that do not exist are reported where they stand. */
  readonly needs: readonly { readonly name: string }[];
}

const CONTEXT = /\b(needs|steps|matrix|inputs)\b/i;

/** All that the expressions of a job ask `needs`, `steps`, `matrix` and `inputs` for. Broken expressions are reported elsewhere. */
export function referencesOf(node: Node, isCondition = false): Reference[] {
  if (node.kind === 'list') return node.items.flatMap((item) => referencesOf(item));
  if (node.kind === 'map') return node.entries.flatMap(({ key, value }) => referencesOf(value, key === 'if'));
  if (typeof node.value !== 'string' || !CONTEXT.test(node.value)) return [];
  return expressionsOf(node, node.value, isCondition).flatMap(({ source, offset }) =>
    pathsOf(source)
      .filter(({ names }) => names.length > 1 && CONTEXT.test(names[0]!))
      .map(({ names, offsets }) => ({
        names,
        at: (index: number) => spanInText(node, offset + offsets[index]!, names[index]!.length),
      })),
  );
}

function expressionsOf(node: ScalarNode, text: string, isCondition: boolean) {
  const condition = isCondition ? conditionSource(node) : null;
  if (isCondition) return condition ? [condition] : [];
  return splitTemplate(text).parts.filter((part) => part.kind !== 'text');
}

/** Reports what an expression of a job asks for and can never find: the value would be empty, and nobody would notice. */
export function checkReferences(
  drafts: readonly Referring[],
  jobs: readonly PlanJob[],
  inputs: readonly string[],
  problems: Problems,
): void {
  const referring = drafts.filter(({ references }) => references.length > 0);
  if (referring.length === 0) return;
  const planned = new Map(jobs.map((job) => [job.id, job]));
  const inputNames = namesOf(inputs);
  // Jobs of one stage share their needs: 5,000 jobs may wait for the same 5,000.
  const needNames = new Map<readonly string[], Names>();
  for (const draft of referring) {
    const job = planned.get(draft.job.id) ?? draft.job;
    const { needs, matrix } = job;
    const contexts = new Set(draft.references.map(({ names }) => names[0]!.toLowerCase()));
    const steps = contexts.has('steps') ? namesOf([...job.steps, ...job.cleanup].map(({ id }) => id)) : NONE;
    const axes = contexts.has('matrix') ? axesOf(job) : null;
    if (contexts.has('needs') && !needNames.has(needs)) needNames.set(needs, namesOf(needs));
    for (const reference of draft.references) {
      const context = reference.names[0]!.toLowerCase();
      if (context === 'needs')
        checkNeed(reference, { ...draft, job }, needNames.get(needs)!, planned, problems);
      else if (context === 'steps') checkName(reference, 'the job has no step with the id', steps, problems);
      else if (context === 'inputs') checkName(reference, 'the pipeline has no input', inputNames, problems);
      else if (axes)
        checkName(
          reference,
          matrix ? 'its matrix has no axis' : 'the job has no matrix, thus no',
          axes,
          problems,
        );
    }
  }
}

function checkNeed(
  reference: Reference,
  { job, needs }: Referring,
  needed: Names,
  planned: ReadonlyMap<string, PlanJob>,
  problems: Problems,
): void {
  const [, name, part, output] = reference.names;
  const need = needed.folded.get(name!.toLowerCase());
  if (need === undefined) {
    if (planned.has(name!)) {
      problems.error(
        CODE,
        reference.at(1),
        `the job does not need ${shown(name!)}, so it knows nothing of it`,
        {
          suggestion: `add it to the job: \`needs: [${[...needs.map((one) => one.name), name].join(', ')}]\``,
        },
      );
    } else if (!needs.some((one) => isSame(one.name, name!))) {
      const near = problems.near(name!, job.needs);
      problems.error(CODE, reference.at(1), `the job needs no job ${shown(name!)}`, {
        suggestion: near ? `did you mean \`${near}\`?` : needsText(job),
      });
    }
    return;
  }
  const { outputs, approval, deploy } = planned.get(need)!;
  // What people or a deployment give is not written in the file.
  if (output === undefined || !isSame(part!, 'outputs') || approval || deploy) return;
  const known = Object.keys(outputs);
  if (known.some((one) => isSame(one, output))) return;
  const near = problems.near(output, known);
  problems.error(CODE, reference.at(3), `the job ${shown(need)} has no output ${shown(output)}`, {
    suggestion: near ? `did you mean \`${near}\`?` : `name it under \`outputs\` of \`${need}\``,
  });
}

function needsText({ needs }: PlanJob): string {
  return needs.length === 0 ? 'name it in the `needs` of the job' : `it needs ${some(needs)}`;
}

/** The axes of a matrix that is computed are not known before the run: null. */
function axesOf({ matrix }: PlanJob): Names | null {
  if (matrix !== null && matrix.cells === null) return null;
  return namesOf([...new Set((matrix?.cells ?? []).flatMap((cell) => Object.keys(cell)))]);
}

/** Names as they are written, and by what they are without regard to case. */
interface Names {
  readonly written: readonly string[];
  readonly folded: ReadonlyMap<string, string>;
}

function namesOf(written: readonly string[]): Names {
  return { written, folded: new Map(written.map((name) => [name.toLowerCase(), name])) };
}

const NONE = namesOf([]);

function checkName(reference: Reference, none: string, names: Names, problems: Problems): void {
  const [context, name] = reference.names as [string, string];
  if (names.folded.has(name.toLowerCase())) return;
  const known = names.written;
  const near = problems.near(name, known);
  const suggestion = near ? `did you mean \`${near}\`?` : `it has ${some(known)}`;
  problems.error(
    CODE,
    reference.at(1),
    `${none} ${shown(name)}, so \`${context}.${name}\` is always empty`,
    near || known.length > 0 ? { suggestion } : {},
  );
}

const CODE = 'unknown-reference';

function some(names: readonly string[]): string {
  return `${names.slice(0, 8).join(', ')}${names.length > 8 ? ' and more' : ''}`;
}

function isSame(one: string, other: string): boolean {
  return one.toLowerCase() === other.toLowerCase();
}
