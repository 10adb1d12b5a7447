import { existsSync, mkdirSync } from 'node:fs';
import { withoutUserInfo } from '../../base/text.ts';
import { callGit } from './git-call.ts';
import { commitOf, type Resolved } from './mirror.ts';

/**
 * Fetches one ref, or one commit, of a repository of a forge into a bare repository of ours. `server`: `https://github.com`.
 * Returns what the ref means there, or the sentence of why it cannot be had.
 */
export async function fetchFrom(
  server: string,
  repository: string,
  ref: string,
  directory: string,
): Promise<Resolved | string> {
  const address = `${server.replace(/\/+$/, '')}/${repository}`;
  if (!existsSync(directory)) {
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    const made = await callGit(['init', '--quiet', '--bare', '--template=', directory]);
    if (made.code !== 0) return made.complaint;
  }
  const isCommit = /^[0-9a-f]{40,64}$/.test(ref);
  const tries: readonly (readonly [string, Resolved['kind']])[] = isCommit
    ? [[ref, 'commit']]
    : ref === 'HEAD'
      ? [['HEAD', 'branch']]
      : [
          [`refs/tags/${ref}`, 'tag'],
          [`refs/heads/${ref}`, 'branch'],
        ];
  let complaint = '';
  for (const [name, kind] of tries) {
    const words = [
      '--git-dir',
      directory,
      'fetch',
      '--quiet',
      '--no-tags',
      '--depth',
      '1',
      '--',
      address,
      name,
    ];
    const answer = await callGit(words);
    complaint = answer.complaint;
    if (answer.code !== 0) continue;
    const commit = await commitOf(directory, 'FETCH_HEAD');
    if (commit !== null) return { commit, kind };
  }
  return `${withoutUserInfo(address)}: ${complaint}`;
}
