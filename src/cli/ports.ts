import type { Checked } from '../base/diagnostic.ts';
import type { Clock } from '../base/port.ts';
import type { Client, FailedPlace } from '../client/contract.ts';
import type { RunSource } from '../journal/run-event.ts';
import type { ForeignName, ForeignWorkflows } from '../pipeline/github/foreign.ts';
import type { SourceFiles } from '../pipeline/native/include.ts';
import type { Plan } from '../pipeline/plan.ts';
import type { SecretFiles, SecretStore } from '../secret/contract.ts';

/**
 * What the command line needs of the world. main.ts joins it to the real one, tests to a scripted one.
 * Whatever a person can act on is thrown as `UserError`.
 */
export interface CliPorts {
  readonly version: string;
  readonly out: Output;
  readonly err: Output;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Absolute. */
  readonly cwd: string;
  readonly cores: number;
  readonly clock: Clock;
  readonly files: CliFiles;
  readonly machine: Machine;
  /** Called at most once, and only by verbs that need it. */
  /** `drives`: runs will be driven, so what that takes is opened at once, beside the rest. */
  openClient(settings: ClientSettings, drives: boolean): Promise<Client>;
  /** Bytes to standard output, no quicker than their reader takes them. Resolves early when the reader goes away. */
  pour(chunks: AsyncIterable<Uint8Array>): Promise<void>;
  /** Git's facts about the repository at `cwd`: the tree as it lies there, or, when `commit` names one, exactly that commit. */
  repository(commit: string | null): Promise<RunSource>;
  /** What the source changed against its past, for path filters; null when that cannot be told. */
  changedPaths(source: RunSource): Promise<readonly string[] | null>;
  /** What a file of the source was called in the commit, when it was renamed since; null when not. */
  renamedFrom(source: RunSource, commit: string, path: string): Promise<string | null>;
  /** Calls `use` with a folder that has the files of the source's commit, for as long as it takes. */
  inTreeOf<T>(source: RunSource, use: (path: string) => Promise<T>): Promise<T>;
  /** The files that a pipeline may be read from, as they are in the source's tree or commit. */
  readSources(source: RunSource): Sources;
  /** Where secrets are kept: this user's store, and the age files of the repository at `cwd`. */
  secrets(settings: ClientSettings): Promise<SecretPlaces>;
  /** Actions of others that workflows name: what is pinned, and where they are. */
  actions(settings: ClientSettings): Promise<ActionPlaces>;
  /** A secret value from standard input, without showing it; in a terminal after the prompt. */
  readSecret(prompt: string): Promise<string>;
  readonly planCache: PlanCache;
  /** Reads GitHub workflows; loaded when there is one. */
  openWorkflowReader(): Promise<WorkflowReader>;
  /** Holds what Sluice keeps on this machine to its limits. */
  upkeep(settings: ClientSettings): Promise<UpkeepReport>;
  /** What a `sluice.ts` exports. `path` is absolute. */
  loadModule(path: string): Promise<unknown>;
  /** An interactive shell on this terminal; resolves when the person leaves it. */
  openShell(place: FailedPlace): Promise<void>;
  /** Calls back at each change of a file below `path` that git does not ignore. Returns the function that ends it. */
  watchFiles(path: string, onChange: () => void): () => void;
  /** Calls back at each SIGINT, SIGTERM and SIGHUP instead of ending the process. Returns the function that ends it. */
  onInterrupt(listener: (signal: string) => void): () => void;
}

export interface WorkflowReader {
  loadWorkflow(path: string, files: SourceFiles, foreign?: ForeignWorkflows): Checked<Plan>;
  /** The file alone, in which calls of workflows are single jobs. */
  loadCaller(path: string, files: SourceFiles): Checked<Plan>;
}

/** Paths are tops of repositories. Rejects with `UserError` for what a person can repair. */
export interface ActionPlaces {
  list(path: string): Promise<readonly PinnedAction[]>;
  /** Where it would come from without asking a server; null: from nowhere. */
  whereIs(path: string, repository: string, ref: string): Promise<string | null>;
  /**
   * A workflow of another repository, pinned like an action. Rejects with a `UserError` when it cannot be had.
   * `source`: whose lock file says which commit is meant; of one with a base that of the base.
   */
  workflow(
    source: RunSource,
    name: ForeignName,
  ): Promise<{ readonly content: Uint8Array; readonly warnings: readonly string[] }>;
  /** Looks anew what names mean, all pinned ones when none is given, and pins that. `before`, `after`: commits or contents. */
  update(
    path: string,
    names: readonly string[],
  ): Promise<readonly { readonly name: string; readonly before: string | null; readonly after: string }[]>;
}

export interface PinnedAction {
  readonly repository: string;
  readonly ref: string;
  /** null: a plain folder of a mirror. */
  readonly commit: string | null;
  readonly content: string;
  readonly kind: 'commit' | 'tag' | 'branch' | 'folder';
  /** Its files are kept on this machine. */
  readonly isHere: boolean;
  /** What a mirror says that the name means now, when it is something else. */
  readonly movedTo: string | null;
}

export interface SecretPlaces {
  readonly store: SecretStore;
  readonly files: SecretFiles;
  /** Throws `UserError` when a secret or an environment may not be called so; before a value is asked for. */
  check(name: string, environment: string | null): void;
}

/** What went, and what a person should see: parts that could not be done, folders that nobody owns. */
export interface UpkeepReport {
  readonly artifacts: number;
  readonly cacheEntries: number;
  readonly contents: number;
  /** Runs whose logs went. */
  readonly logs: number;
  readonly scratch: number;
  /** On the disk, of all that went. */
  readonly bytes: number;
  readonly told: readonly string[];
}

/** A folder for plans that need not be made again. Losing it, or a part of it, costs only time. */
export interface PlanCache {
  /** Names this program's code: a plan of other code is not used. */
  version(): string;
  read(key: string, settings: ClientSettings): Promise<string | null>;
  write(key: string, text: string, settings: ClientSettings): Promise<void>;
}

export interface Sources extends SourceFiles {
  /** Names in a folder of the repository, folders with a `/` at the end, sorted; empty when there is none. */
  list(folder: string): readonly string[];
}

/** `process.stdout` and `process.stderr` are such. */
export interface Output {
  write(text: string): unknown;
  /** Who reads it may go away (`sluice logs | head`); that is then told here, once for each write. */
  on?(event: 'error', listener: (error: Error) => void): unknown;
  readonly isTTY?: boolean;
  /** Size of the terminal; undefined when it is none. */
  readonly columns?: number;
  readonly rows?: number;
}

export interface ClientSettings {
  /** Where Sluice keeps its data; null for the user's data folder. */
  readonly home: string | null;
  /** Where workspaces of jobs are made; null for a place below `home`. */
  readonly workspace: string | null;
}

/** Paths are absolute. */
export interface CliFiles {
  /** null when there is no such file. */
  read(path: string): Promise<string | null>;
  /** The bytes of a file as they are read; `UserError` when there is none or it cannot be read. */
  chunks(path: string): AsyncIterable<Uint8Array>;
  /** Creates folders on the way. */
  write(path: string, text: string): Promise<void>;
  /** Names in a folder, folders with a `/` at the end, sorted; empty when there is none. */
  list(path: string): Promise<readonly string[]>;
}

/** What `doctor` asks about this machine. */
export interface Machine {
  /** Where PATH has the program, or null. */
  which(program: string): Promise<string | null>;
  /** What the program says of its version, or null when it is not there. */
  version(program: string): Promise<string | null>;
  /** One sentence: how jobs are kept apart here and how their processes are ended. */
  isolation(): Promise<string>;
  /** What runs containers here: `Docker 28.2.2`; else why nothing does, and the way out. */
  containers(): Promise<{ readonly engine: string | null; readonly problem: string }>;
  /** Where the store lies and what is wrong with it. */
  store(settings: ClientSettings): Promise<{ readonly path: string; readonly damage: readonly string[] }>;
  sandbox(): Promise<SandboxHealth>;
  /** Of caches and artifacts. */
  storage(settings: ClientSettings): Promise<StorageHealth>;
}

/** What the ways out of the sandbox came to that were tried. */
export interface SandboxHealth {
  readonly probes: number;
  /** What a job in it could do that it must not, one sentence each. */
  readonly leaks: readonly string[];
  /** Why there is no sandbox on this machine; null: there is one. */
  readonly why: string | null;
}

export interface StorageHealth {
  readonly path: string;
  /** As stored. */
  readonly bytes: number;
  readonly freeBytes: number;
  /** Why it cannot be used; null: it can. */
  readonly why: string | null;
}
