import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { bytesContent } from '../../../../test/contract/blob.contract.ts';
import { TestClock } from '../../../../test/contract/store.contract.ts';
import { needs } from '../../../../test/support/require.ts';
import type { Digest } from '../../../base/digest.ts';
import { StorageError } from '../../contract.ts';
import { openFolderCollector } from './collector.ts';
import { openFolderStorage } from './folder-storage.ts';
import { openFolderHolds } from './holds.ts';

const owners = { self: 'test:1', alive: () => true };

describe('a storage on a full disk', () => {
  const disk = mkdtempSync(join(tmpdir(), 'sluice-full-'));
  const directory = join(disk, 'cache');
  let mounted = false;

  beforeEach((context) => {
    mkdirSync(disk, { recursive: true });
    try {
      execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=3m', 'tmpfs', disk], { stdio: 'ignore' });
      mounted = true;
    } catch {
      // Below, with its name.
    }
    needs(context, 'the right to mount a file system', mounted, 'run the tests as root');
  });

  afterEach(() => {
    // Lazily: a test that failed may have left a file open.
    if (mounted) execFileSync('umount', ['-l', disk]);
    mounted = false;
    rmSync(disk, { recursive: true, force: true });
  });

  it('says so and how to go on, keeps what it has, and takes more once there is room', async () => {
    const clock = new TestClock();
    const storage = openFolderStorage({ directory, clock, owners });
    const holds = openFolderHolds({ directory, clock, owners });
    const kept: Digest[] = [];
    let failure: unknown = null;
    const fill = async (size: number) => {
      failure = null;
      for (let i = 0; i < 1000 && failure === null; i++) {
        await storage.blobs.put(bytesContent(randomBytes(size))).then(
          ({ digest }) => kept.push(digest),
          (reason) => {
            failure = reason;
          },
        );
      }
      return failure;
    };
    // Down to the last block.
    for (const size of [400_000, 30_000, 1_000]) {
      expect(await fill(size)).toBeInstanceOf(StorageError);
      expect(failure).toMatchObject({ code: 'full' });
      expect((failure as unknown as Error).message).toContain(directory);
      expect((failure as unknown as Error).message).toContain('Free space');
    }
    const chunks = (async function* () {
      for (let i = 0; i < 100; i++) yield randomBytes(100_000);
    })();
    for (const action of [
      () => storage.blobs.put({ kind: 'stream', chunks }),
      () => storage.blobs.putMany([1, 2, 3].map((i) => bytesContent(`${i}`.repeat(5000)))),
      () => storage.references.write('artifact/x', { keeps: kept }),
      () => holds.hold(kept),
    ]) {
      await expect(action()).rejects.toMatchObject({ code: 'full' });
    }

    for (const digest of kept) expect(await storage.blobs.read(digest)).not.toBeNull();
    expect(await storage.references.list('')).toEqual([]);
    expect(readdirSync(join(directory, 'partial/test%3A1'))).toEqual([]);

    // The way out needs no room itself.
    clock.pass(3_600_000);
    const collector = openFolderCollector({ directory, clock, owners });
    const limits = { cacheBytesMax: 0, cacheAgeMaxMs: 0, graceMs: 60_000 };
    expect((await collector.collect(limits, clock.now() + 3_600_000)).blobs).toBe(kept.length);
    expect((await storage.blobs.put(bytesContent(randomBytes(400_000)))).addedBytes).toBeGreaterThan(0);
    collector.close();
    holds.close();
    await storage.close();
  });
});
