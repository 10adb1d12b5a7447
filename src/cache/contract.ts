import type { Digest } from '../base/digest.ts';
import type { JsonObject } from '../base/json.ts';
import type { ReportUse } from '../journal/run-event.ts';

/**
 * Bytes kept by what they are, and the names that point at them. Caches, artifacts and snapshots are all made of these two.
 * One contract suite (test/contract/blob.contract.ts) is passed by every implementation: a local folder, an S3-compatible
 * server, plain HTTP, memory.
 */
export interface Storage {
  /** For messages: "the folder X", "the bucket Y at Z". */
  readonly name: string;
  readonly blobs: BlobStore;
  readonly references: ReferenceStore;
  close(): Promise<void>;
}

export interface BlobRef {
  /** Of the content as it was given, before any compression. */
  readonly digest: Digest;
  readonly size: number;
}

export interface PutBlob extends BlobRef {
  /** What this call added to the store, in bytes as stored. 0: it was there. */
  readonly addedBytes: number;
}

/**
 * A blob is either wholly there or not at all; a crash at any instant leaves no half blob that a reader could see. Compression
 * is the store's own affair.
 */
export interface BlobStore {
  /** Stores the content unless it is there already. Resolves when it is durable. */
  put(content: BlobContent): Promise<PutBlob>;
  /**
   * The same for many, in the order given, made durable together: 30,000 small files are not 30,000 waits for the disk. When
   * it rejects, some of them may be there.
   */
  putMany(contents: Iterable<BlobContent>): Promise<readonly PutBlob[]>;
  /** As `open`, in one piece, and quicker: for what fits into memory. */
  read(digest: Digest): Promise<Uint8Array | null>;
  /**
   * The content, or null when there is no such blob. Verified while it is read: a blob whose bytes do not match its digest
   * is put aside (a later `put` stores it anew) and opening or reading rejects with `BlobDamageError`, before the last byte at
   * the latest.
   */
  open(digest: Digest): Promise<AsyncIterable<Uint8Array> | null>;
  /**
   * Those of the digests that are there, by presence and stored size, without reading the content. Whoever means to use a blob
   * again without storing it asks here first: asking, like storing and reading, makes it young for the collector.
   */
  has(digests: readonly Digest[]): Promise<ReadonlySet<Digest>>;
  /** Everything that is there. A blob that comes or goes meanwhile may be told or not. */
  list(): AsyncIterable<StoredBlob>;
  remove(digest: Digest): Promise<void>;
}

export type BlobContent =
  | { readonly kind: 'bytes'; readonly bytes: Uint8Array }
  /** A regular file, not followed when it is a link. It may change meanwhile: what counts is what was read. */
  | { readonly kind: 'file'; readonly path: string }
  | { readonly kind: 'stream'; readonly chunks: AsyncIterable<Uint8Array> };

export interface StoredBlob {
  readonly digest: Digest;
  readonly storedBytes: number;
  /** When it was stored or last asked for, in milliseconds since the epoch. */
  readonly usedAtMs: number;
}

/**
 * Small named JSON records. Names are `/`-separated parts of letters, digits, `.`, `_`, `-`, `~`. A record is written whole
 * or not at all; two writers of one name leave one of the two records. No conditional writes: not every server has them.
 *
 * A record may have a member `keeps`, a list of digests: these blobs, and all that a tree manifest among them names, are kept
 * while the record is there. What no record keeps is removed some time later. Records whose names begin with `cache/` may be
 * removed by the collector when they are over their limits; all others only by whoever wrote them.
 */
export interface ReferenceStore {
  write(name: string, record: JsonObject): Promise<void>;
  /** null: there is none. Rejects with `BlobDamageError` when it cannot be read as what was written. */
  read(name: string): Promise<JsonObject | null>;
  /** Names below `prefix` (whole parts), in descending order, at most `limit` (1,000 when not said). */
  list(prefix: string, limit?: number): Promise<readonly string[]>;
  remove(name: string): Promise<void>;
}

/** The storage itself cannot do what was asked. The message names it, the cause and the way out. */
export class StorageError extends Error {
  readonly code: 'full' | 'denied' | 'missing' | 'unreachable' | 'refused' | 'setting';
  constructor(code: StorageError['code'], message: string, cause?: unknown) {
    super(message, { cause });
    this.name = 'StorageError';
    this.code = code;
  }
}

/** Stored bytes are not what they should be. */
export class BlobDamageError extends Error {
  readonly digest: Digest | null;
  constructor(message: string, digest: Digest | null) {
    super(message);
    this.name = 'BlobDamageError';
    this.digest = digest;
  }
}

/** Files and folders below a root, as one manifest blob and the blobs of their contents. */
export interface TreeStore {
  /**
   * Records what `select` names below `root` and stores the contents that are new. Large files are kept in chunks cut by
   * content, so that a file which changed in part costs about what changed.
   * Rejects with a `TreeError` that names the entry: a socket, device or FIFO; a link that leaves the root.
   */
  save(request: TreeSave): Promise<SavedTree>;
  /** null: no such manifest. */
  manifest(digest: Digest): Promise<TreeManifest | null>;
  /**
   * Brings the tree below `target` as private copies: changing a restored file changes nothing that is kept. What stands in the
   * way is replaced; nothing is written through a link.
   * Rejects with `BlobDamageError` when a content is missing or damaged; then nothing of this tree that was begun is left half written.
   */
  restore(digest: Digest, target: string, options?: TreeRestore): Promise<RestoredTree>;
  /** The content of one file, proven piece by piece. null: no such tree, or no regular file of that path in it. */
  open(digest: Digest, path: string): Promise<AsyncIterable<Uint8Array> | null>;
  /** Whether the manifest and every content of it are there. */
  isWhole(digest: Digest): Promise<boolean>;
  /**
   * Records everything below `root` as `save` does, quick for a root that was recorded before by this store: only what changed
   * is read and stored. `changed` names the paths that were added, changed or removed since `previous`; all of them when it is null.
   * Links are recorded wherever they point; sockets, devices and FIFOs are left out and named.
   */
  snapshot(root: string, previous: Digest | null): Promise<TreeSnapshot>;
  /**
   * The digests of the regular files that `select` names, by path. What did not change since it was last asked for (size,
   * times, inode) is not read again. Links are not followed and not told.
   */
  digestFiles(root: string, select: readonly string[]): Promise<ReadonlyMap<string, Digest>>;
}

export interface TreeSnapshot {
  readonly digest: Digest;
  readonly changed: readonly string[];
  /** Sockets, devices and FIFOs. */
  readonly leftOut: readonly string[];
}

export interface TreeSave {
  readonly root: string;
  /** Paths and globs relative to the root, `/`-separated, `!` before one leaves out. A folder stands for all in it. */
  readonly select: readonly string[];
  /** An earlier tree of the same place: unchanged files (size, times, inode) need no reading, and contents that it holds are not stored again. */
  readonly since?: Digest;
  /**
   * `inside`: a link must stay inside the root, which is the default: whoever gets the tree may not trust its maker. `any`: links
   * are kept as they are, for what goes back to the place that it came from (a cache, a snapshot).
   */
  readonly links?: 'inside' | 'any';
  /** The root will be gone soon, so that nothing of it is worth remembering. */
  readonly isPassing?: boolean;
}

export interface SavedTree {
  /** Of the manifest: what `restore` takes. Equal trees that were packed differently have different ones. */
  readonly digest: Digest;
  /** Of what the tree is - paths, kinds, permissions, contents - however it is kept: equal for equal trees. For comparing. */
  readonly content: Digest;
  readonly files: number;
  readonly bytes: number;
  /** Bytes of contents that were not there before, as stored. */
  readonly storedBytes: number;
}

export interface TreeManifest {
  readonly schemaVersion: 1;
  readonly content: Digest;
  /**
   * The blobs that hold all contents of this tree, and nothing else does: many small files and chunks of large ones lie in one
   * pack, one behind the other, since opening a file or asking a server costs more than its bytes.
   */
  readonly packs: readonly Digest[];
  /** In ascending order of path (code units); a folder before what is in it. */
  readonly entries: readonly TreeEntry[];
}

export type TreeEntry =
  | {
      readonly kind: 'file';
      readonly path: string;
      /** Permission bits without setuid, setgid and sticky. */
      readonly mode: number;
      /** When it was last changed, in whole milliseconds since the epoch; not part of `content`. */
      readonly mtimeMs: number;
      readonly size: number;
      /** Of the whole content. */
      readonly digest: Digest;
      /** The parts that joined give the content; one for a file of up to 1 MiB, none for an empty one. */
      readonly pieces: readonly TreePiece[];
    }
  | { readonly kind: 'folder'; readonly path: string; readonly mode: number }
  | { readonly kind: 'link'; readonly path: string; readonly target: string };

/** Where a part of a content lies: its digest, the number of its pack in `packs`, the offset in the pack and its size in bytes. */
export type TreePiece = readonly [digest: Digest, pack: number, offset: number, size: number];

export interface TreeRestore {
  /** Only these entries and what is below them. */
  readonly only?: readonly string[];
  /** As in `TreeSave`; a link that may not be restored makes the whole restore reject. */
  readonly links?: 'inside' | 'any';
  /** Remove what is below the target and not in the tree. */
  readonly exact?: boolean;
}

export interface RestoredTree {
  readonly files: number;
  readonly bytes: number;
}

/** A file that cannot be kept or brought back, with its path relative to the root. */
export class TreeError extends Error {
  readonly path: string;
  constructor(path: string, message: string) {
    super(message);
    this.name = 'TreeError';
    this.path = path;
  }
}

/**
 * Who may see an entry. What an untrusted run writes is read by nobody else: trust is part of the scope, and an untrusted run
 * may read the trusted scopes of the readable refs and write only its own.
 */
export interface CacheScope {
  readonly repository: string;
  readonly trust: 'trusted' | 'untrusted';
  /** Branch, tag or pull request. */
  readonly ref: string;
  /** Refs whose entries may be read too, nearest first: the base and the default branch. */
  readonly readableRefs: readonly string[];
}

/** Directory caches as users know them: versioned under one key, the newest wins. */
export interface DirectoryCaches {
  /** The newest entry of the first key that has one: `key` whole, then each of `restoreKeys` as a prefix. null: none. */
  restore(request: CacheRestore): Promise<CacheHit | null>;
  /** Adds a version. An entry with the same content under the same key is not added again. */
  save(request: CacheSave): Promise<{ readonly storedBytes: number; readonly saved: boolean }>;
  /** For people: what is kept, the one used last first. How often it helped is told by the journal. */
  entries(repository: string): Promise<readonly CacheEntryView[]>;
  /** Removes all versions under a key, or everything of the repository. Returns how many went. */
  remove(repository: string, key: string | null): Promise<number>;
}

export interface CacheRestore {
  readonly scope: CacheScope;
  readonly key: string;
  readonly restoreKeys: readonly string[];
  /** As declared; entries of other paths do not match. */
  readonly paths: readonly string[];
  readonly root: string;
}

export interface CacheSave {
  readonly scope: CacheScope;
  readonly key: string;
  readonly paths: readonly string[];
  readonly root: string;
  /** How long making the content took; what a later hit saves. */
  readonly madeInMs: number;
}

export interface CacheHit {
  readonly key: string;
  readonly exact: boolean;
  readonly digest: Digest;
  readonly bytes: number;
  readonly savedAtMs: number;
  /** How long making it took. */
  readonly madeInMs: number;
}

export interface CacheEntryView {
  readonly key: string;
  readonly ref: string;
  readonly trust: 'trusted' | 'untrusted';
  readonly versions: number;
  readonly bytes: number;
  readonly usedAtMs: number;
}

/** The workspaces of jobs as steps left them. */
export interface Snapshots {
  /**
   * Keeps all that is below `root`, until the cache is over its limits. `previous`: the snapshot before this one of the same
   * place. Resolves when it is durable. Rejects with a `TreeError` that names what cannot be kept.
   */
  take(request: SnapshotRequest): Promise<Omit<TreeSnapshot, 'changed'>>;
  /**
   * Makes `target` exactly what it was, with private copies. Rejects with `BlobDamageError` when something of it is missing or
   * damaged.
   */
  restore(digest: Digest, target: string): Promise<void>;
  /** Whether all of it is there. */
  isWhole(digest: Digest): Promise<boolean>;
}

export interface SnapshotRequest {
  readonly root: string;
  readonly previous: Digest | null;
  readonly runId: string;
  readonly cell: string;
  readonly attempt: number;
  readonly step: string;
}

/**
 * Reports of test runners and scanners, kept as they were written: facts are read from them again whenever a gate is asked,
 * also by a policy that did not exist when they were made.
 */
export interface ReportArchive {
  /** Keeps the files (relative to `root`) of a cell. Said again for the same cell, the later ones count. */
  save(request: {
    readonly repository: string;
    readonly runId: string;
    readonly cell: string;
    readonly root: string;
    readonly files: readonly string[];
    readonly expiresAtMs: number;
  }): Promise<Digest>;
  /**
   * Keeps reports of an earlier run (a tree that `save` gave) for this one, too. false: some of them are not kept any more, and
   * nothing was done.
   */
  keepAgain(request: {
    readonly repository: string;
    readonly runId: string;
    readonly cell: string;
    readonly tree: Digest;
    readonly expiresAtMs: number;
  }): Promise<boolean>;
  /** The content of one report. null: there is none of that name. */
  open(digest: Digest, file: string): Promise<AsyncIterable<Uint8Array> | null>;
  /** Remembers what a job of a clean, trusted run of a commit reported: later changes are compared with it. The last one counts. */
  noteFacts(facts: FactsOfCommit): Promise<void>;
  /** What is remembered of a commit, by job. */
  factsOf(repository: string, commit: string): Promise<readonly FactsOfCommit[]>;
  /** Removes what has expired; returns how many records went. */
  expire(nowMs: number): Promise<number>;
}

/** The reports of one cell at one commit. */
export interface FactsOfCommit {
  readonly repository: string;
  readonly commit: string;
  readonly runId: string;
  readonly job: string;
  readonly cell: string;
  readonly reports: readonly ReportUse[];
  readonly tree: Digest;
  readonly expiresAtMs: number;
}

/** What a job or step was made of. Each field says why it is part of the key (work/fingerprint.ts). */
export interface Fingerprint {
  readonly digest: Digest;
  /** Field name to a short text or digest: what `sluice cache explain` compares. */
  readonly fields: Readonly<Record<string, string>>;
  /** Input path to the digest of its content, with `+x` behind it when it may be executed. */
  readonly inputs: Readonly<Record<string, string>>;
}

/** The files of a source as one run takes them: each is looked at once, whatever happens to it later. */
export interface InputFiles {
  /** Takes those that were not looked at yet. Large contents are read in slices. */
  look(paths: readonly string[]): Promise<void>;
  /** null: it is not there, or neither a file nor a link. undefined: it was not looked at. */
  get(path: string): InputFile | null | undefined;
  /** Whether it is still the file that was looked at, by size, times and inode. */
  isUnchanged(path: string): boolean;
  /** Remembers the digests for later runs, and forgets those of paths for which `isThere` is false. */
  save(isThere: (path: string) => boolean): void;
}

export interface InputFile {
  /** Of the content; of a link, of where it points. */
  readonly digest: Digest;
  readonly isExecutable: boolean;
  /** Of a link that stays inside: the path that it leads to. */
  readonly leadsTo: string | null;
}

/** What is known of work that was done before. */
export interface WorkRoom {
  /** The results that a run of the pipeline may take over, read at once: finding one costs no wait. */
  results(scope: CacheScope, pipeline: string): Promise<WorkResults>;
  /** `isLasting`: the folder is one of the user's, so that digests are worth remembering. */
  inputs(root: string, isLasting: boolean): InputFiles;
}

/** The results of one pipeline, for one run. */
export interface WorkResults {
  /** The result of work with this fingerprint. Whether its parts are whole is to be asked. */
  find(subject: string, fingerprint: Digest): WorkResult | null;
  /** Whether all contents that the result needs are kept. Known for recent results without a wait. */
  isWhole(result: WorkResult): boolean | Promise<boolean>;
  /** What the subject was last made of, found or done; null: nothing is known of it. */
  last(subject: string): Promise<Fingerprint | null>;
  /** A result was taken over: it is the subject's newest from now on. */
  used(subject: string, fingerprint: Fingerprint): void;
  /**
   * Stores the files that the work made. Resolves to what a result names them by, or to a sentence: there are none, or one holds
   * what must not be kept. `reveals` is asked for each path first; null: nothing is secret.
   */
  keepFiles(
    root: string,
    select: readonly string[],
    reveals: ((path: string) => Promise<boolean>) | null,
  ): Promise<KeptFiles | string>;
  /** Brings the files of a result below the folder, as private copies. Rejects with `BlobDamageError`. */
  bringFiles(files: KeptFiles, root: string): Promise<void>;
  /** Remembers a result. It is there for other runs after the next `save`. */
  add(subject: string, fingerprint: Fingerprint, result: WorkResult): void;
  /** Makes what is new durable; does nothing when nothing is. What other runs saved meanwhile stays. */
  save(): Promise<void>;
}

/** Files as a tree, and all blobs that hold it, so that asking whether it is whole needs no reading. */
export interface KeptFiles {
  readonly tree: Digest;
  readonly blobs: readonly Digest[];
}

export interface WorkResult {
  readonly fingerprint: Digest;
  /** Where the work was done. */
  readonly runId: string;
  readonly cell: string;
  readonly attempt: number;
  /** Logs of its steps, as they were shown, masked. They lie with the run that did the work. */
  readonly logs: readonly WorkLog[];
  /** null: none are declared. */
  readonly files: KeptFiles | null;
  /** Artifacts that the job kept: name and content. */
  readonly artifacts: readonly { readonly name: string; readonly digest: Digest }[];
  /** Output values. */
  readonly outputs: Readonly<Record<string, string>>;
  /** Of a step: what it left for later ones. */
  readonly exported?: {
    readonly variables: Readonly<Record<string, string>>;
    readonly path: readonly string[];
  };
  /** Of a job: what it reported, all of it readable; null and not there: nothing. */
  readonly reports?: { readonly uses: readonly ReportUse[]; readonly tree: Digest } | null;
  readonly durationMs: number;
  /** When it was done, by wall clock. */
  readonly doneAtMs?: number;
}

export interface WorkLog {
  readonly step: string;
  readonly try: number;
  readonly bytes: number;
  readonly lines: number;
}

/**
 * Keeps what is in use from being collected. Holding is local to the machine; it ends by `release`, or when the holder's process
 * is gone.
 */
export interface Holds {
  hold(digests: readonly Digest[]): Promise<() => Promise<void>>;
}

export interface Collector {
  /**
   * Removes references that are over their age or size limit, then blobs that no reference reaches, that nobody holds and that are older than
   * the grace period. Safe beside writers and readers, and when killed at any instant.
   */
  collect(limits: CollectLimits, nowMs: number): Promise<Collected>;
}

export interface CollectLimits {
  readonly cacheBytesMax: number;
  readonly cacheAgeMaxMs: number;
  /**
   * A blob younger than this is never removed. Long enough for a writer to get from its first blob to the record that keeps
   * it, and never below a minute beside writers: a blob's time of use is known to some seconds.
   */
  readonly graceMs: number;
}

export interface Collected {
  readonly references: number;
  readonly blobs: number;
  readonly bytes: number;
}
