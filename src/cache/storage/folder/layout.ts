import { join } from 'node:path';
import type { Digest } from '../../../base/digest.ts';

/** Names the processes that share a folder, across reboots; as `Owners` of the controller. */
export interface ProcessOwners {
  readonly self: string;
  /** null: not to be told from here. */
  alive(owner: string): boolean | null;
}

/**
 * Where things lie below the storage's folder:
 *
 *     blobs/ab/abcd...        a blob in its stored form; usedAt is the file's time
 *     references/a/b=         the record `a/b`; `=` is in no name, so a record and a folder never meet
 *     partial/OWNER/N         being written by a process
 *     aside/abcd...           being collected
 *     damaged/abcd...-INODE   was not what it should be
 *     holds/OWNER/N           digests that a process uses
 *     collect.lock            whoever collects or begins a hold
 */
export class Layout {
  readonly directory: string;
  readonly blobs: string;
  readonly references: string;
  readonly partial: string;
  readonly aside: string;
  readonly damaged: string;
  readonly holds: string;
  readonly lock: string;

  constructor(directory: string) {
    this.directory = directory;
    this.blobs = join(directory, 'blobs');
    this.references = join(directory, 'references');
    this.partial = join(directory, 'partial');
    this.aside = join(directory, 'aside');
    this.damaged = join(directory, 'damaged');
    this.holds = join(directory, 'holds');
    this.lock = join(directory, 'collect.lock');
  }

  blob(digest: Digest): string {
    return `${this.blobs}/${digest.slice(0, 2)}/${digest}`;
  }

  asideBlob(digest: Digest): string {
    return `${this.aside}/${digest}`;
  }

  reference(name: string): string {
    return `${this.references}/${name}=`;
  }
}

/** An owner as the name of a folder, and back. */
export const ownerFolder = (owner: string): string => encodeURIComponent(owner);
export function folderOwner(name: string): string | null {
  try {
    return decodeURIComponent(name);
  } catch {
    return null;
  }
}
