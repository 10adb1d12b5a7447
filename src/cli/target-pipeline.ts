import type { RunSource } from '../journal/run-event.ts';
import { pipelineFiles } from '../pipeline/native/pipeline-file.ts';
import type { Plan } from '../pipeline/plan.ts';
import type { Context } from './context.ts';
import { listedFiles, nameIn } from './pipeline-source.ts';

/** Which pipeline of the target branch a pipeline of a change stands for. */
export type Counterpart =
  /** This one. `why`: for people, when it is called otherwise; begins with a comma. */
  | { readonly kind: 'same'; readonly path: string; readonly why: string }
  /** None: it is new, and all that the target has are there still. */
  | { readonly kind: 'beside'; readonly paths: readonly string[] }
  /** Nobody can tell: the change has these no more. */
  | { readonly kind: 'gone'; readonly paths: readonly string[] };

/** Looks for it by the path, then as git takes files for renamed, then among those that the change has no more. */
export async function counterpartOf(
  context: Context,
  { file, name }: Plan,
  source: RunSource,
  target: RunSource,
): Promise<Counterpart> {
  const there = context.ports.readSources(target);
  if (there.read(file) !== null) return { kind: 'same', path: file, why: '' };
  const old = await context.ports.renamedFrom(source, target.commit!, file);
  if (old !== null) return { kind: 'same', path: old, why: ', which the change renamed' };
  const here = context.ports.readSources(source);
  const paths = pipelineFiles(listedFiles(there));
  const gone = paths.filter((path) => here.read(path) === null);
  if (gone.length === 0) return { kind: 'beside', paths };
  const called = gone.filter((path) => nameIn(path, there) === name);
  const [only] = called.length === 1 ? called : gone.length === 1 ? gone : [];
  return only === undefined
    ? { kind: 'gone', paths: gone }
    : { kind: 'same', path: only, why: ', which the change replaced' };
}
