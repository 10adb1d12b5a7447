import type { Digest } from '../base/digest.ts';
import { digestOf } from '../base/digest.ts';
import type { JsonObject } from '../base/json.ts';
import type { ArtifactQuery, ArtifactRecord } from './contract.ts';

/** Below it every artifact has a record: by repository, run, and a digest of cell and name. */
export const ARTIFACT_PREFIX = 'artifact';

/** Where the artifacts of a repository, or of one of its runs, are recorded. */
export function recordPrefix(repository: string, runId?: string): string {
  const folder = `${ARTIFACT_PREFIX}/${digestOf(repository).slice(0, 32)}`;
  return runId === undefined ? folder : `${folder}/${runId}`;
}

/** The name of one artifact's record. Run ids sort by time, so the newest run's come last. */
export function recordName(record: Pick<ArtifactRecord, 'repository' | 'runId' | 'cell' | 'name'>): string {
  const { repository, runId, cell, name } = record;
  return `${recordPrefix(repository, runId)}/${digestOf(JSON.stringify([cell, name])).slice(0, 32)}`;
}

/** As it is stored: the record, and the blob that the collector must keep for it. */
export function storedRecord(record: ArtifactRecord): JsonObject {
  return { ...(record as unknown as JsonObject), keeps: [record.tree] };
}

/** null: a record of a later version, which is left alone. */
export function readRecord(stored: JsonObject): ArtifactRecord | null {
  const { keeps: _keeps, ...record } = stored;
  return record.schemaVersion === 1 ? (record as unknown as ArtifactRecord) : null;
}

/** Whether the record is what the query asks for. A digest may be given by its first eight or more digits. */
export function isWanted(record: ArtifactRecord, query: ArtifactQuery): boolean {
  const { digest, metadata = {}, limit: _limit, ...exact } = query;
  if (digest !== undefined && !startsDigest(record.digest, digest)) return false;
  if (Object.entries(metadata).some(([tag, value]) => record.metadata[tag] !== value)) return false;
  return Object.entries(exact).every(
    ([key, value]) => value === undefined || record[key as keyof typeof exact] === value,
  );
}

function startsDigest(digest: Digest, text: string): boolean {
  const wanted = text.replace(/^sha256:/, '');
  return wanted.length >= 8 && digest.startsWith(wanted.toLowerCase());
}
