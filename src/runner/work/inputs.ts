import type { InputFiles } from '../../cache/contract.ts';
import { inputText } from '../../cache/work/fingerprint.ts';
import { InputGlobError, type InputNames } from '../../cache/work/input-names.ts';
import { JobProblem } from '../problem.ts';

/** A link may lead to a link; one that comes back to itself must end somewhere. */
const LINKS_MAX = 40;

/** The names of the declared inputs. Throws a `JobProblem` for a glob that cannot be meant. */
export function namesOf(globs: readonly string[], names: InputNames): readonly string[] {
  try {
    return names.select(globs);
  } catch (error) {
    if (!(error instanceof InputGlobError)) throw error;
    throw new JobProblem(`an input ${error.message}: ${globs.join(', ')}`);
  }
}

/**
 * What is in the files, by path; null when one of them was not looked at yet. A link counts by where it leads and by what is
 * there: whoever reads the link reads that.
 */
export function contentsOf(
  paths: readonly string[],
  files: InputFiles,
  names: InputNames,
): ReadonlyMap<string, string> | null {
  const contents = new Map<string, string>();
  let layer = paths;
  for (let depth = 0; layer.length > 0 && depth < LINKS_MAX; depth++) {
    const led: string[] = [];
    for (const path of layer) {
      if (contents.has(path)) continue;
      const file = files.get(path);
      if (file === undefined) return null;
      if (file === null) continue;
      contents.set(path, inputText(file.digest, file.isExecutable));
      if (file.leadsTo !== null) led.push(...below(file.leadsTo, names));
    }
    layer = led;
  }
  return contents;
}

/** As `contentsOf`, after looking at what was not looked at. */
export async function lookAtContents(
  paths: readonly string[],
  files: InputFiles,
  names: InputNames,
): Promise<ReadonlyMap<string, string>> {
  await files.look(paths);
  for (let depth = 0; depth < LINKS_MAX; depth++) {
    const contents = contentsOf(paths, files, names);
    if (contents !== null) return contents;
    await files.look([...paths, ...linked(paths, files, names)]);
  }
  throw new JobProblem(`links among the inputs lead on more than ${LINKS_MAX} times`);
}

function linked(paths: readonly string[], files: InputFiles, names: InputNames): readonly string[] {
  const all = new Set(paths);
  for (const path of all) {
    const leadsTo = files.get(path)?.leadsTo;
    if (leadsTo) for (const name of below(leadsTo, names)) all.add(name);
  }
  return [...all];
}

function below(path: string, names: InputNames): readonly string[] {
  return path === '.' ? names.names : names.below(path);
}
