import {
  chmodSync,
  copyFileSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import type { RunSource } from '../../journal/run-event.ts';
import { git } from './git.ts';

/** The git command that lists what `createGitView` takes as `refs`. */
export const LIST_REFS = [
  'for-each-ref',
  '--format=%(objectname) %(refname) %(*objectname)',
  'refs/heads',
  'refs/tags',
  'refs/remotes',
];

/**
 * A git directory for the workspaces of one run, so that `git describe`, `git log` and version tools work in a job.
 *
 * It has its own HEAD, refs, config and index and borrows the objects of the real repository. Each workspace points to it
 * with a one-line `.git` file: one small write a job instead of a dozen. It holds no hook and no credential. It is
 * write-protected and shared by the jobs of the run, so a job that wants to commit clones it first; nothing a job does
 * here reaches the real repository.
 */
export async function createGitView(
  source: RunSource,
  folder: string,
  refs: Buffer,
  indexFile: string | null,
): Promise<void> {
  const { objects, index, shallow, format } = await placesOf(source.path);
  mkdirSync(join(folder, 'objects', 'info'), { recursive: true });
  mkdirSync(join(folder, 'refs'));
  const put = (name: string, text: string) => writeFileSync(join(folder, name), text, { mode: 0o444 });
  put('objects/info/alternates', `${objects}\n`);
  put('packed-refs', packedRefs(refs.toString()));
  put('HEAD', head(source, refs.toString()));
  // The repository is called by its origin, without credentials, or else by its path.
  put('config', config(format, source.repository === source.path ? '' : source.repository));
  if (existsSync(shallow)) copyFileSync(shallow, join(folder, 'shallow'));
  if (indexFile) copyFileSync(indexFile, join(folder, 'index'));
  else if (existsSync(index)) copyFileSync(index, join(folder, 'index'));
  for (const inner of ['objects/info', 'objects', 'refs', '']) chmodSync(join(folder, inner), 0o555);
}

interface Places {
  readonly objects: string;
  readonly index: string;
  readonly shallow: string;
  readonly format: string;
}

/** Where the repository's parts lie. In a plain one that is known without asking git, which would cost a process. */
async function placesOf(repository: string): Promise<Places> {
  const inner = join(repository, '.git');
  const isPlain = lstatSync(inner).isDirectory() && !existsSync(join(inner, 'commondir'));
  if (isPlain) {
    const format =
      /^\s*objectformat\s*=\s*(\w+)/im.exec(readFileSync(join(inner, 'config'), 'utf8'))?.[1] ?? 'sha1';
    return {
      objects: join(inner, 'objects'),
      index: join(inner, 'index'),
      shallow: join(inner, 'shallow'),
      format,
    };
  }
  const output = await git(repository, [
    'rev-parse',
    '--path-format=absolute',
    '--git-path',
    'objects',
    '--git-path',
    'index',
    '--git-path',
    'shallow',
    '--show-object-format',
  ]);
  const [objects, index, shallow, format] = output.toString().split('\n') as [string, string, string, string];
  return { objects, index, shallow, format };
}

function packedRefs(refs: string): string {
  let text = '# pack-refs with: peeled fully-peeled sorted \n';
  for (const line of refs.split('\n').filter(Boolean).sort(byRefName)) {
    const [object, name, peeled] = line.split(' ');
    text += `${object} ${name}\n${peeled ? `^${peeled}\n` : ''}`;
  }
  return text;
}

function byRefName(a: string, b: string): number {
  const [first, second] = [a.split(' ')[1]!, b.split(' ')[1]!];
  return first < second ? -1 : first > second ? 1 : 0;
}

/** On the branch when that is where the commit stands, else the commit alone. */
function head(source: RunSource, refs: string): string {
  const ref = `refs/heads/${source.branch}`;
  return refs.split('\n').some((line) => line.startsWith(`${source.commit} ${ref} `))
    ? `ref: ${ref}\n`
    : `${source.commit}\n`;
}

function config(format: string, remote: string): string {
  const extended = format === 'sha256';
  return [
    '[core]',
    `\trepositoryformatversion = ${extended ? 1 : 0}`,
    '\tbare = false',
    '\thooksPath = /dev/null',
    ...(extended ? ['[extensions]', '\tobjectFormat = sha256'] : []),
    ...(remote ? ['[remote "origin"]', `\turl = ${JSON.stringify(remote)}`] : []),
    '',
  ].join('\n');
}
