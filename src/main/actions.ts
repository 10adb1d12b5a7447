import { lstatSync, mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { userError } from '../base/diagnostic.ts';
import type { ActionPlaces } from '../cli/ports.ts';
import { type ActionSourceOptions, openActionSource } from '../forge/action/action-source.ts';
import { LOCK_FILE } from '../forge/action/lock-file.ts';
import { pinStates, whereIs } from '../forge/action/overview.ts';
import type { ActionSource } from '../forge/contract.ts';
import type { RunSource } from '../journal/run-event.ts';
import type { ForeignName } from '../pipeline/github/foreign.ts';

const FILE_BYTES_MAX = 4 * 1024 * 1024;
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
    workflow: (source, name) =>
      readWorkflow(openActionSource(places), join(places.directory, 'reading'), source, name),
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

/** Reads one file of what is pinned, out of a copy whose digest was compared. `folder`: where copies may lie for that long. */
async function readWorkflow(
  actions: ActionSource,
  folder: string,
  source: RunSource,
  { repository, ref, path }: ForeignName,
) {
  const trust = source.base ? 'untrusted' : 'trusted';
  const found = await actions.find({ repository, ref, source, trust });
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const own = mkdtempSync(join(folder, 'copy-'));
  try {
    const copy = join(own, 'files');
    const warning = await found.copyTo(copy);
    const file = join(copy, path);
    const status = lstatSync(file, { throwIfNoEntry: false });
    if (
      !status?.isFile() ||
      status.size > FILE_BYTES_MAX ||
      realpathSync(file) !== join(realpathSync(copy), path)
    )
      throw userError(
        'action.workflow',
        `${repository}@${ref} has no workflow ${path}`,
        'check the path and the ref',
      );
    return {
      content: readFileSync(file),
      warnings: [...found.warnings, ...(warning === null ? [] : [warning])],
    };
  } finally {
    rmSync(own, { recursive: true, force: true });
  }
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
