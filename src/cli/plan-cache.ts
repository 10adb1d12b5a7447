import type { Checked, Diagnostic } from '../base/diagnostic.ts';
import { digestOf } from '../base/digest.ts';
import type { JsonObject } from '../base/json.ts';
import type { RunSource } from '../journal/run-event.ts';
import { packPlan, unpackPlan } from '../pipeline/packed-plan.ts';
import type { Plan } from '../pipeline/plan.ts';
import type { Context } from './context.ts';
import type { Sources } from './ports.ts';

/*
 * Reading and checking a pipeline costs more than all the rest of a small run (60 ms of 200 in a release, more in a
 * clone), and pipelines rarely change between two runs. So the last plan of each pipeline file is kept with the digests of
 * the files it was made from; it is used when all of them, and Sluice itself, are still the same.
 */
interface Remembered {
  readonly version: string;
  /** A file without a digest was looked for and not there. */
  readonly files: readonly (readonly [path: string, digest: string | null])[];
  /** Packed, as in the journal. */
  readonly plan: JsonObject;
  readonly diagnostics: readonly Diagnostic[];
}

/** The plan of an unchanged pipeline file, or null. */
export async function recallPlan(
  context: Context,
  source: RunSource,
  sources: Sources,
  path: string,
): Promise<Checked<Plan> | null> {
  const text = await context.ports.planCache.read(keyOf(source, path), context.settings);
  const remembered = text === null ? null : parse(text);
  if (remembered?.version !== context.ports.planCache.version()) return null;
  const isSame = remembered.files.every(([file, digest]) => {
    const content = sources.read(file);
    return content instanceof Uint8Array ? digestOf(content) === digest : content === null && digest === null;
  });
  return isSame
    ? { ok: true, value: unpackPlan(remembered.plan), diagnostics: remembered.diagnostics }
    : null;
}

export async function rememberPlan(
  context: Context,
  source: RunSource,
  path: string,
  read: ReadonlyMap<string, Uint8Array | null>,
  checked: Checked<Plan> & { readonly ok: true },
): Promise<void> {
  const remembered: Remembered = {
    version: context.ports.planCache.version(),
    files: [...read].map(([file, content]) => [file, content && digestOf(content)]),
    plan: packPlan(checked.value),
    diagnostics: checked.diagnostics,
  };
  await context.ports.planCache.write(keyOf(source, path), JSON.stringify(remembered), context.settings);
}

function keyOf(source: RunSource, path: string): string {
  return digestOf(`${source.path}\0${path}`);
}

function parse(text: string): Remembered | null {
  try {
    return JSON.parse(text) as Remembered;
  } catch {
    // Torn by a crash: as good as none.
    return null;
  }
}
