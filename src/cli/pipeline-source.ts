import { isAbsolute, relative, resolve, sep } from 'node:path';
import { type Checked, UserError, userError } from '../base/diagnostic.ts';
import { visible } from '../base/text.ts';
import type { RunSource } from '../journal/run-event.ts';
import { choosePipelineFile, ENVIRONMENTS_FILE, isWorkflowFile } from '../pipeline/native/pipeline-file.ts';
import type { Plan } from '../pipeline/plan.ts';
import type { Context } from './context.ts';
import { recallPlan, rememberPlan } from './plan-cache.ts';
import type { Sources } from './ports.ts';
import { commandWord } from './shown.ts';

const FOLDERS = ['.sluice', '.github/workflows'];

/**
 * The plan of the pipeline that the user means: the one that an argument names, or `--file`, or PIPELINE_CONFIG_PATH, or the
 * one that is found. Warnings are told on the way. Throws `UserError` with all problems of the file.
 */
export async function loadAsked(
  context: Context,
  source: RunSource,
  name: string | undefined,
): Promise<Plan> {
  // Of untrusted code nothing decides what is run, not even which pipelines there are.
  const sources = context.ports.readSources(pipelineSource(source));
  const path = chosenFile(context, source, sources, name);
  const checked =
    (await recallPlan(context, source, sources, path)) ??
    (await loadAndRemember(context, source, sources, path));
  context.remember(sources);
  if (!checked.ok) throw new UserError(checked.diagnostics);
  await context.tell(checked.diagnostics);
  return checked.value;
}

function pipelineSource(source: RunSource): RunSource {
  const { base } = source;
  return base ? { ...source, mode: 'commit', commit: base.commit } : source;
}

async function loadAndRemember(
  context: Context,
  source: RunSource,
  sources: Sources,
  path: string,
): Promise<Checked<Plan>> {
  // What was read is what the plan depends on; a program may depend on anything.
  const read = new Map<string, Uint8Array | null>();
  const noting: Sources = {
    ...sources,
    read: (file) => {
      const content = sources.read(file);
      if (content === null || content instanceof Uint8Array) read.set(file, content);
      return content;
    },
  };
  const checked = await loadFile(context, source, noting, path, (name, content) => read.set(name, content));
  if (checked.ok && !path.endsWith('.ts')) await rememberPlan(context, source, path, read, checked);
  return checked;
}

/**
 * Reads and checks one pipeline file: YAML, a program, or a GitHub workflow. `path` is relative to the repository. `noted` is told the
 * workflows of other repositories that it calls, by their names.
 */
export async function loadFile(
  context: Context,
  source: RunSource,
  sources: Sources,
  path: string,
  noted: (name: string, content: Uint8Array) => void = () => {},
): Promise<Checked<Plan>> {
  const checked = await readPlan(context, source, sources, path, noted);
  if (!checked.ok || !hasGates(checked.value)) return checked;
  // Expressions and all that metrics are; not needed by most.
  const { withGatesChecked } = await import('./gate/check-plan.ts');
  return withGatesChecked(checked, context.ports.clock.now());
}

function hasGates({ jobs, environments, waivers }: Plan): boolean {
  return (
    waivers.length > 0 ||
    jobs.some(({ gates }) => gates.length > 0) ||
    environments.some(({ protection }) => (protection?.gates.length ?? 0) > 0)
  );
}

async function readPlan(
  context: Context,
  source: RunSource,
  sources: Sources,
  path: string,
  noted: (name: string, content: Uint8Array) => void,
): Promise<Checked<Plan>> {
  if (isWorkflowFile(path)) {
    const { loadWithForeign } = await import('./foreign-workflow.ts');
    const checked = await loadWithForeign(context, source, sources, path, noted);
    return checked.ok ? protectedPlan(checked, sources) : checked;
  }
  // The largest module of all, with the YAML and schema libraries; not needed when the plan is remembered.
  const { loadPipeline, loadPipelineObject } = await import('../pipeline/load.ts');
  if (!path.endsWith('.ts')) return loadPipeline(path, sources);
  if (source.mode === 'commit') {
    throw userError(
      'program-of-commit',
      `${visible(path)} is a program, and a program of another commit is not run here`,
      'check the commit out, or write the pipeline as YAML',
    );
  }
  const made = await context.ports.loadModule(resolve(source.path, path)).catch((error: unknown) => {
    throw userError(
      'program-failed',
      `${visible(path)} cannot be loaded: ${visible(error instanceof Error ? error.message : String(error))}`,
      `see all of it: node ${commandWord(path)}`,
    );
  });
  return loadPipelineObject(path, made, sources);
}

/** Of a workflow with jobs of environments: the repository's own definitions say how these are protected. */
async function protectedPlan(
  checked: Extract<Checked<Plan>, { ok: true }>,
  sources: Sources,
): Promise<Checked<Plan>> {
  const { value, diagnostics } = checked;
  const hasEnvironments = value.jobs.some(({ workflow }) => workflow?.environment);
  if (!hasEnvironments || sources.read(ENVIRONMENTS_FILE) === null) return checked;
  const { environmentsOf } = await import('../pipeline/load.ts');
  const { withProtection } = await import('../pipeline/github/protect.ts');
  const environments = environmentsOf(value.file, sources);
  if (!environments.ok) return environments;
  const told = [...diagnostics, ...environments.diagnostics];
  return { ok: true, value: withProtection(value, environments.value), diagnostics: told };
}

/** The files among which a pipeline is looked for, relative to the repository. */
export function listedFiles(sources: Sources): readonly string[] {
  const inFolders = FOLDERS.flatMap((folder) => sources.list(folder).map((name) => `${folder}/${name}`));
  return [...sources.list('.'), ...inFolders].filter((name) => !name.endsWith('/'));
}

function chosenFile(context: Context, source: RunSource, sources: Sources, name: string | undefined): string {
  const { file } = context.settings;
  if (name === undefined && file) return insideRepository(context, source, file.path, file.from);
  return fileCalled(context, source, sources, name);
}

/** The file that an argument names, or the only one when none does. Throws `UserError`. */
export function fileCalled(
  context: Context,
  source: RunSource,
  sources: Sources,
  name: string | undefined,
): string {
  // An argument that looks like a path is one, from where the user is.
  if (name !== undefined && /[/\\]|\.(ya?ml|ts)$/.test(name)) {
    const path = insideRepository(context, source, name, 'the command line');
    // As people name workflows elsewhere: `ci.yml`.
    const workflow = `.github/workflows/${name}`;
    const isThere =
      sources.read(path) !== null || !isWorkflowFile(workflow) || sources.read(workflow) === null;
    return isThere ? path : workflow;
  }
  const choice = choosePipelineFile(listedFiles(sources), name ?? null, (path) => nameIn(path, sources));
  if ('problem' in choice) throw new UserError(choice.problem);
  return choice.path;
}

/** The `name:` at the top of a YAML file. Enough to choose by; the whole file is checked when it was chosen. */
export function nameIn(path: string, sources: Sources): string | null {
  const content = sources.read(path);
  if (content === null || 'refused' in content) return null;
  return (
    /^name:[ \t]*["']?([^"'#\r\n]*?)["']?[ \t]*(#.*)?$/m.exec(new TextDecoder().decode(content))?.[1] ?? null
  );
}

/** A path as the user wrote it, made relative to the repository. Throws `UserError` when it leads out of it. */
export function insideRepository(context: Context, source: RunSource, path: string, from: string): string {
  const inner = relative(source.path, resolve(context.ports.cwd, path));
  if (inner !== '' && inner !== '..' && !inner.startsWith(`..${sep}`) && !isAbsolute(inner))
    return inner.split(sep).join('/');
  throw userError(
    'outside-repository',
    `the pipeline file ${visible(path)} (from ${from}) is not in the repository ${visible(source.path)}`,
    'a pipeline belongs to the repository that it builds; copy the file there',
  );
}
