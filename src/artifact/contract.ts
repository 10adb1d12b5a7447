import type { Digest } from '../base/digest.ts';
import type { Trust } from '../journal/event.ts';

/**
 * What a run made and keeps: addressed by run and digest, never by name alone, so that two runs are never confused.
 * Contents are trees over the blobs of the cache room.
 */
export interface ArtifactStore {
  /**
   * Keeps what `paths` name below `root`. Said again for the same run, cell and name, the later one counts. Rejects with
   * `ArtifactError`: a bad name, one that another cell of the run has used, no match, a secret inside.
   */
  upload(request: ArtifactUpload): Promise<ArtifactUploaded>;
  /** Whether all contents of an artifact are there. */
  isWhole(record: ArtifactRecord): Promise<boolean>;
  /**
   * Keeps the contents of an artifact once more, for a run whose work was not done again. Rejects with `ArtifactError` for a name
   * that another cell of the run has used.
   */
  keepAgain(record: ArtifactRecord, origin: ArtifactOrigin): Promise<ArtifactRecord>;
  /** Newest first. */
  find(query: ArtifactQuery): Promise<readonly ArtifactRecord[]>;
  /**
   * Brings the files below `target` (`only`: those that these paths, folders and globs name). Rejects with `ArtifactError` when the artifact's trust is below
   * `trust`, naming both runs, and when a content is damaged.
   */
  download(
    record: ArtifactRecord,
    target: string,
    options: { readonly trust: Trust; readonly runId: string | null; readonly only?: readonly string[] },
  ): Promise<{ readonly files: number; readonly bytes: number }>;
  /** Its files in order, for browsing. */
  files(record: ArtifactRecord): Promise<readonly ArtifactFile[]>;
  /** One file's content. null: no such file. */
  open(record: ArtifactRecord, path: string): Promise<AsyncIterable<Uint8Array> | null>;
  /** While pinned (by a deployment, a person) it does not expire. */
  pin(record: ArtifactRecord, by: string): Promise<void>;
  unpin(record: ArtifactRecord, by: string): Promise<void>;
  remove(record: ArtifactRecord): Promise<void>;
  /** Removes what has expired and is not pinned. Returns what went. */
  expire(nowMs: number): Promise<readonly ArtifactRecord[]>;
}

export interface ArtifactUpload extends ArtifactOrigin {
  readonly root: string;
  readonly paths: readonly string[];
  /** Whether a file (its absolute path) holds what must not be kept. Asked for each before anything is stored. null: nothing is secret. */
  readonly reveals: ((file: string) => Promise<boolean>) | null;
}

/** Where an artifact comes from and what it is called. */
export interface ArtifactOrigin {
  readonly name: string;
  /** null: semver from the tag, else build number and commit, with the branch. */
  readonly version: string | null;
  readonly runId: string;
  readonly cell: string;
  readonly repository: string;
  readonly trust: Trust;
  readonly commit: string | null;
  readonly branch: string | null;
  readonly tag: string | null;
  /** Name of the event that the run is for: a pull request's artifacts are kept shorter. */
  readonly event: string;
  /** Counts the runs of the repository; part of versions that come from no tag. */
  readonly buildNumber: number;
  readonly metadata: Readonly<Record<string, string>>;
  /** null: 7 days for a pull request, 30 for a branch, 90 for a tag. */
  readonly retentionMs: number | null;
}

export interface ArtifactUploaded {
  readonly record: ArtifactRecord;
  /** What a person should see: node_modules inside, an unusual size. */
  readonly warnings: readonly string[];
}

export interface ArtifactRecord {
  readonly schemaVersion: 1;
  readonly runId: string;
  readonly cell: string;
  readonly name: string;
  readonly version: string;
  /** Of its content: equal for equal files, whoever made them. Names it everywhere. */
  readonly digest: Digest;
  /** The manifest by which it is brought back. */
  readonly tree: Digest;
  readonly bytes: number;
  readonly files: number;
  readonly repository: string;
  readonly trust: Trust;
  readonly commit: string | null;
  readonly branch: string | null;
  readonly tag: string | null;
  readonly metadata: Readonly<Record<string, string>>;
  readonly createdAtMs: number;
  /** null: kept until it is removed. */
  readonly expiresAtMs: number | null;
  readonly pinnedBy: readonly string[];
}

/** All that are given must match. */
export interface ArtifactQuery {
  readonly repository?: string;
  readonly runId?: string;
  readonly name?: string;
  readonly version?: string;
  /** A digest or the first eight or more digits of one. */
  readonly digest?: string;
  readonly commit?: string;
  readonly branch?: string;
  readonly metadata?: Readonly<Record<string, string>>;
  readonly limit?: number;
}

export interface ArtifactFile {
  readonly path: string;
  readonly kind: 'file' | 'folder' | 'link';
  readonly size: number;
  readonly digest: Digest | null;
  /** Permission bits; of a link all of them. */
  readonly mode: number;
  /** When it was last changed, in milliseconds since the epoch; 0 where that is not kept. */
  readonly mtimeMs: number;
  /** Where a link leads; empty for what is none. */
  readonly target: string;
}

/** Archives of the outside world: tar, plain or packed with gzip or zstd. */
export interface Archives {
  /**
   * Unpacks below `target`, which must be an empty folder. The whole archive is refused at its first bad entry, and then
   * nothing of it is left: `ArtifactError` of code `unsafe` naming the entry. Nothing is ever written outside of `target`.
   */
  unpack(file: string, target: string): Promise<{ readonly files: number; readonly bytes: number }>;
  /**
   * Writes an archive; the end of its name says how it is packed. It appears under its name when it is whole. Equal entries
   * give equal bytes.
   */
  pack(file: string, entries: AsyncIterable<ArchiveEntry>): Promise<void>;
}

export interface ArchiveEntry {
  readonly path: string;
  readonly kind: 'file' | 'folder' | 'link';
  /** Permission bits. */
  readonly mode: number;
  readonly mtimeMs: number;
  readonly size: number;
  /** Of a link. */
  readonly target: string;
  readonly content: AsyncIterable<Uint8Array> | null;
}

/** The artifact cannot be kept or brought; the message names the entry and the way out. */
export class ArtifactError extends Error {
  readonly code: 'name' | 'no-match' | 'secret' | 'trust' | 'damaged' | 'unsafe' | 'unknown';
  constructor(code: ArtifactError['code'], message: string) {
    super(message);
    this.name = 'ArtifactError';
    this.code = code;
  }
}
