import { type Digest, digestOf } from '../base/digest.ts';
import type { JsonObject } from '../base/json.ts';
import type { FactsOfCommit, ReferenceStore, ReportArchive, TreeStore } from './contract.ts';

const PREFIX = 'reports';
const RECORDS_MAX = 1_000_000;

interface OfCell {
  readonly repository: string;
  readonly runId: string;
  readonly cell: string;
  readonly expiresAtMs: number;
}

/** Reports over the trees and records of a storage. */
export function reportArchive(options: {
  readonly references: ReferenceStore;
  readonly trees: TreeStore;
}): ReportArchive {
  const { references, trees } = options;

  async function keep({ repository, runId, cell, expiresAtMs }: OfCell, tree: Digest): Promise<void> {
    const name = `${folderOf(repository)}/${runId}/${digestOf(cell).slice(0, 32)}`;
    const record = { schemaVersion: 1, keeps: [tree], expiresAtMs } satisfies JsonObject;
    await references.write(name, record);
  }

  return {
    async save({ root, files, ...cell }) {
      const { digest } = await trees.save({ root, select: files.map(literal) });
      await keep(cell, digest);
      return digest;
    },
    async keepAgain({ tree, ...cell }) {
      // Asking makes the blobs young, so that none is collected before the record is written.
      if (!(await trees.isWhole(tree))) return false;
      await keep(cell, tree);
      return true;
    },
    open: (digest, file) => trees.open(digest, file),
    async noteFacts(facts) {
      const { repository, commit, cell, tree, expiresAtMs } = facts;
      const record = {
        schemaVersion: 1,
        keeps: [tree],
        expiresAtMs,
        facts: facts as unknown as JsonObject,
      } satisfies JsonObject;
      await references.write(`${commitFolder(repository, commit)}/${digestOf(cell).slice(0, 32)}`, record);
    },
    async factsOf(repository, commit) {
      const found: FactsOfCommit[] = [];
      for (const name of (await references.list(commitFolder(repository, commit))).toSorted()) {
        const record = await references.read(name);
        if (record?.facts) found.push(record.facts as unknown as FactsOfCommit);
      }
      return found;
    },
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

function folderOf(repository: string): string {
  return `${PREFIX}/${digestOf(repository).slice(0, 32)}`;
}

/** Beside the folders of runs, whose ids never begin so. */
function commitFolder(repository: string, commit: string): string {
  return `${folderOf(repository)}/commit-${commit}`;
}

/** A path that is no exclusion, whatever it begins with. */
function literal(path: string): string {
  return `./${path}`;
}
