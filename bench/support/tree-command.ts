import { rmSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import type { Digest } from '../../src/base/digest.ts';
import { openFolderStorage } from '../../src/cache/storage/folder/folder-storage.ts';
import { treeStore } from '../../src/cache/tree/tree-store.ts';
import { machineClock } from '../../src/machine/clock.ts';
import { machineOwners } from '../../src/machine/owners.ts';
import { machineRandom } from '../../src/machine/random.ts';

/* One use of the tree store as a process of its own: `DATA digest-cold|digest ROOT`, `DATA restore DIGEST TARGET`. */

const [data, verb, first, second] = process.argv.slice(2) as [string, string, string, string];
if (verb === 'digest-cold') rmSync(join(data, 'tree'), { recursive: true, force: true });
const storage = openFolderStorage({
  directory: join(data, 'storage'),
  clock: machineClock,
  owners: machineOwners(),
});
const trees = treeStore({
  blobs: storage.blobs,
  directory: join(data, 'tree'),
  clock: machineClock,
  random: machineRandom,
});
if (verb === 'restore') await trees.restore(first as Digest, second);
else await trees.digestFiles(first, ['.', '!.git']);
await storage.close();
