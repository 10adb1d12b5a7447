import { existsSync, mkdirSync } from 'node:fs';
import { withoutUserInfo } from '../../base/text.ts';
import { callGit } from './git-call.ts';
import { commitOf, fullNames, type Resolved } from './mirror.ts';

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
  let complaint = `${ref} is no name of a branch or tag`;
  for (const [name, kind] of fullNames(ref)) {
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
