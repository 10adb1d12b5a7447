import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Mark, MarkFile, readMark } from './mark.ts';

describe('the high-water mark', () => {
  let folder: string;
  let path: string;
  const markOf = (commits: number): Mark => ({
    storeId: 'abcdef0123456789',
    commits,
    events: commits * 2,
    lastStream: 2 ** 52 - 1,
    lastSequence: commits,
    lastHash: 'f'.repeat(64),
  });

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'sluice-mark-'));
    path = join(folder, 'mark');
  });

  afterEach(() => {
    rmSync(folder, { recursive: true });
  });

  const openFile = () => {
    const file = new MarkFile(path);
    file.prepare();
    return file;
  };

  it('is the highest that any process wrote, in whatever order', () => {
    const [one, two] = [openFile(), openFile()];
    for (const commits of [1, 2, 4, 3, 70, 69]) (commits % 2 === 0 ? one : two).write(markOf(commits));
    expect(readMark(path)).toEqual(markOf(70));
    one.close();
    two.close();
  });

  it('is not taken back by a process that writes its mark late', () => {
    const file = openFile();
    file.write(markOf(74));
    file.write(markOf(10));
    expect(readMark(path)).toEqual(markOf(74));
    file.close();
  });

  it('passes over a torn slot', () => {
    const file = openFile();
    file.write(markOf(5));
    file.write(markOf(6));
    file.close();
    const bytes = readFileSync(path);
    bytes.fill(0, 6 * 192 + 40, 6 * 192 + 60);
    writeFileSync(path, bytes);
    expect(readMark(path)).toEqual(markOf(5));
  });

  it('is missing, empty or damaged, each told from the others', () => {
    expect(readMark(path)).toBeNull();
    openFile().close();
    expect(readMark(path)).toBe('empty');
    writeFileSync(path, '');
    expect(readMark(path)).toBe('empty');
    writeFileSync(path, 'rubbish');
    expect(readMark(path)).toBe('damaged');
  });

  it('keeps its size and its mode', () => {
    const file = openFile();
    const { size } = statSync(path);
    for (let commits = 1; commits < 200; commits++)
      file.write({ ...markOf(commits), events: Number.MAX_SAFE_INTEGER });
    expect(statSync(path).size).toBe(size);
    expect(readMark(path)).toMatchObject({ commits: 199 });
    expect(statSync(path).mode & 0o777).toBe(0o600);
    file.close();
  });
});
