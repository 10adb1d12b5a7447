import type { ArtifactStore } from '../artifact/contract.ts';
import type { DirectoryCaches, ReportArchive, Snapshots, WorkRoom } from '../cache/contract.ts';
import type { Executor, ServiceHost } from '../executor/contract.ts';
import type { ActionSource, ChangeReader } from '../forge/contract.ts';
import type { Trust } from '../journal/event.ts';

/**
 * What few jobs ask for, opened when the first one does. Each rejects with a `UserError` when this machine cannot give it;
 * the job then ends `errored` with that sentence. Asked again, the same one comes back.
 */
export interface RunnerRooms {
  /** For an untrusted run only one that has proven that it holds. */
  executor(kind: 'sandbox' | 'docker', trust: Trust): Promise<Executor>;
  serviceHost(): Promise<ServiceHost>;
  caches(): Promise<DirectoryCaches>;
  artifacts(): Promise<ArtifactStore>;
  work(): Promise<WorkRoom>;
  snapshots(): Promise<Snapshots>;
  reports(): Promise<ReportArchive>;
  changes(): Promise<ChangeReader>;
  actions(): Promise<ActionSource>;
  /** Of the executors above those that may hold something of an earlier owner. */
  leftBehind(): Promise<readonly Executor[]>;
}
