import {
  existsSync,
  linkSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { EmptyFiles } from './empty-files.ts';

let folder: string;
const at = (name: string) => join(folder, name);
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sluice-empty-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

describe('empty files', () => {
  it('give a file that a step left as it was to the next one', () => {
    const files = new EmptyFiles();
    files.make(at('a'));
    const { ino } = statSync(at('a'));
    files.giveBack([at('a')]);
    files.make(at('b'));
    expect(statSync(at('b')).ino).toBe(ino);
    expect(existsSync(at('a'))).toBe(false);
  });

  it('leave alone what a step wrote or put in their place', () => {
    const files = new EmptyFiles();
    for (const name of ['written', 'linked', 'gone', 'symbolic']) files.make(at(name));
    writeFileSync(at('written'), 'x=1\n');
    linkSync(at('linked'), at('other'));
    unlinkSync(at('gone'));
    unlinkSync(at('symbolic'));
    symlinkSync(at('written'), at('symbolic'));
    files.giveBack(['written', 'linked', 'gone', 'symbolic'].map(at));
    for (const name of ['1', '2', '3', '4']) files.make(at(name));
    expect(readdirSync(folder).sort()).toEqual([
      '1',
      '2',
      '3',
      '4',
      'linked',
      'other',
      'symbolic',
      'written',
    ]);
    expect(['1', '2', '3', '4'].map((name) => statSync(at(name)).size)).toEqual([0, 0, 0, 0]);
  });

  it('make a new one when a process of the step wrote after its end', () => {
    const files = new EmptyFiles();
    files.make(at('a'));
    files.giveBack([at('a')]);
    writeFileSync(at('a'), 'late=1\n');
    files.make(at('b'));
    expect(statSync(at('b')).size).toBe(0);
    expect(statSync(at('a')).size).toBe(7);
  });
});
