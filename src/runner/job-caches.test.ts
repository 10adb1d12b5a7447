import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type JobRig, job, jobRig, realClock, realRandom, step } from '../../test/support/job-rig.ts';
import { PLACE } from '../../test/support/plan.ts';
import { noRooms } from '../../test/support/rooms.ts';
import { directoryCaches } from '../cache/directory-caches.ts';
import { openMemoryStorage } from '../cache/storage/memory-storage.ts';
import { treeStore } from '../cache/tree/tree-store.ts';
import { scriptedMachine, succeed } from '../executor/scripted.ts';
import type { DirectoryCache } from '../pipeline/plan-cache.ts';

describe('the caches of a job', () => {
  let rig: JobRig;
  beforeEach(() => {
    const { blobs, references } = openMemoryStorage(realClock);
    rig = jobRig(
      scriptedMachine(({ directory }) => {
        writeFileSync(join(directory, 'deps'), 'made');
        return succeed;
      }).executor(),
      {
        rooms: {
          ...noRooms,
          caches: async () => {
            const directory = join(rig.root, 'trees');
            const trees = treeStore({ blobs, directory, clock: realClock, random: realRandom });
            return directoryCaches({ references, trees, clock: realClock, random: realRandom });
          },
        },
      },
    );
  });
  afterEach(() => rig.remove());

  const cache: DirectoryCache = {
    key: 'npm',
    keyFiles: ['*.lock'],
    restoreKeys: ['npm-'],
    paths: ['deps'],
    readonly: false,
    place: PLACE,
  };
  /** In a run of its own, which takes the source anew. */
  const uses = async (run: number) => {
    const report = await rig.perform(job([step('a', 'true')], { caches: [cache] }), { runId: `r${run}` });
    return (report.extras?.caches ?? []).map(({ key, action }) => `${action} ${key}`);
  };

  it('are kept under a key with the hash of its files', async () => {
    writeFileSync(join(rig.source, 'a.lock'), '1');
    const [missed, saved] = await uses(1);
    expect(missed).toMatch(/^missed npm-[0-9a-f]{16}$/);
    expect(saved).toBe(missed!.replace('missed', 'saved'));
    expect(await uses(2)).toEqual([
      missed!.replace('missed', 'restored'),
      missed!.replace('missed', 'not-saved'),
    ]);
    writeFileSync(join(rig.source, 'a.lock'), '2');
    const [restored, again] = await uses(3);
    expect(restored).toMatch(/^restored npm-/);
    expect(again).toBe(restored!.replace('restored', 'saved'));
    expect(again).not.toBe(saved);
  });

  it('without a file that makes the key are told, and the job does not begin', async () => {
    const report = await rig.perform(job([step('a', 'true')], { caches: [cache] }));
    expect(report).toMatchObject({
      outcome: 'errored',
      cause: { kind: 'invalid', message: 'cache npm: no file matches `key_files` *.lock' },
    });
  });
});
