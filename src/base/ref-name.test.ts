import { describe, expect, it } from 'vitest';
import { refProblem, revisionProblem } from './ref-name.ts';

describe('revisionProblem', () => {
  it.each(['main', 'v1.2.0', '3f2a91c', 'feature/ünïcode-1', 'HEAD~2', 'v1^{commit}', 'release/1.x+fix'])(
    'takes %s',
    (name) => expect(revisionProblem(name)).toBeNull(),
  );

  it.each([
    '',
    '-x',
    '--upload-pack=touch x',
    '@',
    '@{u}',
    'main@{1}',
    'a..b',
    'a b',
    'a:b',
    'ext::sh -c id',
    'a\nb',
    '$(id)',
    'x\u202ey',
  ])('refuses %j', (name) => expect(revisionProblem(name)).toEqual(expect.any(String)));
});

describe('refProblem', () => {
  it.each(['main', 'a@b', '$(id)', 'x;id', '`id`', 'feat/#12', 'x&&y'])(
    'takes %s, which git takes too',
    (name) => expect(refProblem(name)).toBeNull(),
  );

  it.each([
    '-main',
    '@',
    '@x',
    'a b',
    'a..b',
    'x.lock',
    '.x',
    'a/',
    'a//b',
    'a:b',
    'a\u0000b',
    'x'.repeat(256),
  ])('refuses %j', (name) => expect(refProblem(name)).toEqual(expect.any(String)));
});
