import { StorageError } from '../../contract.ts';

/** The code of an error of the operating system, if it is one. */
export function codeOf(error: unknown): string | undefined {
  return (error as NodeJS.ErrnoException | null)?.code;
}

/** An error of the folder in words for people; what is none of the folder's is returned as it is. */
export function folderError(error: unknown, directory: string): unknown {
  switch (codeOf(error)) {
    case 'ENOSPC':
    case 'EDQUOT':
      return new StorageError(
        'full',
        `The disk of the folder ${directory} is full${codeOf(error) === 'EDQUOT' ? ' (quota)' : ''}: nothing was stored, and what was there is whole. Free space on that disk, lower the limits of the cache, or set another folder.`,
        error,
      );
    case 'EACCES':
    case 'EPERM':
    case 'EROFS':
      return new StorageError(
        'denied',
        `The folder ${directory} cannot be written (${codeOf(error)}). Give this user the right to write there, or set another folder.`,
        error,
      );
    default:
      return error;
  }
}

/** Runs the action; nothing happens when what it is about is not there. */
export function ifThere(action: () => void): boolean {
  try {
    action();
    return true;
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return false;
    throw error;
  }
}
