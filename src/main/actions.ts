import { join, resolve } from 'node:path';
import { userError } from '../base/diagnostic.ts';
import type { ActionPlaces } from '../cli/ports.ts';
import { type ActionSourceOptions, openActionSource } from '../forge/action/action-source.ts';
import { LOCK_FILE } from '../forge/action/lock-file.ts';
import { pinStates, whereIs } from '../forge/action/overview.ts';

const SERVER = 'https://github.com';

/** The pins of a repository, for `sluice action` and `sluice doctor`. `directory`: Sluice's data folder. */
export function openActionPlaces(directory: string, environment: NodeJS.ProcessEnv): ActionPlaces {
  const places = placesOf(directory, environment);
  const nameOf = ({ repository, ref }: { readonly repository: string; readonly ref: string }) =>
    `${repository}@${ref}`;
  return {
    async list(path) {
      const pins = await pinStates(places, path);
      if (pins) return pins;
      throw userError('action.lock', `${LOCK_FILE} cannot be read`, 'take the file from the last commit');
    },
    whereIs: (path, repository, ref) => whereIs(places, path, repository, ref),
    update: async (path, names) =>
      (await openActionSource(places).update(path, names)).map(({ before, after }) => ({
        name: nameOf(after),
        before: before && (before.commit ?? before.content),
        after: after.commit ?? after.content,
      })),
  };
}

/**
 * Opens the source of actions of others. `directory`: Sluice's data folder. Mirrors are the folders of `SLUICE_ACTIONS`, parted by
 * `:`; what they lack comes from `GITHUB_SERVER_URL`, which may be empty: then from nowhere.
 */
export function openActions(directory: string, environment: NodeJS.ProcessEnv) {
  return openActionSource(placesOf(directory, environment));
}

function placesOf(directory: string, environment: NodeJS.ProcessEnv): ActionSourceOptions {
  const { SLUICE_ACTIONS: mirrors, GITHUB_SERVER_URL: server = SERVER } = environment;
  return {
    directory: join(directory, 'actions'),
    mirrors: (mirrors ?? '')
      .split(':')
      .filter(Boolean)
      .map((path) => resolve(path)),
    server: server === '' ? null : server,
  };
}
