import { lstatSync, mkdtempSync, rmSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { ArchiveEntry, ArtifactFile, ArtifactRecord } from '../artifact/contract.ts';
import { userError } from '../base/diagnostic.ts';
import { newId } from '../base/id.ts';
import { nearestName } from '../base/near.ts';
import type { Clock, Random } from '../base/port.ts';
import { counted, visible } from '../base/text.ts';
import type { ArtifactDownload, ArtifactGiven, Artifacts } from './contract.ts';
import { forPeople, type KeptRooms } from './kept.ts';

export interface ClientArtifactsOptions {
  readonly open: () => Promise<KeptRooms>;
  readonly clock: Clock;
  readonly random: Random;
  /** Who asks. */
  readonly by: string;
  /** Sluice's data folder, in which archives are unpacked before they are kept. */
  readonly directory: string;
}

const NAMED_MAX = 3;

/** Artifacts for faces, over the artifact store and archives. */
export function clientArtifacts({ open, clock, random, by, directory }: ClientArtifactsOptions): Artifacts {
  const store = async () => (await open()).artifacts;

  /** The entries that a download asks for. Refuses names that it does not have. */
  async function chosen(record: ArtifactRecord, request: ArtifactDownload): Promise<ArtifactFile[]> {
    if (record.trust === 'untrusted' && !request.untrusted)
      throw userError(
        'artifact-trust',
        `artifact ${record.name} was made by the untrusted run ${record.runId}`,
        'look at it first; --untrusted brings it all the same',
      );
    const files = await (await store()).files(record);
    for (const path of request.only)
      if (!files.some((file) => isIn(file.path, path))) throw unknown(record, path, files);
    return request.only.length === 0
      ? [...files]
      : files.filter((file) => request.only.some((path) => isIn(file.path, path)));
  }

  return {
    find: (query) => forPeople(async () => (await store()).find(query)),
    files: (record) => forPeople(async () => (await store()).files(record)),
    open: (record, path) =>
      forPeople(async () => {
        const content = await (await store()).open(record, path);
        if (content) return content;
        throw unknown(
          record,
          path,
          (await (await store()).files(record)).filter(({ kind }) => kind === 'file'),
        );
      }),
    download: (record, request) =>
      forPeople(async () => {
        const files = await chosen(record, request);
        if (!request.replaces) refuseReplacing(files, request.target);
        const { only } = request;
        return (await store()).download(record, request.target, {
          trust: record.trust,
          runId: null,
          ...(only.length > 0 ? { only: only.map(trimmed) } : {}),
        });
      }),
    pack: (record, request) =>
      forPeople(async () => {
        const files = await chosen(record, request);
        const { target, onProgress = () => {} } = request;
        if (!request.replaces && isThere(target)) throw replacing([target], 1);
        const { artifacts, archives } = await open();
        let bytes = 0;
        const count = async function* (content: AsyncIterable<Uint8Array>) {
          for await (const chunk of content) {
            bytes += chunk.length;
            onProgress(bytes);
            yield chunk;
          }
        };
        const entries = async function* (): AsyncGenerator<ArchiveEntry> {
          for (const file of files) {
            const content = file.kind === 'file' ? await artifacts.open(record, file.path) : null;
            yield { ...file, content: content && count(content) };
          }
        };
        await archives.pack(target, entries());
        return { files: files.filter(({ kind }) => kind === 'file').length, bytes };
      }),
    upload: (given) => forPeople(() => upload(given)),
    pin: (record) => forPeople(async () => (await store()).pin(record, by)),
    unpin: (record, whose) => forPeople(async () => (await store()).unpin(record, whose ?? by)),
    remove: (record) => forPeople(async () => (await store()).remove(record)),
  };

  async function upload(given: ArtifactGiven) {
    const { name, source, version, metadata, from } = given;
    const { artifacts, archives } = await open();
    const keep = (root: string, paths: readonly string[]) =>
      artifacts.upload({
        name,
        root,
        paths,
        version,
        runId: newId(clock.now(), random),
        cell: `uploaded by ${by}`,
        repository: source.repository,
        trust: 'trusted',
        commit: source.commit,
        branch: source.branch,
        tag: source.tag,
        event: 'manual',
        buildNumber: 0,
        metadata,
        retentionMs: null,
        reveals: null,
      });
    if (from.kind === 'files') return keep(from.root, from.paths);
    await mkdir(directory, { recursive: true, mode: 0o700 });
    const folder = mkdtempSync(join(directory, 'unpacked-'));
    try {
      await archives.unpack(from.file, folder);
      return await keep(folder, ['.']);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  }
}

function trimmed(path: string): string {
  return path.replace(/^(\.\/)+|\/+$/g, '');
}

function isIn(path: string, wanted: string): boolean {
  const folder = trimmed(wanted);
  return path === folder || path.startsWith(`${folder}/`);
}

function unknown(record: ArtifactRecord, path: string, files: readonly ArtifactFile[]) {
  const near = nearestName(
    path,
    files.map((file) => file.path),
  );
  return userError(
    'artifact-file-unknown',
    `artifact ${record.name} ${record.version} has no file "${visible(path)}"`,
    near ? `did you mean ${visible(near)}?` : 'see its files: sluice artifact files',
  );
}

/** Folders may be there already; files and links may not. */
function refuseReplacing(files: readonly ArtifactFile[], target: string): void {
  if (!isThere(target)) return;
  const there = files.filter(({ path, kind }) => kind !== 'folder' && isThere(join(target, path)));
  if (there.length > 0)
    throw replacing(
      there.slice(0, NAMED_MAX).map(({ path }) => join(target, path)),
      there.length,
    );
}

function isThere(path: string): boolean {
  try {
    lstatSync(path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
    // A file stands where a folder on the way is needed.
    if ((error as NodeJS.ErrnoException).code === 'ENOTDIR') return isThere(dirname(path));
    throw error;
  }
}

function replacing(named: readonly string[], count: number) {
  const more = count > named.length ? ` and ${count - named.length} more` : '';
  return userError(
    'path-taken',
    `${counted(count, 'file')} would be replaced: ${named.map(visible).join(', ')}${more}`,
    'choose another place with --to, or replace them with --force',
  );
}
