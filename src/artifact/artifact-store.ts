import { join } from 'node:path';
import type { Clock } from '../base/port.ts';
import { counted, visible } from '../base/text.ts';
import { BlobDamageError, type ReferenceStore, type SavedTree, type TreeStore } from '../cache/contract.ts';
import { chosenPaths } from './chosen.ts';
import {
  ArtifactError,
  type ArtifactOrigin,
  type ArtifactQuery,
  type ArtifactRecord,
  type ArtifactStore,
  type ArtifactUpload,
} from './contract.ts';
import { checkArtifactName } from './name.ts';
import { ARTIFACT_PREFIX, isWanted, readRecord, recordName, recordPrefix, storedRecord } from './record.ts';
import { retentionMs } from './retention.ts';
import { artifactVersion } from './version.ts';

export interface ArtifactStoreOptions {
  readonly references: ReferenceStore;
  readonly trees: TreeStore;
  readonly clock: Clock;
}

const RECORDS_MAX = 1_000_000;
const NAMED_MAX = 3;

/** Artifacts over the trees and records of a storage. */
export function artifactStore({ references, trees, clock }: ArtifactStoreOptions): ArtifactStore {
  async function* records(prefix: string): AsyncGenerator<ArtifactRecord> {
    for (const name of await references.list(prefix, RECORDS_MAX)) {
      const stored = await references.read(name);
      const record = stored && readRecord(stored);
      if (record) yield record;
    }
  }

  async function find(query: ArtifactQuery): Promise<ArtifactRecord[]> {
    const { repository, runId, limit = RECORDS_MAX } = query;
    const found: ArtifactRecord[] = [];
    const prefix = repository === undefined ? ARTIFACT_PREFIX : recordPrefix(repository, runId);
    for await (const record of records(prefix)) {
      if (isWanted(record, query)) found.push(record);
      // Of one repository they come by run, newest first.
      if (repository !== undefined && found.length >= limit) break;
    }
    return found.sort((a, b) => b.createdAtMs - a.createdAtMs).slice(0, limit);
  }

  async function change(
    record: ArtifactRecord,
    to: (present: ArtifactRecord) => Partial<ArtifactRecord>,
  ): Promise<void> {
    const stored = await references.read(recordName(record));
    const present = stored && readRecord(stored);
    if (!present)
      throw new ArtifactError('unknown', `artifact ${record.name} of run ${record.runId} is gone`);
    await references.write(recordName(record), storedRecord({ ...present, ...to(present) }));
  }

  return {
    find,
    async upload(request) {
      checkArtifactName(request.name);
      await refuseSecondOwner(records(recordPrefix(request.repository, request.runId)), request);
      await refuseSecrets(trees, request);
      const { root, paths: select, name } = request;
      const saved = await trees.save({ root, select });
      if (saved.files === 0)
        throw new ArtifactError(
          'no-match',
          `artifact ${name}: 0 files matched ${select.map((path) => `"${visible(path)}"`).join(', ')}; look at what the steps made and at \`paths\``,
        );
      const record = newRecord(request, saved, clock.now());
      await references.write(recordName(record), storedRecord(record));
      return { record, warnings: await warningsOf(trees, record) };
    },
    isWhole: ({ tree }) => trees.isWhole(tree),
    async keepAgain({ digest, tree, bytes, files }, origin) {
      await refuseSecondOwner(records(recordPrefix(origin.repository, origin.runId)), origin);
      const record = newRecord(origin, { content: digest, digest: tree, bytes, files }, clock.now());
      await references.write(recordName(record), storedRecord(record));
      return record;
    },
    async download(record, target, { trust, runId, only }) {
      if (trust === 'trusted' && record.trust === 'untrusted')
        throw new ArtifactError(
          'trust',
          `artifact ${record.name} was made by the untrusted run ${record.runId}; the trusted run ${runId ?? 'or person'} may not use it`,
        );
      try {
        if (!only) return await trees.restore(record.tree, target, {});
        const chosen = chosenPaths(record.name, await entriesOf(trees, record), only);
        return await trees.restore(record.tree, target, { only: chosen });
      } catch (error) {
        if (!(error instanceof BlobDamageError)) throw error;
        throw new ArtifactError(
          'damaged',
          `artifact ${record.name} of run ${record.runId} cannot be brought back: ${error.message}; make it again: \`sluice rerun ${record.runId}\``,
        );
      }
    },
    async files(record) {
      return (await entriesOf(trees, record)).map((entry) => ({
        path: entry.path,
        kind: entry.kind,
        size: entry.kind === 'file' ? entry.size : 0,
        digest: entry.kind === 'file' ? entry.digest : null,
        mode: entry.kind === 'link' ? 0o777 : entry.mode,
        mtimeMs: entry.kind === 'file' ? entry.mtimeMs : 0,
        target: entry.kind === 'link' ? entry.target : '',
      }));
    },
    open: (record, path) => trees.open(record.tree, path),
    pin: (record, by) => change(record, ({ pinnedBy }) => ({ pinnedBy: [...new Set([...pinnedBy, by])] })),
    unpin: (record, by) =>
      change(record, ({ pinnedBy }) => ({ pinnedBy: pinnedBy.filter((one) => one !== by) })),
    remove: (record) => references.remove(recordName(record)),
    async expire(nowMs) {
      const gone: ArtifactRecord[] = [];
      for await (const record of records(ARTIFACT_PREFIX)) {
        const { expiresAtMs, pinnedBy } = record;
        if (expiresAtMs === null || expiresAtMs > nowMs || pinnedBy.length > 0) continue;
        await references.remove(recordName(record));
        gone.push(record);
      }
      return gone;
    },
  };
}

async function refuseSecondOwner(
  records: AsyncIterable<ArtifactRecord>,
  { name, cell, runId }: ArtifactOrigin,
): Promise<void> {
  for await (const other of records) {
    if (other.name === name && other.cell !== cell)
      throw new ArtifactError(
        'name',
        `run ${runId} has an artifact "${name}" already, of ${other.cell}; give each its own name`,
      );
  }
}

async function refuseSecrets(
  trees: TreeStore,
  { name, root, paths, reveals }: ArtifactUpload,
): Promise<void> {
  if (!reveals) return;
  for (const path of (await trees.digestFiles(root, paths)).keys()) {
    if (await reveals(join(root, path)))
      throw new ArtifactError(
        'secret',
        `artifact ${name}: ${visible(path)} holds a secret that the job was granted; leave the file out with "!${visible(path)}"`,
      );
  }
}

function newRecord(
  request: ArtifactOrigin,
  saved: Pick<SavedTree, 'content' | 'digest' | 'bytes' | 'files'>,
  nowMs: number,
): ArtifactRecord {
  const { name, runId, cell, repository, trust, commit, branch, tag, event, buildNumber, metadata } = request;
  return {
    schemaVersion: 1,
    runId,
    cell,
    name,
    version: request.version ?? artifactVersion({ tag, branch, commit, buildNumber }),
    digest: saved.content,
    tree: saved.digest,
    bytes: saved.bytes,
    files: saved.files,
    repository,
    trust,
    commit,
    branch,
    tag,
    metadata,
    createdAtMs: nowMs,
    expiresAtMs: nowMs + (request.retentionMs ?? retentionMs(event, tag)),
    pinnedBy: [],
  };
}

async function entriesOf(trees: TreeStore, record: ArtifactRecord) {
  const manifest = await trees.manifest(record.tree);
  if (manifest) return manifest.entries;
  throw new ArtifactError(
    'damaged',
    `the list of files of artifact ${record.name} of run ${record.runId} is missing`,
  );
}

async function warningsOf(trees: TreeStore, record: ArtifactRecord): Promise<string[]> {
  const modules = (await entriesOf(trees, record)).filter(
    ({ kind, path }) => kind === 'file' && /(^|\/)node_modules\//.test(path),
  );
  if (modules.length === 0) return [];
  const named = modules.slice(0, NAMED_MAX).map(({ path }) => visible(path));
  return [
    `artifact ${record.name} holds ${counted(modules.length, 'file')} of node_modules (${named.join(', ')}${modules.length > NAMED_MAX ? ', ...' : ''}), which can be installed again: leave it out with "!**/node_modules"`,
  ];
}
