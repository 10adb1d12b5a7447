import { beforeEach, describe, expect, it } from 'vitest';
import { STORY_START_MS } from '../../../test/support/run-story.ts';
import { ScriptedWorld } from '../../../test/support/scripted-ports.ts';
import { digestOf } from '../../base/digest.ts';
import type { ArtifactRecord } from '../../client/contract.ts';

let world: ScriptedWorld;

function record(change: Partial<ArtifactRecord> = {}): ArtifactRecord {
  return {
    schemaVersion: 1,
    runId: '01jshop0000abc',
    cell: 'build',
    name: 'site',
    version: '1.2.0',
    digest: digestOf(change.name ?? 'site'),
    tree: digestOf('tree'),
    bytes: 3_565_158,
    files: 12,
    repository: 'shop',
    trust: 'trusted',
    commit: '3f2a91c0d4e5f60718293a4b5c6d7e8f90a1b2c3',
    branch: 'main',
    tag: null,
    metadata: { team: 'web' },
    createdAtMs: STORY_START_MS - 3_600_000,
    expiresAtMs: STORY_START_MS + 29.5 * 86_400_000,
    pinnedBy: [],
    ...change,
  };
}

beforeEach(() => {
  world = new ScriptedWorld();
  const { artifacts } = world.client;
  artifacts.records = [
    record(),
    record({ name: 'tool', version: '0.0.0-a-branch-with-a-long-name.1234+3f2a91c0', pinnedBy: ['ann'] }),
    record({ runId: '01jshop0000old', version: '1.1.0', digest: digestOf('old'), tag: 'v1.1.0' }),
    record({ name: 'fork', trust: 'untrusted', branch: 'fork' }),
  ];
  artifacts.entries = [
    { path: 'dist', kind: 'folder', size: 0, digest: null, mode: 0o755, mtimeMs: 0, target: '' },
    {
      path: 'dist/a.js',
      kind: 'file',
      size: 2048,
      digest: digestOf('a'),
      mode: 0o644,
      mtimeMs: 0,
      target: '',
    },
    { path: 'dist/b.js', kind: 'link', size: 0, digest: null, mode: 0o777, mtimeMs: 0, target: 'a.js' },
  ];
});

describe('sluice artifact list', () => {
  it('shows a table in 80 columns, in which the longest names give way', async () => {
    expect(await world.run('artifact', 'list')).toBe(0);
    expect(world.out.text).toMatchInlineSnapshot(`
      "artifact  version                 size  digest    run             made    kept
      site      1.2.0                3.4 MiB  fbae041b  01jshop0000abc  1h ago  30d
      tool      0.0.0-a-branch-wit…  3.4 MiB  7c9bbe5e  01jshop0000abc  1h ago  pinned
      site      1.1.0                3.4 MiB  cba06b57  01jshop0000old  1h ago  30d
      fork      1.2.0                3.4 MiB  8d0c7ac9  01jshop0000abc  1h ago  30d
      "
    `);
    for (const line of world.out.text.split('\n')) expect(line.length).toBeLessThanOrEqual(80);
  });

  it.each([
    [['site'], ['1.2.0', '1.1.0']],
    [['site@1.1.0'], ['1.1.0']],
    [[digestOf('old').slice(0, 8)], ['1.1.0']],
    [[`sha256:${digestOf('old')}`], ['1.1.0']],
    [['--version', '1.1.0'], ['1.1.0']],
    [['--tag', 'v1.1.0'], ['1.1.0']],
    [['site', '--tag', 'team=web', '--commit', '3f2a91c', '--limit', '1'], ['1.2.0']],
    [['--branch', 'fork', '--cell', 'build'], ['1.2.0']],
    [['--tag', 'team=other'], []],
    [['nothing'], []],
  ])('finds with %j', async (words, versions) => {
    expect(await world.run('artifact', 'list', ...words, '--json')).toBe(0);
    expect(JSON.parse(world.out.text).map((one: ArtifactRecord) => one.version)).toEqual(versions);
  });

  it('says what keeps artifacts when there is none', async () => {
    expect(await world.run('artifact', 'list', 'nothing')).toBe(0);
    expect(world.out.text).toBe('no such artifact is kept; a job keeps some with `artifacts:`\n');
  });
});

describe('sluice artifact show, files and cat', () => {
  it('tells all that is known of one', async () => {
    expect(await world.run('artifact', 'show', 'site')).toBe(0);
    expect(world.out.text).toContain('  version  1.2.0\n');
    expect(world.out.text).toContain('  content  12 files, 3.4 MiB\n');
    expect(world.out.text).toContain('  tag      team = web\n');
    expect(world.err.text).toContain('sluice artifact files');
  });

  it('lists its files', async () => {
    expect(await world.run('artifact', 'files', 'site')).toBe(0);
    expect(world.out.text).toBe('folder  dist/\n 2 KiB  dist/a.js\n  link  dist/b.js -> a.js\n');
  });

  it('prints one file, or gives it as JSON', async () => {
    expect(await world.run('artifact', 'cat', 'site', 'dist/a.js')).toBe(0);
    expect(world.out.text).toBe('content of dist/a.js\n');
    const other = new ScriptedWorld();
    other.client.artifacts.records = [record()];
    other.client.artifacts.entries = world.client.artifacts.entries;
    await other.run('artifact', 'cat', 'site', 'dist/a.js', '--json');
    expect(JSON.parse(other.out.text)).toEqual({
      file: 'dist/a.js',
      base64: Buffer.from('content of dist/a.js\n').toString('base64'),
    });
  });

  it.each([
    [['show', 'sit'], 'there is no artifact "sit"\n  did you mean site?'],
    [['show', 'site', '--branch', 'none'], 'of which all that holds'],
    [['show'], 'say which artifact'],
    [['cat', 'site'], 'say which file'],
    [['cat', 'site', 'no.js'], 'has no file "no.js"'],
    [['shw', 'site'], 'did you mean sluice artifact show?'],
    [['upload', 'site'], 'say a name, and files or an archive'],
    [['upload', 'site', 'a', '--archive', 'b.tar'], 'say a name, and files or an archive'],
    [['upload', 'site', 'a', '--tag', 'beta'], 'say a value for the tag beta'],
    [['list', '--limit', 'many'], '--limit is "many"'],
  ])('refuses %j with exit code 2', async (words, said) => {
    expect(await world.run('artifact', ...words)).toBe(2);
    expect(world.err.text).toContain(said);
    expect(world.out.text).toBe('');
  });

  it('does not guess between cells of one run that made different content under one name', async () => {
    world.client.artifacts.records.push(record({ cell: 'test (os: mac)', digest: digestOf('other') }));
    expect(await world.run('artifact', 'show', 'site')).toBe(2);
    expect(world.err.text).toContain('of build, test (os: mac)');
    expect(await world.run('artifact', 'show', 'site', '--cell', 'test (os: mac)')).toBe(0);
  });
});

describe('sluice artifact download', () => {
  it('brings all files to a folder of its name, or some to another', async () => {
    expect(await world.run('artifact', 'download', 'site')).toBe(0);
    expect(world.out.text).toBe('site 1.2.0: 12 files, 3.4 MiB in site\n');
    await world.run('artifact', 'download', 'site', 'dist/a.js', '--to', 'out', '--force', '--untrusted');
    expect(world.client.artifacts.asked).toMatchObject([
      ['download', 'site', { target: '/work/shop/site', only: [], replaces: false, untrusted: false }],
      [
        'download',
        'site',
        { target: '/work/shop/out', only: ['dist/a.js'], replaces: true, untrusted: true },
      ],
    ]);
  });

  it('packs an archive, and shows progress only in a terminal', async () => {
    expect(await world.run('artifact', 'download', 'site', '--archive', 'site.tar.zst')).toBe(0);
    expect(world.out.text).toBe('site 1.2.0: 12 files, 3.4 MiB as site.tar.zst\n');
    expect(world.err.text).toBe('');
    expect(world.client.artifacts.asked).toEqual([
      ['pack', 'site', { target: '/work/shop/site.tar.zst', only: [], replaces: false, untrusted: false }],
    ]);
    world.err.isTTY = true;
    world.client.artifacts.pack = async (_, { onProgress }) => {
      world.clock.pass(1000);
      onProgress?.(1_782_579);
      return { files: 12, bytes: 3_565_158 };
    };
    await world.run('artifact', 'download', 'site', '--archive', 'site.tar.zst');
    expect(world.err.text).toBe('\r\u001b[K1.7 MiB of 3.4 MiB, 50 %\r\u001b[K');
  });
});

describe('sluice artifact upload, pin, unpin and remove', () => {
  it('keeps files or an archive, with a version and tags, and tells of warnings', async () => {
    expect(
      await world.run(
        'artifact',
        'upload',
        'tools',
        'bin',
        'share',
        '--tag',
        'stage=beta',
        '--version',
        '2.0.0',
      ),
    ).toBe(0);
    await world.run('artifact', 'upload', 'tools', '--archive', 'tools.tgz');
    expect(world.client.artifacts.asked).toMatchObject([
      [
        'upload',
        {
          name: 'tools',
          version: '2.0.0',
          metadata: { stage: 'beta' },
          from: { kind: 'files', root: '/work/shop', paths: ['bin', 'share'] },
        },
      ],
      [
        'upload',
        {
          name: 'tools',
          version: null,
          metadata: {},
          from: { kind: 'archive', file: '/work/shop/tools.tgz' },
        },
      ],
    ]);
    expect(world.err.text).toContain('warning: it holds node_modules');
  });

  it('pins, and takes back a pin of its own or of somebody else', async () => {
    await world.run('artifact', 'pin', 'site');
    await world.run('artifact', 'unpin', 'tool');
    await world.run('artifact', 'unpin', 'tool', '--by', 'ann');
    expect(world.client.artifacts.asked).toEqual([
      ['pin', 'site'],
      ['unpin', 'tool', null],
      ['unpin', 'tool', 'ann'],
    ]);
    expect(world.out.text).toContain('still pinned by ann');
  });

  it('removes only what can mean no other, and what nobody pins', async () => {
    expect(await world.run('artifact', 'remove', 'site')).toBe(2);
    expect(world.err.text).toContain('"site" can mean 2 artifacts');
    expect(world.err.text.replace(/\s+/g, ' ')).toContain('--run 01jshop0000abc --cell build');
    expect(await world.run('artifact', 'remove', 'tool')).toBe(2);
    expect(world.err.text).toContain('is pinned by ann');
    expect(world.client.artifacts.asked).toEqual([]);
    expect(await world.run('artifact', 'remove', 'site@1.1.0')).toBe(0);
    expect(await world.run('artifact', 'remove', 'tool', '--force')).toBe(0);
    expect(world.client.artifacts.asked).toEqual([
      ['remove', 'site', '01jshop0000old'],
      ['remove', 'tool', '01jshop0000abc'],
    ]);
  });
});
