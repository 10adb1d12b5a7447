import { chmodSync, copyFileSync, existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { withoutUserInfo } from '../../base/text.ts';
import type { RunSource } from '../../journal/run-event.ts';
import { git } from './git.ts';

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
  indexFile: string | null,
): Promise<void> {
  const [places, refs, remote] = await Promise.all([
    git(source.path, [
      'rev-parse',
      '--path-format=absolute',
      '--git-path',
      'objects',
      '--git-path',
      'index',
      '--git-path',
      'shallow',
      '--show-object-format',
    ]),
    git(source.path, [
      'for-each-ref',
      '--format=%(objectname) %(refname) %(*objectname)',
      'refs/heads',
      'refs/tags',
      'refs/remotes',
    ]),
    git(source.path, ['config', '--get', 'remote.origin.url']).catch(() => Buffer.alloc(0)),
  ]);
  const [objects, index, shallow, format] = places.toString().split('\n') as [string, string, string, string];
  mkdirSync(join(folder, 'objects', 'info'), { recursive: true });
  mkdirSync(join(folder, 'refs'));
  const put = (name: string, text: string) => writeFileSync(join(folder, name), text, { mode: 0o444 });
  put('objects/info/alternates', `${objects}\n`);
  put('packed-refs', packedRefs(refs.toString()));
  put('HEAD', head(source, refs.toString()));
  put('config', config(format, withoutUserInfo(remote.toString().trim())));
  if (existsSync(shallow)) copyFileSync(shallow, join(folder, 'shallow'));
  if (indexFile) copyFileSync(indexFile, join(folder, 'index'));
  else if (existsSync(index)) copyFileSync(index, join(folder, 'index'));
  for (const inner of ['objects/info', 'objects', 'refs', '']) chmodSync(join(folder, inner), 0o555);
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
