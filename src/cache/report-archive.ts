import { digestOf } from '../base/digest.ts';
import type { JsonObject } from '../base/json.ts';
import type { ReferenceStore, ReportArchive, TreeStore } from './contract.ts';

const PREFIX = 'reports';
const RECORDS_MAX = 1_000_000;

/** Reports over the trees and records of a storage. */
export function reportArchive(options: {
  readonly references: ReferenceStore;
  readonly trees: TreeStore;
}): ReportArchive {
  const { references, trees } = options;
  return {
    async save({ repository, runId, cell, root, files, expiresAtMs }) {
      const { digest } = await trees.save({ root, select: files.map(literal) });
      const name = `${PREFIX}/${digestOf(repository).slice(0, 32)}/${runId}/${digestOf(cell).slice(0, 32)}`;
      const record = { schemaVersion: 1, keeps: [digest], expiresAtMs } satisfies JsonObject;
      await references.write(name, record);
      return digest;
    },
    open: (digest, file) => trees.open(digest, file),
    async expire(nowMs) {
      let count = 0;
      for (const name of await references.list(PREFIX, RECORDS_MAX)) {
        const expiresAtMs = (await references.read(name))?.expiresAtMs;
        if (typeof expiresAtMs !== 'number' || expiresAtMs > nowMs) continue;
        await references.remove(name);
        count += 1;
      }
      return count;
    },
  };
}

/** A path that is no exclusion, whatever it begins with. */
function literal(path: string): string {
  return `./${path}`;
}
