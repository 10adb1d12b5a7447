import { mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import type { Digest } from '../../../base/digest.ts';
import type { Clock } from '../../../base/port.ts';
import type { Holds } from '../../contract.ts';
import { checkDigest, isDigest } from '../names.ts';
import { codeOf, folderError, ifThere } from './failure.ts';
import { FileLock } from './file-lock.ts';
import { removeEmptied } from './folder-references.ts';
import { Layout, ownerFolder, type ProcessOwners } from './layout.ts';
import { namesIn } from './list-stored.ts';
import { PartialFiles } from './partial-files.ts';

export interface FolderHolds extends Holds {
  close(): void;
}

/**
 * Holds on the blobs of a folder storage. Once `hold` resolved, the digests and all that a tree manifest among them names stay,
 * as far as they were there, until the release or the end of this process.
 */
export function openFolderHolds(options: {
  readonly directory: string;
  readonly clock: Clock;
  readonly owners: ProcessOwners;
}): FolderHolds {
  const layout = new Layout(options.directory);
  const partials = new PartialFiles(layout, options.owners, options.clock);
  const lock = new FileLock(layout.lock, options.clock);
  const folder = `${layout.holds}/${ownerFolder(options.owners.self)}`;
  return {
    async hold(digests) {
      for (const digest of digests) checkDigest(digest);
      let path: string;
      try {
        mkdirSync(options.directory, { recursive: true, mode: 0o700 });
        const partial = partials.write([Buffer.from(digests.join('\n'))]);
        held += 1;
        path = `${folder}/${held}`;
        // Not while the collector removes what it found held by nobody.
        await lock.during(async () => moveIn(partial, path, folder));
      } catch (error) {
        throw folderError(error, options.directory);
      }
      return async () => {
        rmSync(path, { force: true });
        removeEmptied(folder, layout.holds);
      };
    },
    close() {
      lock.close();
      partials.close();
    },
  };
}

/** Tells holds of this process apart, whatever folder they are in. */
let held = 0;

function moveIn(partial: string, path: string, folder: string): void {
  for (let attempt = 1; ; attempt++) {
    try {
      renameSync(partial, path);
      return;
    } catch (error) {
      if (codeOf(error) !== 'ENOENT' || attempt === 10) throw error;
      mkdirSync(folder, { recursive: true, mode: 0o700 });
    }
  }
}

/** The digests of one hold; none when it was released meanwhile. */
export function heldDigests(path: string): readonly Digest[] {
  let text = '';
  ifThere(() => {
    text = readFileSync(path, 'utf8');
  });
  return text.split('\n').filter(isDigest);
}

/** Paths of all holds, by owner's folder. */
export async function holdsIn(layout: Layout): Promise<ReadonlyMap<string, readonly string[]>> {
  const all = new Map<string, readonly string[]>();
  for (const owner of await namesIn(layout.holds)) {
    const folder = `${layout.holds}/${owner}`;
    all.set(
      owner,
      (await namesIn(folder)).map((name) => `${folder}/${name}`),
    );
  }
  return all;
}
