import { accessSync, constants, statSync } from 'node:fs';
import { join } from 'node:path';
import { userError } from '../base/diagnostic.ts';

/** What runs leave there while they are driven; whoever drives one must be able to go on with it. */
const FOLDERS = ['steps', 'logs', 'workspaces'] as const;

/**
 * Throws `UserError` when runs in this data folder are another account's to drive. Its journal may be shared all the same, so that
 * several people can answer what it asks.
 */
export function requireOwnHome(directory: string): void {
  for (const name of FOLDERS) {
    const folder = join(directory, name);
    try {
      accessSync(folder, constants.R_OK | constants.W_OK | constants.X_OK);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') continue;
      throw userError(
        'home-of-another',
        `${folder} belongs to another account (uid ${ownerOf(folder)}), so this one can drive no run there`,
        'set SLUICE_HOME to a folder of your own',
      );
    }
  }
}

function ownerOf(folder: string): string {
  return String(statSync(folder, { throwIfNoEntry: false })?.uid ?? 'unknown');
}
