import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import process from 'node:process';
import { userError } from '../../base/diagnostic.ts';
import { digestOf } from '../../base/digest.ts';
import type { RunSource } from '../../journal/run-event.ts';
import type { ActionFound, ActionSource, ActionWanted } from '../contract.ts';
import { contentDigest, copyContent } from './content.ts';
import { contentName } from './content-name.ts';
import { callGit } from './git-call.ts';
import { isSamePin, LOCK_FILE, type Pin, readPins, writePins } from './lock-file.ts';
import { commitOf, extract, findInMirrors, resolveRef } from './mirror.ts';
import { movedTo } from './overview.ts';
import { fetchFrom } from './server.ts';

export interface ActionSourceOptions {
  /** Where what was brought is kept, by commit. */
  readonly directory: string;
  /** Folders with `owner/name` or `owner/name.git` in them, the first one first. */
  readonly mirrors: readonly string[];
  /** Where repositories are fetched from that no mirror has, such as `https://github.com`; null: from nowhere. */
  readonly server: string | null;
}

/** An action whose content is kept. */
interface Kept {
  readonly pin: Pin;
  readonly folder: string;
  /** Where it was found, for people. */
  readonly from: string;
}

/**
 * Opens the source of actions. What is found is kept by its content, and compared with it whenever it is used. One source pins
 * one name once: all jobs of a run get the same.
 */
export function openActionSource(options: ActionSourceOptions): ActionSource & {
  /** Looks anew what the pinned names mean and writes the lock file of the folder. Rejects with a `UserError`. */
  update(path: string, names: readonly string[]): Promise<readonly Renewed[]>;
} {
  const known = new Map<string, Promise<ActionFound>>();
  let writing: Promise<void> = Promise.resolve();
  const write = (source: RunSource, pin: Pin): Promise<void> => {
    writing = writing.then(() => addPin(source.path, pin));
    return writing;
  };
  return {
    find(wanted) {
      const { repository, ref, source, trust } = wanted;
      const key = JSON.stringify([
        repository.toLowerCase(),
        ref,
        source.path,
        source.base?.commit,
        trust,
        wanted.isPinned,
      ]);
      const before = known.get(key);
      // Once is enough for what a person should see.
      if (before) return before.then((found) => ({ ...found, warnings: [] }));
      const found = find(options, wanted, write);
      known.set(key, found);
      found.catch(() => known.delete(key));
      return found;
    },
    update: (path, names) => update(options, path, names),
  };
}

async function find(
  options: ActionSourceOptions,
  wanted: ActionWanted,
  write: (source: RunSource, pin: Pin) => Promise<void>,
): Promise<ActionFound> {
  const { repository, ref, source, trust, isPinned = true } = wanted;
  const name = `${repository}@${ref}`;
  const pins = isPinned ? await pinsOf(source) : [];
  const pin = pins.find((one) => isSamePin(one, wanted)) ?? null;
  if (trust === 'untrusted' && pin === null)
    throw userError(
      'action.unpinned',
      `${name} is not in the ${LOCK_FILE} of the base, and an untrusted run gets only what that pins`,
      'run the workflow once on the base and commit the file',
    );
  const isOffline = trust === 'untrusted';
  const kept = pin ? await pinned(options, pin, isOffline) : await anew(options, wanted);
  const warnings: string[] = [];
  if (pin) {
    const moved = await movedTo(options.mirrors, pin);
    if (moved !== null)
      warnings.push(
        `${name} now means ${moved.slice(0, 12)}; it stays at ${shortName(pin)}, which ${LOCK_FILE} says: sluice action update ${name}`,
      );
  } else if (isPinned && source.mode === 'tree' && !source.base) await write(source, kept.pin);
  const can =
    kept.pin.kind === 'branch' || kept.pin.kind === 'tag' ? `, a ${kept.pin.kind}, which can move` : '';
  const how = !isPinned ? '' : pin ? `, as ${LOCK_FILE} says` : `; ${LOCK_FILE} holds it from now on`;
  return {
    name: contentName(kept.pin),
    commit: kept.pin.commit,
    sentence: `${name} is ${shortName(kept.pin)}, from ${kept.from}${can}${how}`,
    warnings,
    async copyTo(folder) {
      if (copyContent(kept.folder, folder) === kept.pin.content) return null;
      rmSync(folder, { recursive: true, force: true });
      rmSync(kept.folder, { recursive: true, force: true });
      const again = await pinned(options, kept.pin, isOffline);
      if (copyContent(again.folder, folder) === kept.pin.content)
        return `the copy of ${name} on this machine had been changed; it was brought anew from ${again.from}`;
      rmSync(folder, { recursive: true, force: true });
      throw changed(name, 'the copy on this machine');
    },
  };
}

function changed(name: string, what: string) {
  return userError(
    'action.changed',
    `${what} of ${name} is not what ${LOCK_FILE} pins, so it is not run`,
    `look at what changed, then: sluice action update ${name}`,
  );
}

function shortName({ commit, content }: Pin): string {
  return commit === null ? content.slice(0, 'sha256:'.length + 12) : commit.slice(0, 12);
}

/** What the lock file pins, in the state of the source that decides: of an untrusted run its base's. */
async function pinsOf(source: RunSource): Promise<readonly Pin[]> {
  const text = await lockText(source);
  if (text === null) return [];
  const pins = readPins(text);
  if ('badLine' in pins)
    throw userError(
      'action.lock',
      `${LOCK_FILE}, line ${pins.badLine} cannot be read`,
      'take the file from the last commit, or remove it, so that it is written anew',
    );
  return pins;
}

async function lockText(source: RunSource): Promise<string | null> {
  const commit = source.base?.commit ?? (source.mode === 'commit' ? source.commit : null);
  if (commit === null) return readText(join(source.path, LOCK_FILE));
  const { code, output } = await callGit(['-C', source.path, 'show', `${commit}:${LOCK_FILE}`]);
  return code === 0 ? output : null;
}

function readText(path: string): string | null {
  return existsSync(path) ? readFileSync(path, 'utf8') : null;
}

/** Adds a pin to the lock file as it is now: another run may have added one. */
async function addPin(path: string, pin: Pin): Promise<void> {
  const file = join(path, LOCK_FILE);
  const pins = readPins(readText(file) ?? '');
  if ('badLine' in pins || pins.some((one) => isSamePin(one, pin))) return;
  replace(file, writePins([...pins, pin]));
}

function replace(file: string, text: string): void {
  mkdirSync(dirname(file), { recursive: true });
  const partial = `${file}.${process.pid}`;
  writeFileSync(partial, text);
  renameSync(partial, file);
}

/** The content that a pin names, wherever it is. */
async function pinned(options: ActionSourceOptions, pin: Pin, isOffline: boolean): Promise<Kept> {
  const folder = join(options.directory, 'content', contentName(pin));
  if (existsSync(folder)) return { pin, folder, from: 'the copy on this machine' };
  const name = `${pin.repository}@${pin.ref}`;
  const place = findInMirrors(options.mirrors, pin.repository);
  if (place?.kind === 'folder')
    return checked(name, pin, keepFolder(options, pin.repository, pin.ref, place.directory));
  if (place && pin.commit !== null && (await commitOf(place.directory, pin.commit)) !== null)
    return checked(
      name,
      pin,
      await keepCommit(options, pin, pin.commit, pin.kind, place.directory, place.directory),
    );
  if (options.server === null || isOffline || pin.commit === null)
    throw nowhere(options, name, pin.commit, isOffline);
  const own = ownRepository(options, pin.repository);
  const fetched = await fetchFrom(options.server, pin.repository, pin.commit, own);
  if (typeof fetched === 'string') throw unreachable(options, name, fetched);
  return checked(name, pin, await keepCommit(options, pin, fetched.commit, pin.kind, own, options.server));
}

function checked(name: string, pin: Pin, kept: Kept): Kept {
  if (kept.pin.content !== pin.content) throw changed(name, `what ${kept.from} has`);
  return { ...kept, pin };
}

/** What a name means now. */
async function anew(
  options: ActionSourceOptions,
  { repository, ref }: Pick<ActionWanted, 'repository' | 'ref'>,
): Promise<Kept> {
  const name = `${repository}@${ref}`;
  const place = findInMirrors(options.mirrors, repository);
  if (place?.kind === 'folder') return keepFolder(options, repository, ref, place.directory);
  if (place) {
    const resolved = await resolveRef(place.directory, ref);
    if (resolved)
      return keepCommit(
        options,
        { repository, ref },
        resolved.commit,
        resolved.kind,
        place.directory,
        place.directory,
      );
  }
  if (options.server === null) throw nowhere(options, name, null, false);
  const own = ownRepository(options, repository);
  const fetched = await fetchFrom(options.server, repository, ref, own);
  if (typeof fetched === 'string') throw unreachable(options, name, fetched);
  return keepCommit(options, { repository, ref }, fetched.commit, fetched.kind, own, options.server);
}

function ownRepository({ directory }: ActionSourceOptions, repository: string): string {
  return join(
    directory,
    'git',
    `${repository.toLowerCase().replace('/', '-')}-${digestOf(repository.toLowerCase()).slice(0, 8)}.git`,
  );
}

function keepFolder({ directory }: ActionSourceOptions, repository: string, ref: string, from: string): Kept {
  const partial = join(directory, 'content', `partial-${process.pid}-${process.hrtime.bigint()}`);
  const content = copyContent(from, partial);
  return kept(directory, { repository, ref, commit: null, content, kind: 'folder' }, partial, from);
}

async function keepCommit(
  { directory }: ActionSourceOptions,
  { repository, ref }: Pick<Pin, 'repository' | 'ref'>,
  commit: string,
  kind: Pin['kind'],
  git: string,
  from: string,
): Promise<Kept> {
  const partial = join(directory, 'content', `partial-${process.pid}-${process.hrtime.bigint()}`);
  mkdirSync(partial, { recursive: true, mode: 0o700 });
  const complaint = await extract(git, commit, partial, `${partial}.index`);
  rmSync(`${partial}.index`, { force: true });
  if (complaint !== null) {
    rmSync(partial, { recursive: true, force: true });
    throw userError('action.broken', `${repository}@${ref} cannot be read from ${from}: ${complaint}`);
  }
  return kept(directory, { repository, ref, commit, content: contentDigest(partial), kind }, partial, from);
}

/** Under the name of its content it is whole. */
function kept(directory: string, pin: Pin, partial: string, from: string): Kept {
  const folder = join(directory, 'content', contentName(pin));
  if (existsSync(folder)) rmSync(partial, { recursive: true, force: true });
  else {
    try {
      renameSync(partial, folder);
    } catch (error) {
      rmSync(partial, { recursive: true, force: true });
      if (!existsSync(folder)) throw error;
    }
  }
  return { pin, folder, from };
}

function nowhere({ mirrors }: ActionSourceOptions, name: string, commit: string | null, isOffline: boolean) {
  const [repository] = name.split('@') as [string];
  const what = commit === null ? name : `${name} (${commit.slice(0, 12)})`;
  const place = findInMirrors(mirrors, repository);
  const where = place
    ? `its mirror ${place.directory} does not have that`
    : mirrors.length === 0
      ? 'no folder of mirrors is set (SLUICE_ACTIONS)'
      : `it is not in ${mirrors.join(', ')}`;
  const noServer = isOffline
    ? 'an untrusted run asks no server'
    : 'there is no server to ask (GITHUB_SERVER_URL)';
  return userError(
    'action.missing',
    `${what} is not on this machine: ${where}, and ${noServer}`,
    place ? `renew it: git -C ${place.directory} remote update` : mirrorLine(mirrors, repository),
  );
}

function mirrorLine(mirrors: readonly string[], repository: string): string {
  const line = `mirror it: git clone --mirror https://github.com/${repository} ${mirrors[0] ?? 'FOLDER'}/${repository}.git`;
  return mirrors.length === 0 ? `${line}, and SLUICE_ACTIONS=FOLDER` : line;
}

function unreachable({ mirrors }: ActionSourceOptions, name: string, complaint: string) {
  const [repository] = name.split('@') as [string];
  return userError(
    'action.unreachable',
    `${name} is in no mirror and cannot be fetched from ${complaint}`,
    `check its name and the network, or ${mirrorLine(mirrors, repository)}`,
  );
}

/** What became of a pin. */
export interface Renewed {
  readonly before: Pin | null;
  readonly after: Pin;
}

async function update(
  options: ActionSourceOptions,
  path: string,
  names: readonly string[],
): Promise<readonly Renewed[]> {
  const file = join(path, LOCK_FILE);
  const pins = readPins(readText(file) ?? '');
  const before = 'badLine' in pins ? [] : pins;
  const wanted = names.length === 0 ? before : names.map(nameOf);
  const renewed: Renewed[] = [];
  for (const one of wanted) {
    const { pin } = await anew(options, one);
    renewed.push({ before: before.find((other) => isSamePin(other, one)) ?? null, after: pin });
  }
  const others = before.filter((one) => !wanted.some((other) => isSamePin(one, other)));
  if (renewed.length > 0) replace(file, writePins([...others, ...renewed.map(({ after }) => after)]));
  return renewed;
}

function nameOf(text: string): Pick<Pin, 'repository' | 'ref'> {
  const match = /^([\w.-]+\/[\w.-]+)(?:\/[^@\s]+)?@(\S+)$/.exec(text);
  if (match) return { repository: match[1]!, ref: match[2]! };
  throw userError('bad-argument', `${text} names no action`, 'sluice action update actions/checkout@v4');
}
