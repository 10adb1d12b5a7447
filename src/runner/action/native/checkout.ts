import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { UserError } from '../../../base/diagnostic.ts';
import { withoutUserInfo } from '../../../base/text.ts';
import type { RunSource } from '../../../journal/run-event.ts';
import { JobProblem, KeepProblem } from '../../problem.ts';
import { git, isRepository } from '../../workspace/git.ts';
import { stagedFolder } from '../fresh-folder.ts';
import { insideWorkspace } from './inside.ts';
import { declared, isTrue, linesOf, type NativePart } from './native-part.ts';
import { removeUnwanted, sparsePatterns } from './sparse.ts';

/**
 * The files of the run are in the workspace from the start, so that the first checkout finds its work done. Another place,
 * another commit or another repository is brought. No credentials are ever left behind.
 */
export const CHECKOUT = {
  inputs: declared({
    repository: '',
    ref: '',
    token: '',
    'ssh-key': '',
    'ssh-known-hosts': '',
    'ssh-strict': 'true',
    'ssh-user': 'git',
    'persist-credentials': 'false',
    path: '',
    clean: 'true',
    filter: '',
    'sparse-checkout': '',
    'sparse-checkout-cone-mode': 'true',
    'fetch-depth': '1',
    'fetch-tags': 'false',
    'show-progress': 'true',
    lfs: 'false',
    submodules: 'false',
    'set-safe-directory': 'true',
    'allow-unsafe-pr-checkout': 'false',
    'github-server-url': '',
  }),
  async perform(part: NativePart) {
    const { run, inputs, place } = part;
    const target = insideWorkspace(place.directory, inputs.path || '.');
    if (isTrue(inputs['persist-credentials'])) run.say('persist-credentials: no credentials are kept');
    const wanted = wantedFiles(part);
    if (!isOwn(part)) return other(part, target, wanted);
    const { source } = run.place.state.message;
    const commit = await wantedCommit(part, source);
    if (commit !== null) return commitOf(part, source, commit, target, wanted);
    await filesOfRun(part, target, wanted);
    return { ref: inputs.ref || refOf(part), commit: source.commit ?? '' };
  },
};

/** The patterns of a sparse checkout; null: all files. */
function wantedFiles({ run, inputs }: NativePart): readonly string[] | null {
  const lines = linesOf(inputs['sparse-checkout']);
  if (lines.length === 0) return null;
  run.say(`sparse-checkout: only the files of ${lines.join(', ')}`);
  const mode = inputs['sparse-checkout-cone-mode'];
  return sparsePatterns(lines, mode === '' || isTrue(mode));
}

function isOwn({ inputs, scope, place }: NativePart): boolean {
  const { repository } = inputs;
  if (!repository) return true;
  const own = scope.context(place.environment).env?.GITHUB_REPOSITORY ?? '';
  return repository.toLowerCase() === String(own).toLowerCase();
}

function refOf({ place }: NativePart): string {
  return place.environment.GITHUB_REF ?? '';
}

/** The commit that the step asks for; null: the one of the run. */
async function wantedCommit({ inputs, run, place }: NativePart, source: RunSource): Promise<string | null> {
  const ref = inputs.ref?.trim() ?? '';
  const { environment } = place;
  const same = [source.commit, source.branch, source.tag, environment.GITHUB_REF, environment.GITHUB_SHA];
  if (
    ref === '' ||
    same.includes(ref) ||
    `refs/heads/${source.branch}` === ref ||
    `refs/tags/${source.tag}` === ref
  )
    return null;
  if (run.place.state.message.trust === 'untrusted')
    throw new KeepProblem(`an untrusted run gets its own commit only, not ${ref}`);
  if (!isRepository(source.path))
    throw new KeepProblem(`there is no ${ref}: the files are in no git repository`);
  for (const name of [ref, `refs/heads/${ref}`, `refs/tags/${ref}`, `refs/remotes/origin/${ref}`]) {
    const found = await git(source.path, [
      'rev-parse',
      '--verify',
      '--quiet',
      '--end-of-options',
      `${name}^{commit}`,
    ])
      .then((output) => output.toString().trim())
      .catch(() => null);
    if (found) return found === source.commit && !source.dirty ? null : found;
  }
  throw new KeepProblem(`git knows no ${ref} here; bring it with \`git fetch origin ${ref}\``);
}

async function filesOfRun(
  { run, inputs, place }: NativePart,
  target: string,
  wanted: readonly string[] | null,
): Promise<void> {
  const isTop = target === place.directory;
  const mark = join(run.place.setup.workspace.folder, 'checked-out');
  if (isTop && !existsSync(mark)) {
    mkdirSync(mark);
    if (wanted) removeUnwanted(target, wanted);
    run.say('the files of the run are in the workspace');
    return;
  }
  if (isTop && !isTrue(inputs.clean)) return run.say('the files are there, and nothing is cleaned');
  empty(target);
  await run.place.setup.takeFiles(target);
  if (wanted) removeUnwanted(target, wanted);
  run.say(`the files of the run are in ${inputs.path || 'the workspace'} as they were at its beginning`);
}

async function commitOf(
  { run, inputs, place }: NativePart,
  source: RunSource,
  commit: string,
  target: string,
  wanted: readonly string[] | null,
): Promise<Record<string, string>> {
  const { beside: partial } = stagedFolder(run, 'checkout');
  try {
    // It borrows the objects of the repository, and has a directory of its own that a job may write.
    const words = [
      'clone',
      '--quiet',
      '--shared',
      '--no-checkout',
      '--template=',
      '--',
      source.path,
      partial,
    ];
    await git(source.path, words);
    await git(partial, ['remote', 'set-url', 'origin', withoutUserInfo(source.repository)]);
    if (wanted) {
      await git(partial, ['config', 'core.sparseCheckout', 'true']);
      mkdirSync(join(partial, '.git', 'info'), { recursive: true });
      writeFileSync(join(partial, '.git', 'info', 'sparse-checkout'), `${wanted.join('\n')}\n`);
    }
    await git(partial, ['-c', 'advice.detachedHead=false', 'checkout', '--quiet', '--detach', commit]);
  } catch (error) {
    if (error instanceof JobProblem)
      throw new KeepProblem(`${inputs.ref} cannot be checked out: ${error.message}`);
    throw error;
  }
  empty(target);
  for (const name of readdirSync(partial)) renameSync(join(partial, name), join(target, name));
  rmSync(partial, { recursive: true, force: true });
  run.say(
    `${inputs.ref} (${commit.slice(0, 12)}) is in ${target === place.directory ? 'the workspace' : inputs.path}`,
  );
  return { ref: inputs.ref!, commit };
}

async function other(
  { run, inputs }: NativePart,
  target: string,
  wanted: readonly string[] | null,
): Promise<Record<string, string>> {
  const { options, state } = run.place;
  const { source, trust } = state.message;
  const repository = inputs.repository!;
  if (!/^[\w.-]+\/[\w.-]+$/.test(repository)) throw new KeepProblem(`${repository} is no owner/name`);
  if (trust === 'untrusted')
    throw new KeepProblem(`an untrusted run gets no other repository, such as ${repository}`);
  try {
    const actions = await options.rooms.actions();
    const found = await actions.find({
      repository,
      ref: inputs.ref || 'HEAD',
      source,
      trust,
      isPinned: false,
    });
    const { beside: partial } = stagedFolder(run, 'checkout');
    await found.copyTo(partial);
    if (wanted) removeUnwanted(partial, wanted);
    empty(target);
    for (const name of readdirSync(partial)) renameSync(join(partial, name), join(target, name));
    rmSync(partial, { recursive: true, force: true });
    run.say(`${found.sentence}; its files are there without their history`);
    return { ref: inputs.ref ?? '', commit: found.commit ?? '' };
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    throw new KeepProblem(
      error.diagnostics
        .map(({ message, suggestion }) => (suggestion ? `${message}; ${suggestion}` : message))
        .join('; '),
    );
  }
}

/** Makes it an empty folder; the folder itself stays, since processes may stand in it. */
function empty(folder: string): void {
  mkdirSync(folder, { recursive: true });
  for (const name of readdirSync(folder)) rmSync(join(folder, name), { recursive: true, force: true });
}
