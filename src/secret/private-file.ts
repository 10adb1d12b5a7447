import { closeSync, fstatSync, openSync, readFileSync } from 'node:fs';
import { userError } from '../base/diagnostic.ts';
import { visible } from '../base/text.ts';

/**
 * The text of a file that holds a key, or null when there is none. `kind` is what messages call it. `UserError`: it cannot be
 * read, or other users can read it.
 */
export function privateText(file: string, kind: string): string | null {
  const place = `the ${kind} ${visible(file)}`;
  let descriptor: number;
  try {
    descriptor = openSync(file, 'r');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return null;
    throw userError('secret-key', `${place} cannot be read (${code})`, undefined, 3);
  }
  try {
    const state = fstatSync(descriptor);
    if (!state.isFile()) throw userError('secret-key', `${place} is no file`, undefined, 3);
    if ((state.mode & 0o077) !== 0)
      throw userError(
        'secret-key',
        `${place} is open to other users (mode ${(state.mode & 0o777).toString(8)})`,
        `chmod 600 ${visible(file)}`,
        3,
      );
    return readFileSync(descriptor, 'utf8');
  } finally {
    closeSync(descriptor);
  }
}
