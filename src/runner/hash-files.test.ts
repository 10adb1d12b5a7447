import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { hashFiles } from './hash-files.ts';

describe('hashFiles', () => {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-hash-'));
  beforeAll(() => {
    for (const path of ['a.lock', 'sub/b.lock', 'sub/.hidden/c.lock', '.git/d.lock', 'e.txt']) {
      mkdirSync(dirname(join(folder, path)), { recursive: true });
      writeFileSync(join(folder, path), path);
    }
    symlinkSync('/etc/hostname', join(folder, 'out.lock'));
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  /** As GitHub does it: the hash over the binary hashes of the files. */
  function expected(...paths: string[]): string {
    const whole = createHash('sha256');
    for (const path of paths) whole.update(createHash('sha256').update(path).digest());
    return whole.digest('hex');
  }

  it.each<[string[], string[]]>([
    [['a.lock'], ['a.lock']],
    [['**/*.lock'], ['a.lock', 'sub/.hidden/c.lock', 'sub/b.lock']],
    [['**/*.lock', '!sub/**'], ['a.lock']],
    [
      ['e.txt', 'a.lock', 'a.*'],
      ['a.lock', 'e.txt'],
    ],
    [['sub/*.lock'], ['sub/b.lock']],
  ])('of %j is over %j', (globs, paths) => {
    expect(hashFiles(folder, globs)).toBe(expected(...paths));
  });

  it('looks at nothing where a link is in the place of the workspace', () => {
    const link = `${folder}-link`;
    symlinkSync(folder, link);
    expect(hashFiles(link, ['a.lock'])).toBe('');
    rmSync(link);
  });

  it('is empty when nothing matches', () => {
    expect(hashFiles(folder, ['*.none'])).toBe('');
    expect(hashFiles(folder, ['!a.lock'])).toBe('');
  });

  it('does not leave the workspace', () => {
    expect(hashFiles(folder, ['out.lock'])).toBe('');
    expect(() => hashFiles(folder, ['../*'])).toThrow('looks only at files of the workspace');
  });
});
