import {
  appendFileSync,
  chmodSync,
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  symlinkSync,
  unlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { RunSource } from '../../journal/run-event.ts';
import { type Workspace, Workspaces } from './workspace.ts';

let root: string;
let workspaces: Workspaces;
let source: RunSource;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'sluice-spare-'));
  const path = join(root, 'source');
  mkdirSync(path);
  writeFileSync(join(path, 'file'), 'as it was');
  source = {
    path,
    repository: 'example',
    branch: null,
    tag: null,
    commit: null,
    commitTimeMs: null,
    mode: 'tree',
    dirty: false,
  };
  workspaces = new Workspaces(join(root, 'workspaces'), join(root, 'data'));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

const open = (cell: string): Promise<Workspace> => workspaces.open('r1', source, cell, 1, false);
const inode = (workspace: Workspace): number => lstatSync(join(workspace.directory, 'file')).ino;

/** What a job may do to its workspace; each must keep the next job from getting it. */
const TRAPS: Readonly<Record<string, (workspace: Workspace) => void>> = {
  'a changed file of the same length': ({ directory }) => writeFileSync(join(directory, 'file'), 'AS IT WAS'),
  'a changed file with its old time': ({ directory }) => {
    const before = lstatSync(join(directory, 'file'));
    writeFileSync(join(directory, 'file'), 'AS IT WAS');
    utimesSync(join(directory, 'file'), before.atime, before.mtime);
  },
  'a longer file': ({ directory }) => appendFileSync(join(directory, 'file'), '!'),
  'a new file': ({ directory }) => writeFileSync(join(directory, '.npmrc'), 'x'),
  'a removed file': ({ directory }) => unlinkSync(join(directory, 'file')),
  'a link in place of the file': ({ directory }) => {
    unlinkSync(join(directory, 'file'));
    symlinkSync('/etc/passwd', join(directory, 'file'));
  },
  'a second name of the file elsewhere': ({ directory }) =>
    linkSync(join(directory, 'file'), join(root, 'kept')),
  'another mode of the file': ({ directory }) => chmodSync(join(directory, 'file'), 0o777),
  'another mode of the folder': ({ directory }) => chmodSync(directory, 0o777),
  'a file in its TMPDIR': ({ temporary }) => writeFileSync(join(temporary, 'x'), ''),
  'a file beside it': ({ folder }) => writeFileSync(join(folder, 'output-a'), ''),
  'a folder replaced by a link': ({ temporary }) => {
    rmSync(temporary, { recursive: true });
    symlinkSync('/tmp', temporary);
  },
};

describe('spare workspaces', () => {
  it('give the next job an untouched workspace at its own path', async () => {
    const first = await open('a');
    const before = inode(first);
    expect(await workspaces.remove('r1', first, true)).toBeNull();
    expect(existsSync(first.folder)).toBe(false);
    const second = await open('b');
    expect(inode(second)).toBe(before);
    expect(second.directory).toBe(join(root, 'workspaces/r1/b.1/work'));
    expect(readdirSync(second.directory)).toEqual(['file']);
  });

  for (const when of ['at once', 'later']) {
    for (const [name, trap] of Object.entries(TRAPS)) {
      it(`are not made of a workspace with ${name}, ${when}`, async () => {
        let workspace = await open('a');
        if (when === 'later') {
          // Time passes until a change is seen by its time alone.
          while (Date.now() - workspace.given!.givenMs < 12)
            await new Promise((resolve) => setTimeout(resolve, 2));
          await workspaces.remove('r1', workspace, true);
          workspace = await open('again');
        }
        trap(workspace);
        await workspaces.remove('r1', workspace, true);
        const next = await open('b');
        expect(readdirSync(next.directory)).toEqual(['file']);
        expect(readdirSync(next.temporary)).toEqual([]);
        expect(lstatSync(next.temporary).isDirectory()).toBe(true);
        expect(lstatSync(join(next.directory, 'file'))).toMatchObject({ nlink: 1, size: 9 });
        expect(lstatSync(join(next.directory, 'file')).mode & 0o777).toBe(
          lstatSync(join(source.path, 'file')).mode & 0o777,
        );
        expect(lstatSync(next.directory).mode & 0o777).not.toBe(0o777);
        expect(existsSync(workspace.folder)).toBe(false);
      });
    }
  }

  it('are not made where a process may be left', async () => {
    const first = await open('a');
    const before = inode(first);
    await workspaces.remove('r1', first, false);
    const second = await open('b');
    expect(existsSync(first.folder)).toBe(false);
    expect(readdirSync(join(root, 'workspaces/r1')).toSorted()).toEqual(['.source', 'b.1']);
    expect(before).toBeGreaterThan(0);
    expect(readdirSync(second.directory)).toEqual(['file']);
  });

  it('go with the run', async () => {
    await workspaces.remove('r1', await open('a'), true);
    await workspaces.releaseRun('r1');
    expect(readdirSync(join(root, 'workspaces'))).toEqual([]);
  });
});
