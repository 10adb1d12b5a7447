import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import type { Readable } from 'node:stream';
import { setTimeout } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readTree, writeTree } from '../../../test/support/tree-files.ts';
import type { Digest } from '../../base/digest.ts';
import { machineClock } from '../../machine/clock.ts';
import { machineOwners } from '../../machine/owners.ts';
import { machineRandom } from '../../machine/random.ts';
import { openFolderStorage } from '../storage/folder/folder-storage.ts';
import { isStaging } from './staging.ts';
import { treeStore } from './tree-store.ts';

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sluice-tree-kill-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const KILLS = 12;

function openTrees() {
  const storage = openFolderStorage({
    directory: join(folder, 'data/storage'),
    clock: machineClock,
    owners: machineOwners(),
  });
  return treeStore({
    blobs: storage.blobs,
    directory: join(folder, 'data/tree'),
    clock: machineClock,
    random: machineRandom,
  });
}

/** A tree whose every file tells its version: 200 small ones and a large one. */
function writeVersion(root: string, version: number): void {
  const files: Record<string, string> = { 'large/file': `version ${version} `.repeat(250_000) };
  for (let number = 0; number < 200; number++)
    files[`folder-${number % 7}/file-${number}`] = `version ${version} `.repeat(number);
  writeTree(root, files);
}

/** Kills the victim some milliseconds after it has begun; gives what it said. */
async function killedAfter(delayMs: number, ...args: string[]): Promise<string> {
  const script = new URL('../../../test/support/tree-victim.ts', import.meta.url).pathname;
  const child: ChildProcessByStdio<null, Readable, null> = spawn(
    process.execPath,
    [script, join(folder, 'data'), ...args],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  let said = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    said += text;
  });
  const closed = once(child, 'close');
  await once(child.stdout, 'data');
  // Not a wait for something to happen: the moment of the kill is what is varied.
  await setTimeout(delayMs);
  child.kill('SIGKILL');
  await closed;
  return said;
}

describe('a killed process', () => {
  it('leaves every restored file whole under its name', async () => {
    const trees = openTrees();
    const digests: Digest[] = [];
    const versions: Record<string, string>[] = [];
    for (const version of [1, 2]) {
      const root = join(folder, `root-${version}`);
      writeVersion(root, version);
      digests.push((await trees.save({ root, select: ['.'] })).digest);
      versions.push(readTree(root));
    }
    const target = join(folder, 'target');
    writeTree(target, {});
    for (let kill = 0; kill < KILLS; kill++) {
      await killedAfter(kill * 9, 'restore', target, ...digests);
      for (const [path, seen] of Object.entries(readTree(target)))
        if (!isStaging(path.split('/')[0]!)) expect(versions.map((version) => version[path])).toContain(seen);
    }
    await trees.restore(digests[0]!, target, { exact: true });
    expect(readTree(target)).toEqual(versions[0]);
  }, 60_000);

  it('leaves every tree whole that it had saved, and the rest to be saved again', async () => {
    const root = join(folder, 'root');
    writeVersion(root, 1);
    for (let kill = 0; kill < KILLS; kill++) {
      writeFileSync(join(root, 'changing'), `kill ${kill}`);
      const said = await killedAfter(kill * 9, 'save', root);
      const trees = openTrees();
      for (const digest of new Set(said.split('\n').slice(1, -1))) {
        const target = join(folder, `target-${kill}`);
        await trees.restore(digest as Digest, target);
        expect(readTree(target)).toEqual(readTree(root));
      }
    }
    const trees = openTrees();
    const { digest } = await trees.save({ root, select: ['.'] });
    await trees.restore(digest, join(folder, 'target'));
    expect(readTree(join(folder, 'target'))).toEqual(readTree(root));
  }, 60_000);
});
