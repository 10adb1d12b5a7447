import { execFileSync, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { notIgnored } from './ignored.ts';
import { machineOwners } from './owners.ts';
import { programVersion, which } from './program.ts';
import { commitFiles, treeFiles } from './source-files.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sluice-machine-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

describe('owners', () => {
  it('know that they live, and that a dead process does not', async () => {
    const owners = machineOwners();
    expect(owners.alive(owners.self)).toBe(true);
    const child = spawn('sleep', ['100']);
    const [machine, boot] = owners.self.split(':');
    const ended = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGKILL');
    await ended;
    expect(owners.alive(`${machine}:${boot}:${child.pid}:1`)).toBe(false);
  });

  it('are not mistaken for a process with the same number from another time or boot', () => {
    const owners = machineOwners();
    const [machine, boot, pid, start] = owners.self.split(':');
    expect(owners.alive(`${machine}:${boot}:${pid}:${Number(start) + 1}`)).toBe(false);
    expect(owners.alive(`${machine}:otherboot:${pid}:${start}`)).toBe(false);
  });

  it('are of the same boot also when they are dead', () => {
    const owners = machineOwners();
    const [machine, boot] = owners.self.split(':');
    expect(owners.isSameBoot(`${machine}:${boot}:1:1`)).toBe(true);
    expect(owners.isSameBoot(`${machine}:otherboot:1:1`)).toBe(false);
    expect(owners.isSameBoot(`elsewhere:${boot}:1:1`)).toBe(false);
  });

  it('on another machine cannot be asked', () => {
    const owners = machineOwners();
    expect(owners.alive('elsewhere:boot:1:1')).toBeNull();
    expect(owners.describe('elsewhere:boot:17:1')).toBe('process 17 on elsewhere');
  });
});

describe('the files of a repository', () => {
  it('are read inside it, and links that lead out are refused', () => {
    const outside = mkdtempSync(join(tmpdir(), 'sluice-outside-'));
    writeFileSync(join(outside, 'secret'), 'x');
    writeFileSync(join(folder, 'a.yaml'), 'name: a');
    symlinkSync('a.yaml', join(folder, 'inside.yaml'));
    symlinkSync(join(outside, 'secret'), join(folder, 'out.yaml'));
    const files = treeFiles(folder);
    expect(Buffer.from(files.read('a.yaml') as Uint8Array).toString()).toBe('name: a');
    expect(Buffer.from(files.read('inside.yaml') as Uint8Array).toString()).toBe('name: a');
    expect(files.read('out.yaml')).toEqual({ refused: 'it leads out of the repository' });
    expect(files.read('none.yaml')).toBeNull();
    rmSync(outside, { recursive: true });
  });

  it('of a commit are those of the commit, whatever lies there', () => {
    const git = (...args: string[]) =>
      execFileSync('git', ['-c', 'user.name=t', '-c', 'user.email=t@l', ...args], { cwd: folder });
    git('init', '-q');
    mkdirSync(join(folder, '.sluice'));
    writeFileSync(join(folder, '.sluice/a.yaml'), 'name: committed');
    git('add', '-A');
    git('commit', '-q', '-m', 'x');
    writeFileSync(join(folder, '.sluice/a.yaml'), 'name: changed');
    const files = commitFiles(folder, 'HEAD');
    expect(Buffer.from(files.read('.sluice/a.yaml') as Uint8Array).toString()).toBe('name: committed');
    expect(files.read('.sluice')).toEqual({ refused: 'it is a folder' });
    expect(files.read('no.yaml')).toBeNull();
    expect(files.list('')).toEqual(['.sluice/']);
    expect(files.list('.sluice')).toEqual(['a.yaml']);
    expect(treeFiles(folder).list('.sluice/')).toEqual(['a.yaml']);
  });
});

describe('programs', () => {
  it('are found on the PATH that is given', async () => {
    writeFileSync(join(folder, 'tool'), '#!/bin/sh\n', { mode: 0o755 });
    writeFileSync(join(folder, 'text'), '', { mode: 0o644 });
    expect(await which('tool', `/nowhere:${folder}`)).toBe(join(folder, 'tool'));
    expect(await which('text', folder)).toBeNull();
  });

  it('tell their version, or null', async () => {
    expect(await programVersion('git')).toMatch(/git version \d/);
    expect(await programVersion('no-such-program')).toBeNull();
  });
});

describe('notIgnored', () => {
  it('keeps to .gitignore and never looks at .git', () => {
    writeFileSync(join(folder, '.gitignore'), 'dist/\n*.log\n');
    const isWanted = notIgnored(folder);
    expect(['src/a.ts', 'dist/a.js', 'x.log', '.git/index'].map(isWanted)).toEqual([
      true,
      false,
      false,
      false,
    ]);
  });
});
