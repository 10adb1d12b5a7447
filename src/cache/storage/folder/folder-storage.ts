import { mkdirSync } from 'node:fs';
import type { Clock } from '../../../base/port.ts';
import type { Storage } from '../../contract.ts';
import { Committer } from './committer.ts';
import { folderError } from './failure.ts';
import { FolderBlobs } from './folder-blobs.ts';
import { FolderReferences } from './folder-references.ts';
import { Layout, type ProcessOwners } from './layout.ts';
import { PartialFiles } from './partial-files.ts';

export interface FolderOptions {
  readonly directory: string;
  readonly clock: Clock;
  readonly owners: ProcessOwners;
}

/**
 * Blobs and references in a folder that any number of processes of this machine may use at once. Readable for this user only.
 * Throws `StorageError` when the folder cannot be made.
 */
export function openFolderStorage({ directory, clock, owners }: FolderOptions): Storage {
  const layout = new Layout(directory);
  try {
    // What the collector needs is made before the disk is full.
    mkdirSync(layout.aside, { recursive: true, mode: 0o700 });
  } catch (error) {
    throw folderError(error, directory);
  }
  const partials = new PartialFiles(layout, owners, clock);
  const committer = new Committer(directory);
  return {
    name: `the folder ${directory}`,
    blobs: new FolderBlobs(layout, partials, committer, clock),
    references: new FolderReferences(layout, partials, committer, clock),
    async close() {
      await committer.idle();
      partials.close();
    },
  };
}
