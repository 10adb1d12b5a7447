import { join, resolve } from 'node:path';
import { openActionSource } from '../forge/action/action-source.ts';

const SERVER = 'https://github.com';

/**
 * Opens the source of actions of others. `directory`: Sluice's data folder. Mirrors are the folders of `SLUICE_ACTIONS`, parted by
 * `:`; what they lack comes from `GITHUB_SERVER_URL`, which may be empty: then from nowhere.
 */
export function openActions(directory: string, environment: NodeJS.ProcessEnv) {
  const { SLUICE_ACTIONS: mirrors, GITHUB_SERVER_URL: server = SERVER } = environment;
  return openActionSource({
    directory: join(directory, 'actions'),
    mirrors: (mirrors ?? '')
      .split(':')
      .filter(Boolean)
      .map((path) => resolve(path)),
    server: server === '' ? null : server,
  });
}
