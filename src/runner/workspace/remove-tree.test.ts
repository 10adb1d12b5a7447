import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { removeSmall, removeTree } from './remove-tree.ts';

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'sluice-remove-'));
  for (const folder of ['keys', 'machine/boot', 'machine/home', 'job/inner'])
    mkdirSync(join(root, folder), { recursive: true });
  for (const file of ['keys/id', 'keys/known', 'machine/home/file', 'machine/start'])
    writeFileSync(join(root, file), 'kept');
  symlinkSync('home', join(root, 'machine/bin'));
});
afterEach(() => rmSync(root, { recursive: true }));

const contents = (folder: string) => readdirSync(join(root, folder), { recursive: true }).sort();
const TARGETS = ['keys', 'machine'];

describe.each(TARGETS)('removing what leads to the folder %s', (target) => {
  let before: unknown;
  beforeEach(() => {
    before = contents(target);
  });
  const remove = async (path: string) => {
    if (!removeSmall(path)) await removeTree(path, join(root, 'quarantine'));
    expect(existsSync(path)).toBe(false);
    expect(contents(target)).toEqual(before);
  };

  it('removes a link in the place of the folder, and nothing of where it leads', async () => {
    symlinkSync(join(root, target), join(root, 'work'));
    expect(removeSmall(join(root, 'work'))).toBe(false);
    await remove(join(root, 'work'));
  });

  it('removes links in it, and nothing of where they lead', async () => {
    symlinkSync(join(root, target), join(root, 'job/link'));
    symlinkSync(join(root, target), join(root, 'job/inner/link'));
    await remove(join(root, 'job/inner'));
    await remove(join(root, 'job'));
  });
});

describe('removing what is little', () => {
  it('removes at once what is little, however deep, and leaves what is more to be removed in turns', () => {
    const folder = join(root, 'folder');
    const fill = (files: number) => {
      mkdirSync(join(folder, 'a', 'b'), { recursive: true });
      for (let index = 0; index < files; index++) writeFileSync(join(folder, 'a', 'b', `${index}`), 'x');
      chmodSync(join(folder, 'a'), 0o500);
    };
    fill(62);
    expect(removeSmall(folder)).toBe(true);
    expect(existsSync(folder)).toBe(false);
    fill(63);
    expect(removeSmall(folder)).toBe(false);
    expect(readdirSync(join(folder, 'a', 'b'))).toHaveLength(63);
    chmodSync(join(folder, 'a'), 0o700);
    expect(removeSmall(join(folder, 'nothing'))).toBe(false);
    symlinkSync(join(folder, 'a'), join(root, 'link'));
    expect(removeSmall(join(root, 'link'))).toBe(false);
    expect(existsSync(join(folder, 'a'))).toBe(true);
  });
});
