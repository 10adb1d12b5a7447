import { execFileSync } from 'node:child_process';
import {
  appendFileSync,
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { realClock, realRandom } from '../../test/support/job-rig.ts';
import { snapshots } from './snapshots.ts';
import { openMemoryStorage } from './storage/memory-storage.ts';
import { treeStore } from './tree/tree-store.ts';

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sluice-snapshots-'));
  mkdirSync(join(folder, 'work'));
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

function setUp() {
  const { blobs, references } = openMemoryStorage(realClock);
  const trees = treeStore({ blobs, directory: join(folder, 'trees'), clock: realClock, random: realRandom });
  const root = join(folder, 'work');
  const place = { root, previous: null, runId: 'r1', cell: 'a (n: 1)', attempt: 1, step: 'one' };
  return { kept: snapshots({ references, trees, clock: realClock }), references, root, place };
}

describe('snapshots', () => {
  it('keep what a step left under a record that the collector may remove', async () => {
    const { kept, references, root, place } = setUp();
    writeFileSync(join(root, 'file'), 'one');
    const { digest } = await kept.take(place);
    const [name] = await references.list('cache/snapshot');
    expect(name).toMatch(/^cache\/snapshot\/r1\/[0-9a-f]{32}~\.1\/one$/);
    expect(await references.read(name!)).toMatchObject({ keeps: [digest], cell: 'a (n: 1)', step: 'one' });
    expect(await kept.isWhole(digest)).toBe(true);
  });

  it('bring back private copies: what is done to them changes nothing that is kept', async () => {
    const { kept, root, place } = setUp();
    writeFileSync(join(root, 'file'), 'one', { mode: 0o640 });
    const { digest } = await kept.take(place);
    const target = join(folder, 'back');
    for (const spoil of [
      (path: string) => appendFileSync(path, ' two'),
      (path: string) => truncateSync(path),
      (path: string) => chmodSync(path, 0o777),
    ]) {
      await kept.restore(digest, target);
      expect(readFileSync(join(target, 'file'), 'utf8')).toBe('one');
      expect(statSync(join(target, 'file')).mode & 0o777).toBe(0o640);
      spoil(join(target, 'file'));
    }
  });

  it('remove what was not there, and name what cannot be kept', async () => {
    const { kept, root, place } = setUp();
    writeFileSync(join(root, 'file'), 'one');
    execFileSync('mkfifo', [join(root, 'pipe')]);
    const { digest, leftOut } = await kept.take(place);
    expect(leftOut).toEqual(['pipe']);
    writeFileSync(join(root, 'more'), '');
    await kept.restore(digest, root);
    expect(execFileSync('ls', [root], { encoding: 'utf8' })).toBe('file\n');
  });
});
