import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { bytesContent, sha256, someText, storageContract } from '../../../../test/contract/blob.contract.ts';
import { TestClock } from '../../../../test/contract/store.contract.ts';
import { openFolderStorage } from './folder-storage.ts';
import { Layout } from './layout.ts';

const owners = { self: 'test:1', alive: () => true };

describe('folder storage', () => {
  storageContract(async (clock) => {
    const directory = mkdtempSync(join(tmpdir(), 'sluice-folder-'));
    const layout = new Layout(directory);
    return {
      storage: openFolderStorage({ directory, clock, owners }),
      stored: async (digest) => readFileSync(layout.blob(digest)),
      damage: async (digest, stored) => writeFileSync(layout.blob(digest), stored),
      damageReference: async (name, change) => {
        const path = layout.reference(name);
        writeFileSync(path, change(readFileSync(path, 'utf8')));
      },
      close: async () => rmSync(directory, { recursive: true }),
    };
  });
});

describe('the folder of a storage', () => {
  let directory: string;
  let clock: TestClock;

  beforeEach(() => {
    directory = join(mkdtempSync(join(tmpdir(), 'sluice-folder-')), 'cache');
    clock = new TestClock();
  });

  afterEach(() => {
    rmSync(join(directory, '..'), { recursive: true });
  });

  const open = () => openFolderStorage({ directory, clock, owners });

  it('is for this user only, all of it', async () => {
    const storage = open();
    await storage.blobs.putMany([bytesContent('a'), bytesContent(someText(9000))]);
    await storage.references.write('a/b', {});
    const other = execFileSync('find', [directory, '-perm', '/077'], { encoding: 'utf8' });
    expect(other).toBe('');
    await storage.close();
  });

  it('holds nothing but blobs and references when all is done', async () => {
    const storage = open();
    await storage.blobs.putMany(Array.from({ length: 30 }, (_, i) => bytesContent(`${i}`)));
    await storage.references.write('a/b', {});
    await storage.close();
    const files = execFileSync('find', [directory, '-type', 'f'], { encoding: 'utf8' }).trim().split('\n');
    expect(files).toHaveLength(31);
  });

  it('is read by another storage, by what was put when it resolved', async () => {
    const [first, second] = [open(), open()];
    await first.blobs.put(bytesContent('shared'));
    expect(await second.blobs.read(sha256('shared'))).toEqual(Buffer.from('shared'));
    await Promise.all([first, second].map((storage) => storage.blobs.put(bytesContent('both'))));
    await Promise.all([first.close(), second.close()]);
  });

  it('makes young what is stored again, asked for, or read', async () => {
    const storage = open();
    const { digest } = await storage.blobs.put(bytesContent('old'));
    const uses = [
      () => storage.blobs.put(bytesContent('old')),
      () => storage.blobs.has([digest]),
      () => storage.blobs.read(digest),
      () => storage.blobs.open(digest),
    ];
    for (const use of uses) {
      clock.pass(60_000);
      await use();
      for await (const blob of storage.blobs.list()) expect(blob.usedAtMs).toBe(clock.now());
    }
    await storage.close();
  });

  it('keeps a damaged blob aside for who looks for the cause', async () => {
    const storage = open();
    const { digest } = await storage.blobs.put(bytesContent('content'));
    const layout = new Layout(directory);
    writeFileSync(layout.blob(digest), 'rubbish');
    const error = await storage.blobs.read(digest).then(
      () => null,
      (reason: Error) => reason,
    );
    const place = /put aside as (.+)\.$/.exec(error!.message)![1]!;
    expect(readFileSync(place, 'utf8')).toBe('rubbish');
    expect(error!.message).toContain(digest);
    await storage.close();
  });

  it('names the folder and the way out when it cannot be written', async () => {
    writeFileSync(join(directory, '..', 'file'), '');
    const below = join(directory, '..', 'file', 'cache');
    expect(() => openFolderStorage({ directory: below, clock, owners })).toThrow(below);
  });
});
