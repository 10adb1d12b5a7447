import { digestOf } from '../base/digest.ts';
import type { Clock } from '../base/port.ts';
import type { ReferenceStore, Snapshots, TreeStore } from './contract.ts';

export interface SnapshotsOptions {
  readonly references: ReferenceStore;
  readonly trees: TreeStore;
  readonly clock: Clock;
}

/** Records below it may be removed by the collector, the one used longest ago first. */
const PREFIX = 'cache/snapshot';

/** Snapshots of workspaces over the trees and records of a storage. */
export function snapshots({ references, trees, clock }: SnapshotsOptions): Snapshots {
  return {
    async take({ root, previous, runId, cell, attempt, step }) {
      const { digest, leftOut } = await trees.snapshot(root, previous);
      const name = `${PREFIX}/${partOf(runId)}/${partOf(cell)}.${attempt}/${partOf(step)}`;
      const takenAtMs = clock.now();
      await references.write(name, { schemaVersion: 1, keeps: [digest], runId, cell, step, takenAtMs });
      return { digest, leftOut };
    },
    async restore(digest, target) {
      await trees.restore(digest, target, { exact: true, links: 'any' });
    },
    isWhole: (digest) => trees.isWhole(digest),
  };
}

/** Any text as a part of a record's name. */
function partOf(text: string): string {
  return /^[A-Za-z0-9_-]{1,64}$/.test(text) ? text : `${digestOf(text).slice(0, 32)}~`;
}
