import type { Archives, ArtifactStore } from '../artifact/contract.ts';
import { ArtifactError } from '../artifact/contract.ts';
import { UserError, userError } from '../base/diagnostic.ts';
import {
  BlobDamageError,
  type Collector,
  type DirectoryCaches,
  StorageError,
  TreeError,
} from '../cache/contract.ts';

/** What artifacts and caches stand on; main.ts opens it when it is first asked for. */
export interface KeptRooms {
  readonly artifacts: ArtifactStore;
  readonly archives: Archives;
  readonly caches: DirectoryCaches;
  /** Of every storage that is used. */
  readonly collectors: readonly Collector[];
  /** Waits until what was begun is written. */
  close(): Promise<void>;
}

/** Does the work and turns what a person can act on into a `UserError`. */
export async function forPeople<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw told(error);
  }
}

function told(error: unknown): unknown {
  if (error instanceof UserError) return error;
  if (error instanceof ArtifactError)
    return userError(`artifact-${error.code}`, error.message, undefined, error.code === 'damaged' ? 3 : 2);
  if (error instanceof TreeError) return userError('artifact-path', `${error.path}: ${error.message}`);
  if (error instanceof BlobDamageError)
    return userError('content-damaged', error.message, 'make it again: sluice rerun', 3);
  if (error instanceof StorageError)
    return userError(`storage-${error.code}`, error.message, 'sluice doctor looks at it', 3);
  const { code, path } = error as NodeJS.ErrnoException;
  return typeof code === 'string' && typeof path === 'string'
    ? userError('path-unusable', `${path}: ${(error as Error).message.replace(/,.*$/, '')}`)
    : error;
}
