import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { TestClock } from '../../../test/contract/store.contract.ts';
import { anEvent, messages } from '../../../test/contract/store-event.ts';
import { needs } from '../../../test/support/require.ts';
import { openSqliteStore } from './sqlite-store.ts';

const BALLAST_BYTES = 1024 * 1024;
/** One event is larger than what is left of the disk, and several transactions of one batch fail together. */
const TEXT = 'x'.repeat(20_000);

describe('the store on a full disk', () => {
  const disk = mkdtempSync(join(tmpdir(), 'sluice-store-full-'));
  const ballast = join(disk, 'ballast');
  let mounted = false;

  beforeEach((context) => {
    mkdirSync(disk, { recursive: true });
    try {
      execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=6m', 'tmpfs', disk], { stdio: 'ignore' });
      mounted = true;
    } catch {
      // Below, with its name.
    }
    needs(context, 'the right to mount a file system', mounted, 'run the tests as root');
  });

  afterEach(() => {
    if (mounted) execFileSync('umount', ['-l', disk]);
    mounted = false;
    rmSync(disk, { recursive: true, force: true });
  });

  const open = (makeRoom?: () => boolean) =>
    openSqliteStore(join(disk, 'journal.db'), { clock: new TestClock() }, makeRoom ? { makeRoom } : {});

  function fill(): void {
    const { bavail, bsize } = statfsSync(disk);
    writeFileSync(join(disk, 'filler'), Buffer.alloc(bavail * bsize, 1));
  }

  it('goes on with the same transactions when room is made, in their order', async () => {
    writeFileSync(ballast, Buffer.alloc(BALLAST_BYTES, 1));
    let freed = 0;
    const store = await open(() => {
      if (!existsSync(ballast)) return false;
      rmSync(ballast);
      freed++;
      return true;
    });
    await store.journal.append('run/a', 0, [anEvent('first')]);
    fill();
    const appends = Array.from({ length: 10 }, (_, i) =>
      store.journal.append('run/a', i + 1, [anEvent(`${i} ${TEXT}`)]),
    );
    // More than a slice of one append, which begins anew with its first event.
    const many = Array.from({ length: 1500 }, (_, i) => anEvent(`${i}`));
    await Promise.all([...appends, store.journal.append('run/b', 0, many)]);
    expect(freed).toBe(1);
    const told = messages(await store.journal.read('run/a'));
    expect(told.map((text) => text.split(' ')[0])).toEqual([
      'first',
      ...Array.from({ length: 10 }, (_, i) => `${i}`),
    ]);
    expect(await store.journal.head('run/b')).toBe(1500);
    expect(await store.journal.verify()).toEqual([]);
    await store.close();
  });

  it('opens with what is given back, where nothing is left for what SQLite shares', async () => {
    const before = await open();
    await before.journal.append('run/a', 0, [anEvent('first')]);
    await before.close();
    writeFileSync(ballast, Buffer.alloc(BALLAST_BYTES, 1));
    fill();
    const refusal = await open().catch((error: unknown) => error);
    expect(refusal).toMatchObject({ name: 'UserError', exitCode: 3 });
    expect(String((refusal as Error).message)).toContain('the disk is full');
    const store = await open(() => {
      rmSync(ballast);
      return true;
    });
    await store.journal.append('run/a', 1, [anEvent('second')]);
    expect(messages(await store.journal.read('run/a'))).toEqual(['first', 'second']);
    await store.close();
  });

  it('refuses with the way out when there is nothing to give back, and loses nothing that it acknowledged', async () => {
    const store = await open();
    await store.journal.append('run/a', 0, [anEvent('first')]);
    fill();
    let acknowledged = 1;
    let refusal: unknown = null;
    while (refusal === null) {
      await store.journal.append('run/a', acknowledged, [anEvent(TEXT)]).then(
        () => acknowledged++,
        (error: unknown) => {
          refusal = error;
        },
      );
    }
    expect(refusal).toMatchObject({ name: 'UserError', exitCode: 3 });
    expect(String((refusal as Error).message)).toContain('the disk is full');
    expect(await store.journal.head('run/a')).toBe(acknowledged);
    await store.close();
    rmSync(join(disk, 'filler'));
    const again = await open();
    expect(await again.journal.verify()).toEqual([]);
    await again.journal.append('run/a', acknowledged, [anEvent('after')]);
    expect(messages(await again.journal.read('run/a', acknowledged))).toEqual(['after']);
    await again.close();
  });
});
