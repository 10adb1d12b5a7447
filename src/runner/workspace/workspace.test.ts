import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { RunSource } from '../../journal/run-event.ts';
import { removeTree } from './remove-tree.ts';
import { takeSource } from './source-tree.ts';
import { type Workspace, Workspaces } from './workspace.ts';

let root: string;
let source: string;
let workspaces: Workspaces;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'sluice-workspace-'));
  source = join(root, 'source');
  mkdirSync(source);
  workspaces = new Workspaces(join(root, 'workspaces'), join(root, 'data'));
});
afterEach(async () => {
  await removeTree(root, join(tmpdir(), 'sluice-quarantine'));
});

function put(path: string, text: string, mode = 0o644): void {
  const file = join(source, path);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
  chmodSync(file, mode);
}

function git(...words: string[]): string {
  const identity = ['-c', 'user.name=T', '-c', 'user.email=t@example.com', '-c', 'init.defaultBranch=main'];
  return execFileSync('git', ['-C', source, ...identity, ...words], { encoding: 'utf8' }).trim();
}

function sourceOf(mode: 'tree' | 'commit', commit: string | null = null): RunSource {
  return {
    path: source,
    repository: 'https://***@example.com/x',
    branch: 'main',
    tag: null,
    commit,
    commitTimeMs: null,
    mode,
    dirty: false,
  };
}

function committed(): string {
  git('init', '-q');
  git('add', '-A');
  git('commit', '-q', '-m', 'first');
  return git('rev-parse', 'HEAD');
}

const open = (from: RunSource, cell = 'build', resumed = false): Promise<Workspace> =>
  workspaces.open('r1', from, cell, 1, resumed);

/** Every file and link below a folder, without following links. */
function files(folder: string, prefix = ''): string[] {
  const entries = readdirSync(join(folder, prefix), { withFileTypes: true });
  return entries
    .flatMap((entry) => {
      const path = join(prefix, entry.name);
      return entry.isDirectory() ? files(folder, path) : [path];
    })
    .sort();
}

describe('workspace from a work tree', () => {
  it('has tracked and untracked files but not ignored ones, with modes and links', async () => {
    put('.gitignore', 'node_modules\n*.tmp\n');
    put('bin/tool', '#!/bin/sh\n', 0o755);
    put('deleted', 'x');
    symlinkSync('/etc/passwd', join(source, 'outside'));
    const commit = committed();
    rmSync(join(source, 'deleted'));
    put('node_modules/dep/index.js', 'ignored');
    put('a.tmp', 'ignored');
    put('new file ä.txt', 'untracked');
    const { directory } = await open(sourceOf('tree', commit));
    expect(files(directory)).toEqual(['.git', '.gitignore', 'bin/tool', 'new file ä.txt', 'outside']);
    expect(lstatSync(join(directory, 'bin/tool')).mode & 0o777).toBe(0o755);
    expect(readlinkSync(join(directory, 'outside'))).toBe('/etc/passwd');
  });

  it('takes everything but .git from a folder that is no repository', async () => {
    put('a/b/c.txt', 'x');
    put('empty', '');
    expect(files((await open(sourceOf('tree'))).directory)).toEqual(['a/b/c.txt', 'empty']);
  });

  it('does not take files behind a linked folder, nor our own folders', async () => {
    put('dir/file', 'x');
    const commit = committed();
    rmSync(join(source, 'dir'), { recursive: true });
    symlinkSync('/etc', join(source, 'dir'));
    workspaces = new Workspaces(join(source, 'ws'), join(source, '.home'));
    put('.home/logs/x', 'ours');
    expect(files((await open(sourceOf('tree', commit))).directory)).toEqual(['.git', 'dir']);
  });

  it('shows every job of a run the same files, whatever is edited meanwhile', async () => {
    put('file', 'before');
    await open(sourceOf('tree'));
    put('file', 'after, and longer');
    put('added', 'x');
    const second = await open(sourceOf('tree'), 'test');
    expect(readFileSync(join(second.directory, 'file'), 'utf8')).toBe('before');
    expect(files(second.directory)).toEqual(['file']);
    expect(second.warnings).toEqual([]);
  });

  it('names files of a large tree that changed under the run', async () => {
    put('large', '');
    truncateSync(join(source, 'large'), 65 * 1024 * 1024);
    put('file', 'before');
    put('gone', 'x');
    await open(sourceOf('tree'));
    put('file', 'after, and longer');
    rmSync(join(source, 'gone'));
    const second = await open(sourceOf('tree'), 'test');
    expect(second.warnings).toEqual([
      expect.stringMatching(/changed while the run was going on.*(file, gone|gone, file)/),
    ]);
  });

  it('leaves special files out and says so', async () => {
    put('file', 'x');
    execFileSync('mkfifo', [join(source, 'pipe')]);
    const { directory, warnings } = await open(sourceOf('tree'));
    expect(files(directory)).toEqual(['file']);
    expect(warnings).toEqual([expect.stringContaining('pipe is neither a file nor a link')]);
  });

  it('keeps the folder of a resumed attempt as it is, and clears that of a new one', async () => {
    put('file', 'x');
    const first = await open(sourceOf('tree'));
    writeFileSync(join(first.directory, 'made'), 'by a step');
    expect(files((await open(sourceOf('tree'), 'build', true)).directory)).toEqual(['file', 'made']);
    expect(files((await open(sourceOf('tree'))).directory)).toEqual(['file']);
  });
});

describe('workspace from a commit', () => {
  it('has exactly the commit, also what export-ignore names', async () => {
    put('.gitattributes', 'secret.txt export-ignore\n');
    put('secret.txt', 'x');
    put('file', 'committed');
    const commit = committed();
    put('file', 'edited');
    put('untracked', 'x');
    const { directory } = await open(sourceOf('commit', commit));
    expect(files(directory)).toEqual(['.git', '.gitattributes', 'file', 'secret.txt']);
    expect(readFileSync(join(directory, 'file'), 'utf8')).toBe('committed');
    expect(git('status', '--short')).toBe('M file\n?? untracked');
  });

  it('says what git said when there is no such commit', async () => {
    put('file', 'x');
    committed();
    await expect(open(sourceOf('commit', '0'.repeat(40)))).rejects.toThrow('git read-tree');
  });
});

describe('git in a workspace', () => {
  const inside = (directory: string, ...words: string[]): string =>
    execFileSync('git', ['-C', directory, ...words], { encoding: 'utf8', stdio: 'pipe' }).trim();

  it('knows commit, branch, tags and remote, but no credential and no hook', async () => {
    put('file', 'x');
    const commit = committed();
    git('tag', '-a', 'v1.2', '-m', 'release');
    git('remote', 'add', 'origin', 'https://user:hunter2token@example.com/x.git');
    writeFileSync(join(source, '.git/hooks/post-checkout'), '#!/bin/sh\ntouch /tmp/never\n', { mode: 0o755 });
    for (const mode of ['tree', 'commit'] as const) {
      const { directory } = await workspaces.open(`r-${mode}`, sourceOf(mode, commit), 'build', 1, false);
      expect(inside(directory, 'describe', '--dirty')).toBe('v1.2');
      expect(inside(directory, 'rev-parse', 'HEAD')).toBe(commit);
      expect(inside(directory, 'branch', '--show-current')).toBe('main');
      expect(inside(directory, 'status', '--short')).toBe('');
      expect(inside(directory, 'remote', 'get-url', 'origin')).toBe('https://***@example.com/x');
      writeFileSync(join(directory, 'file'), 'changed');
      expect(inside(directory, 'describe', '--dirty')).toBe('v1.2-dirty');
    }
  });
});

describe('removing a workspace', () => {
  it('removes what a job left behind and follows no link', async () => {
    put('file', 'x');
    const place = await open(sourceOf('tree'));
    const precious = join(root, 'precious');
    mkdirSync(precious);
    writeFileSync(join(precious, 'keep'), 'x');
    symlinkSync(precious, join(place.directory, 'link'));
    symlinkSync('/', join(place.temporary, 'slash'));
    mkdirSync(join(place.directory, 'closed', 'deep'), { recursive: true });
    writeFileSync(join(place.directory, 'closed', 'deep', 'f'), 'x');
    chmodSync(join(place.directory, 'closed', 'deep'), 0);
    chmodSync(join(place.directory, 'closed'), 0);
    chmodSync(place.directory, 0o500);
    expect(await workspaces.remove(place)).toBeNull();
    expect(existsSync(place.folder)).toBe(false);
    expect(existsSync(join(precious, 'keep'))).toBe(true);
    expect(existsSync(join(source, 'file'))).toBe(true);
  });

  it('removes a link that a job put into the place of a folder, and nothing behind it', async () => {
    put('file', 'x');
    const place = await open(sourceOf('tree'));
    const precious = join(root, 'precious');
    mkdirSync(join(precious, 'deep'), { recursive: true });
    writeFileSync(join(precious, 'keep'), 'x', { mode: 0o600 });
    chmodSync(precious, 0o750);
    for (const folder of [place.directory, place.temporary]) {
      rmSync(folder, { recursive: true });
      symlinkSync(precious, folder);
    }
    expect(await workspaces.remove(place)).toBeNull();
    symlinkSync(precious, place.folder);
    expect(await workspaces.remove(place)).toBeNull();
    expect(await workspaces.releaseRun('r1')).toBeNull();
    expect(readdirSync(join(root, 'workspaces'))).toEqual([]);
    expect(readdirSync(precious)).toEqual(['deep', 'keep']);
    expect(statSync(precious).mode & 0o777).toBe(0o750);
  });

  it('removes all that a run left', async () => {
    put('file', 'x');
    await open(sourceOf('tree', committed()));
    expect(await workspaces.removeRun('r1')).toBeNull();
    expect(readdirSync(join(root, 'workspaces'))).toEqual([]);
    expect(await workspaces.removeRun('r1')).toBeNull();
  });
});

describe('workspaces of a run that is over', () => {
  const runFolder = (runId: string) => join(root, 'workspaces', runId);

  it('go all but those that are kept for a look, and these go after a week', async () => {
    put('file', 'x');
    const kept = await open(sourceOf('tree'), 'failed');
    await open(sourceOf('tree'), 'left behind by an earlier owner');
    workspaces.keep(kept);
    expect(await workspaces.releaseRun('r1')).toBeNull();
    expect(readdirSync(runFolder('r1')).sort()).toEqual(['.kept', '.source', 'failed.1']);
    const isOver = async () => true;
    await workspaces.tidy(isOver, Date.now());
    expect(existsSync(kept.directory)).toBe(true);
    await workspaces.tidy(isOver, Date.now() + 8 * 24 * 3_600_000);
    expect(existsSync(runFolder('r1'))).toBe(false);
  });

  it('are tidied away later when their owner died first, and nothing else in the folder is touched', async () => {
    put('file', 'x');
    await open(sourceOf('tree'));
    mkdirSync(runFolder('of-somebody-else'));
    await workspaces.tidy(async (runId) => runId === 'r1', Date.now());
    expect(readdirSync(join(root, 'workspaces'))).toEqual(['of-somebody-else']);
  });
});

describe('takeSource', () => {
  it('does not take what a crash left half copied', async () => {
    put('file', 'x');
    const folder = join(root, 'taken');
    mkdirSync(join(folder, 'source-123-456'), { recursive: true });
    const tree = await takeSource(sourceOf('tree'), folder, []);
    expect(tree.list.entries.map((entry) => entry.path)).toEqual(['file']);
  });
});
