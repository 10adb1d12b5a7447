import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { contentName } from './content-name.ts';
import { isSamePin, LOCK_FILE, type Pin, readPins } from './lock-file.ts';
import { findInMirrors, resolveRef } from './mirror.ts';

/** A pin of the lock file, and how it stands. */
export interface PinState extends Pin {
  /** Its files are kept on this machine. */
  readonly isHere: boolean;
  /** What a mirror says that the name means now, when it is something else. */
  readonly movedTo: string | null;
}

interface Places {
  readonly directory: string;
  readonly mirrors: readonly string[];
  readonly server: string | null;
}

/** The pins of a repository. null: its lock file cannot be read. `path`: its top. */
export async function pinStates(places: Places, path: string): Promise<readonly PinState[] | null> {
  const pins = pinsAt(path);
  if (pins === null) return null;
  return Promise.all(
    pins.map(async (pin) => ({
      ...pin,
      isHere: existsSync(join(places.directory, 'content', contentName(pin))),
      movedTo: await movedTo(places.mirrors, pin),
    })),
  );
}

/** The commit that a mirror gives the name now, when it is another one. The forge is not asked for what is pinned. */
export async function movedTo(mirrors: readonly string[], pin: Pin): Promise<string | null> {
  if (pin.kind !== 'tag' && pin.kind !== 'branch') return null;
  const place = findInMirrors(mirrors, pin.repository);
  if (place?.kind !== 'git') return null;
  const now = await resolveRef(place.directory, pin.ref);
  return now && now.commit !== pin.commit ? now.commit : null;
}

/** Where an action would come from, without asking a server; null: from nowhere on this machine. */
export async function whereIs(
  places: Places,
  path: string,
  repository: string,
  ref: string,
): Promise<string | null> {
  const pin = pinsAt(path)?.find((one) => isSamePin(one, { repository, ref }));
  if (pin && existsSync(join(places.directory, 'content', contentName(pin)))) return 'kept on this machine';
  const place = findInMirrors(places.mirrors, repository);
  if (!place) return null;
  if (place.kind === 'folder') return place.directory;
  return (await resolveRef(place.directory, pin?.commit ?? ref)) === null ? null : place.directory;
}

function pinsAt(path: string): readonly Pin[] | null {
  const file = join(path, LOCK_FILE);
  if (!existsSync(file)) return [];
  const pins = readPins(readFileSync(file, 'utf8'));
  return 'badLine' in pins ? null : pins;
}
