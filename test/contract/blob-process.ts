import { createHash } from 'node:crypto';
import { writeSync } from 'node:fs';
import type { Digest } from '../../src/base/digest.ts';
import { openFolderCollector } from '../../src/cache/storage/folder/collector.ts';
import { openFolderStorage } from '../../src/cache/storage/folder/folder-storage.ts';
import { openFolderHolds } from '../../src/cache/storage/folder/holds.ts';
import { machineClock } from '../../src/machine/clock.ts';
import { machineOwners } from '../../src/machine/owners.ts';

/*
 * A process of its own on a folder storage, for the tests that need several: `node blob-process.ts <what> <folder> <name>
 * <count>`. It says on its standard output what it has done, a line each, after the storage has acknowledged it.
 */

const [what, directory, name, countText] = process.argv.slice(2) as [string, string, string, string];
const ports = { directory, clock: machineClock, owners: machineOwners() };
const storage = openFolderStorage(ports);
const count = Number(countText);
const say = (text: string) => writeSync(1, `${text}\n`);

/** Records older than this many contents are removed, so that the collector has something to do. */
const KEPT = 50;

/** Contents of many sizes; every third is one that other writers store as well. */
function content(i: number): Buffer {
  const shared = i % 3 === 0;
  const seed = createHash('sha256')
    .update(shared ? `shared ${i % 30}` : `${name} ${i}`)
    .digest();
  const sizes = [10, 3_000, 20_000, 150_000];
  return Buffer.alloc(sizes[i % sizes.length]!, seed.toString('hex'));
}

const bytes = (i: number) => ({ kind: 'bytes' as const, bytes: content(i) });
/** In the form of a tree manifest, so that the collector follows it. */
function manifest(packs: readonly Digest[]) {
  const text = JSON.stringify({ content: '0'.repeat(64), entries: [], packs, schemaVersion: 1 });
  return { kind: 'bytes' as const, bytes: Buffer.from(text) };
}

/** Stores groups of blobs with a record that keeps them, as trees do. */
async function put(): Promise<void> {
  for (let i = 0; i < count; i += 10) {
    const blobs = await storage.blobs.putMany(Array.from({ length: 10 }, (_, k) => bytes(i + k)));
    const packs = blobs.map(({ digest }) => digest);
    const { digest } = await storage.blobs.put(manifest(packs));
    await storage.references.write(`artifact/${name}/${i}`, { keeps: [digest] });
    say(`${i}`);
    if (i >= KEPT) await storage.references.remove(`artifact/${name}/${i - KEPT}`);
  }
}

/** Reads all that is kept, each under a hold, and says what was wrong. */
async function read(): Promise<void> {
  const holds = openFolderHolds(ports);
  for (let round = 0; round < count; round++) {
    for (const reference of await storage.references.list('artifact')) {
      const record = await storage.references.read(reference);
      if (record === null) continue;
      const [tree] = record.keeps as Digest[];
      const release = await holds.hold([tree!]);
      const text = await storage.blobs.read(tree!);
      const again = await storage.references.read(reference);
      if (text === null && again !== null) say(`the tree of ${reference} is missing`);
      if (text !== null && again !== null) {
        for (const pack of JSON.parse(Buffer.from(text).toString()).packs as Digest[]) {
          if ((await storage.blobs.read(pack)) === null) say(`a pack of ${reference} is missing`);
        }
      }
      await release();
    }
  }
  holds.close();
}

/** Collects as often as it can. */
async function collect(): Promise<void> {
  const collector = openFolderCollector(ports);
  const limits = { cacheBytesMax: 1e9, cacheAgeMaxMs: 1e12, graceMs: 60_000 };
  for (let round = 0; round < count; round++) {
    const { blobs } = await collector.collect(limits, machineClock.now());
    say(`collected ${blobs}`);
  }
  collector.close();
}

await { put, read, collect }[what]!();
await storage.close();
