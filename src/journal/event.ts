import type { Digest } from '../base/digest.ts';
import type {
  DeploymentAskedEvent,
  DeploymentEvent,
  EnvironmentEvent,
  ReleaseEvent,
} from './deployment-event.ts';
import type { GateEvent } from './gate-event.ts';
import type { RunEvent } from './run-event.ts';

/** Who did it: a person or program by account id, never by a git author's name. */
export interface Actor {
  readonly kind: 'person' | 'controller' | 'runner' | 'agent' | 'trigger';
  readonly id: string;
}

export type Trust = 'trusted' | 'untrusted';

/** What an event is about, where it applies. */
export interface Subject {
  readonly repository?: string;
  readonly commit?: string;
  readonly commitTimeMs?: number;
  readonly service?: string;
  readonly environment?: string;
  readonly artifactDigest?: Digest;
  readonly trust?: Trust;
  readonly traceId?: string;
}

/** An event as its author hands it in; the store adds stream, sequence, position and the hash chain. */
export interface NewEvent<T extends { readonly type: string } = JournalEvent> {
  readonly schemaVersion: 1;
  readonly at: number;
  readonly actor: Actor;
  /** The `stream#sequence` of the event that led to this one, when there is one. */
  readonly cause?: string;
  readonly subject?: Subject;
  readonly body: T;
}

/** An event with its place in the journal: what folds read. */
export interface PlacedEvent<T extends { readonly type: string } = JournalEvent> extends NewEvent<T> {
  readonly stream: string;
  /** Counts from 1 in each stream, without gaps. */
  readonly sequence: number;
}

/** An event as it stands in the journal. */
export interface StoredEvent<T extends { readonly type: string } = JournalEvent> extends PlacedEvent<T> {
  /** SHA-256 over the previous event's hash, the stream, the sequence and the event's JSON text as it is stored (store/chain.ts). */
  readonly hash: Digest;
}

/** Every event there is. Each room's events are a union of their own; a new room adds its union here. */
export type JournalEvent =
  | RunEvent
  | GroupEvent
  | WorkflowEvent
  | GateEvent
  | DeploymentEvent
  | DeploymentAskedEvent
  | ReleaseEvent
  | EnvironmentEvent;

/** What happens in a concurrency group, which several runs share. */
export type GroupEvent =
  /** A run (or cell) asks for the group. It holds the group when every earlier request that was not released is gone. */
  | {
      readonly type: 'group.requested';
      readonly holder: string;
      readonly policy: 'queue' | 'newest-wins' | 'cancel-running' | 'never-cancel';
    }
  /** The holder, or one that waited, is done with the group. */
  | {
      readonly type: 'group.released';
      readonly holder: string;
      readonly reason: 'finished' | 'superseded' | 'cancelled' | 'owner-gone';
    };

/** What happens to one workflow of a repository: the sequence of the event is the number of the run. */
export type WorkflowEvent = { readonly type: 'workflow.counted'; readonly runId: string };
