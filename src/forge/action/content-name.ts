import type { Pin } from './lock-file.ts';

/** The name under which the files of an action are kept: by what they are. */
export function contentName({ repository, content }: Pick<Pin, 'repository' | 'content'>): string {
  const from = 'sha256:'.length;
  return `${repository.toLowerCase().replace('/', '-')}-${content.slice(from, from + 24)}`;
}
