import { BlobDamageError, StorageError, TreeError } from '../contract.ts';

const SENTENCES: Readonly<Record<string, string>> = {
  EACCES: 'permission denied',
  EPERM: 'the system does not permit it',
  ENAMETOOLONG:
    'its name or path is longer than the system allows (a name 255 bytes, a path 4,095 with its folder)',
  ENOSPC: 'the disk is full',
  EDQUOT: 'the disk quota is used up',
  EROFS: 'the file system is read-only',
  ENOENT: 'there is no such file or folder',
  ENOTDIR: 'it, or what it should be in, is not a folder',
  EMFILE: 'too many files are open',
  EIO: 'the disk reports an error',
};

/** A `TreeError` for what the system said about the entry at `path`; errors that are ours already stay as they are. */
export function systemProblem(path: string, error: unknown): Error {
  if (error instanceof TreeError || error instanceof BlobDamageError || error instanceof StorageError)
    return error;
  const { code } = error as NodeJS.ErrnoException;
  if (code === undefined) return error as Error;
  return new TreeError(path, SENTENCES[code] ?? `the system says ${code}`);
}
