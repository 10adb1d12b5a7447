import { existsSync, lstatSync, readFileSync, realpathSync, renameSync } from 'node:fs';
import { join, relative } from 'node:path';
import type { Diagnostic } from '../../base/diagnostic.ts';
import { UserError } from '../../base/diagnostic.ts';
import type { ActionDefinition } from '../../pipeline/github/action/action-definition.ts';
import { ACTION_FILES, readAction } from '../../pipeline/github/action/read-action.ts';
import type { PlanUses } from '../../pipeline/plan-action.ts';
import { KeepProblem } from '../problem.ts';
import type { JobSetup, StepScope } from '../step-setup.ts';
import type { TryPlace } from '../step-try.ts';
import { stagedFolder } from './fresh-folder.ts';

/** An action that is here and can be performed. */
export interface BroughtAction {
  readonly definition: ActionDefinition;
  /** Absolute: where its files are. */
  readonly folder: string;
  /** Of another repository: where all of it is. */
  readonly root: string | null;
  /** `owner/name`; null: of the repository itself. */
  readonly repository: string | null;
  readonly ref: string | null;
}

/** For whom an action is brought. */
export interface Bringing {
  readonly place: Pick<TryPlace, 'options' | 'setup' | 'state'>;
  readonly say: (line: string) => void;
  readonly tally: { readonly warnings: string[] };
}

type FolderUses = Extract<PlanUses, { kind: 'local' | 'repository' }>;

const BYTES_MAX = 1024 * 1024;

/** Brings the action to the job and reads its description. Throws a `KeepProblem` that says why it cannot be had. */
export async function bringAction(
  run: Bringing,
  uses: FolderUses,
  { root: own = null }: Pick<StepScope, 'root'>,
): Promise<BroughtAction> {
  if (uses.kind === 'local') {
    const isOwn = uses.path.startsWith('$/') && own !== null;
    const folder = localFolder(isOwn ? own : run.place.setup.workspace.directory, uses.path);
    return {
      definition: describe(folder, uses.path),
      folder,
      root: isOwn ? own : null,
      repository: null,
      ref: null,
    };
  }
  const { repository, ref, path } = uses;
  const root = await bringRepository(run, repository, ref);
  const folder =
    path === null ? root : insideOf(root, join(root, path), `${repository}@${ref} has no folder ${path}`);
  const name = `${repository}${path === null ? '' : `/${path}`}@${ref}`;
  return { definition: describe(folder, name), folder, root, repository, ref };
}

/** The copy of a repository that a job has, and what is to be told of it. */
interface Copy {
  readonly root: string;
  readonly sentence: string;
  readonly warnings: readonly string[];
}

/** By job and `owner/name@ref`. What cannot be had is not asked for again. */
const copies = new WeakMap<JobSetup, Map<string, Promise<Copy>>>();

async function bringRepository(run: Bringing, repository: string, ref: string): Promise<string> {
  const { setup } = run.place;
  const known = copies.get(setup) ?? new Map<string, Promise<Copy>>();
  copies.set(setup, known);
  const name = `${repository}@${ref}`;
  const copy = known.get(name) ?? copyOf(run, repository, ref);
  known.set(name, copy);
  try {
    const { root, sentence, warnings } = await copy;
    run.say(sentence);
    run.tally.warnings.push(...warnings);
    return root;
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    throw new KeepProblem(error.diagnostics.map(sentenceOf).join('; '));
  }
}

async function copyOf(run: Bringing, repository: string, ref: string): Promise<Copy> {
  const { options, state } = run.place;
  const { source, trust } = state.message;
  const actions = await options.rooms.actions();
  const { sentence, warnings, copyTo } = await actions.find({ repository, ref, source, trust });
  const { beside, inside } = stagedFolder(run, 'action');
  const warning = await copyTo(beside);
  renameSync(beside, inside);
  return { root: inside, sentence, warnings: warning === null ? warnings : [...warnings, warning] };
}

function sentenceOf({ message, suggestion }: Diagnostic): string {
  return suggestion === undefined ? message : `${message}; ${suggestion}`;
}

function localFolder(workspace: string, path: string): string {
  const missing = `there is no folder ${path} in the workspace; check the path, which begins at the top of the repository`;
  return insideOf(workspace, join(workspace, path.replace(/^\$\//, '')), missing);
}

/** The folder without links on the way. Throws a `KeepProblem` when it is none, or leads out of `root`. */
function insideOf(root: string, folder: string, missing: string): string {
  if (!lstatSync(folder, { throwIfNoEntry: false })) throw new KeepProblem(missing);
  const real = realpathSync(folder);
  const inside = relative(realpathSync(root), real);
  if (inside === '..' || inside.startsWith('../'))
    throw new KeepProblem(`the folder of the action leads out of its repository`);
  if (!lstatSync(real).isDirectory()) throw new KeepProblem(missing);
  return join(root, inside);
}

function describe(folder: string, name: string): ActionDefinition {
  const file = ACTION_FILES.find((one) => lstatSync(join(folder, one), { throwIfNoEntry: false })?.isFile());
  const shown = `${name.replace(/\/$/, '')}/${file}`;
  if (file === undefined) {
    if (existsSync(join(folder, 'Dockerfile'))) return dockerfileAlone(name);
    throw new KeepProblem(
      `${name} has neither an ${ACTION_FILES.join(' nor an ')}; check the path and the ref`,
    );
  }
  const path = join(folder, file);
  if (lstatSync(path).size > BYTES_MAX) throw new KeepProblem(`${shown} has more than 1 MiB`);
  const read = readAction(shown, readFileSync(path));
  if (read.ok) return read.value;
  const errors = read.diagnostics.filter(({ severity }) => severity === 'error');
  const told = errors.slice(0, 3).map((one) => {
    const { place } = one;
    const where = place ? `${place.file}:${place.start.line}:${place.start.column}: ` : '';
    return `${where}${sentenceOf(one)}`;
  });
  throw new KeepProblem(`the action cannot be read: ${told.join('; ')}`);
}

function dockerfileAlone(name: string): ActionDefinition {
  const runs = {
    kind: 'docker',
    image: 'Dockerfile',
    entrypoint: null,
    args: [],
    variables: {},
    pre: null,
    post: null,
  } as const;
  return { name, inputs: {}, outputs: {}, runs, warnings: [] };
}
