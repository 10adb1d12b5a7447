import { writeSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import type { Digest } from '../../src/base/digest.ts';
import { openFolderStorage } from '../../src/cache/storage/folder/folder-storage.ts';
import { treeStore } from '../../src/cache/tree/tree-store.ts';
import { machineClock } from '../../src/machine/clock.ts';
import { machineOwners } from '../../src/machine/owners.ts';
import { machineRandom } from '../../src/machine/random.ts';

/*
 * Saves or restores until it is killed: `DATA save ROOT`, which says each saved digest, or `DATA restore TARGET DIGEST...`,
 * which brings the trees back in turn. Says `ready` first.
 */

const [data, verb, place, ...digests] = process.argv.slice(2) as [string, string, string, ...Digest[]];
const { blobs } = openFolderStorage({
  directory: join(data, 'storage'),
  clock: machineClock,
  owners: machineOwners(),
});
const trees = treeStore({ blobs, directory: join(data, 'tree'), clock: machineClock, random: machineRandom });
writeSync(1, 'ready\n');
for (let turn = 0; ; turn++) {
  if (verb === 'save') writeSync(1, `${(await trees.save({ root: place, select: ['.'] })).digest}\n`);
  else await trees.restore(digests[turn % digests.length]!, place, { exact: true });
}
