import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { RunSource } from '../../journal/run-event.ts';
import { openActionSource } from './action-source.ts';
import { contentDigest, copyContent } from './content.ts';
import { LOCK_FILE, type Pin, readPins, writePins } from './lock-file.ts';

let root: string;
let source: RunSource;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'sluice-actions-'));
  mkdirSync(join(root, 'repository'));
  source = {
    path: join(root, 'repository'),
    repository: 'ada/shop',
    branch: 'main',
    tag: null,
    commit: null,
    commitTimeMs: null,
    mode: 'tree',
    dirty: false,
  };
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

const IDENTITY = ['-c', 'user.name=Ada', '-c', 'user.email=ada@example.com'];

function git(directory: string, ...words: readonly string[]): string {
  return execFileSync('git', ['-C', directory, ...IDENTITY, ...words], {
    stdio: ['ignore', 'pipe', 'ignore'],
  })
    .toString()
    .trim();
}

/** A repository of actions below `mirror`; returns its folder. */
function mirror(name: string, text: string): string {
  const folder = join(root, 'mirror', name);
  mkdirSync(folder, { recursive: true });
  git(folder, 'init', '-q', '-b', 'main');
  writeFileSync(join(folder, 'action.yml'), text);
  git(folder, 'add', '-A');
  git(folder, 'commit', '-qm', text);
  git(folder, 'tag', 'v1');
  return folder;
}

const open = (server: string | null = null, directory = 'kept') =>
  openActionSource({ directory: join(root, directory), mirrors: [join(root, 'mirror')], server });
const wanted = (repository: string, ref: string) => ({ repository, ref, source, trust: 'trusted' as const });
const lock = () => readFileSync(join(source.path, LOCK_FILE), 'utf8');

describe('a source of actions', () => {
  it('brings the same content from a clone, a bare mirror, a server and plain files', async () => {
    const folder = mirror('acme/one', 'text\n');
    mkdirSync(join(root, 'server/acme'), { recursive: true });
    for (const target of ['mirror/acme/bare.git', 'server/acme/far'])
      git(root, 'clone', '-q', '--mirror', folder, join(root, target));
    mkdirSync(join(root, 'mirror/acme/plain'));
    writeFileSync(join(root, 'mirror/acme/plain/action.yml'), 'text\n');
    const actions = open(`file://${join(root, 'server')}`);
    for (const name of ['acme/one', 'acme/bare', 'acme/far', 'acme/plain']) {
      const found = await actions.find(wanted(name, 'v1'));
      const target = join(root, 'copies', name);
      expect(await found.copyTo(target)).toBeNull();
      expect(readFileSync(join(target, 'action.yml'), 'utf8'), name).toBe('text\n');
    }
    const pins = readPins(lock()) as readonly Pin[];
    expect(new Set(pins.map(({ content }) => content)).size).toBe(1);
    expect(pins.map(({ kind }) => kind).sort()).toEqual(['folder', 'tag', 'tag', 'tag']);
  });

  it('takes tags before branches, branches, full commits, and nothing else', async () => {
    const folder = mirror('acme/one', 'first\n');
    git(folder, 'branch', 'v1', 'main');
    const first = git(folder, 'rev-parse', 'main');
    writeFileSync(join(folder, 'action.yml'), 'second\n');
    git(folder, 'commit', '-qam', 'second');
    const actions = open();
    expect(await actions.find(wanted('acme/one', 'v1'))).toMatchObject({ commit: first });
    expect((await actions.find(wanted('acme/one', 'main'))).commit).not.toBe(first);
    expect(await actions.find(wanted('acme/one', 'refs/tags/v1'))).toMatchObject({ commit: first });
    expect(await actions.find(wanted('Acme/One', first))).toMatchObject({ commit: first });
    for (const ref of ['--upload-pack=touch /tmp/x', 'v1^{tree}', 'main~1', '-h', first.slice(0, 8)])
      await expect(actions.find(wanted('acme/one', ref)), ref).rejects.toThrow('is not on this machine');
  });

  it('changes no file that a filter, an attribute or a line end would change', async () => {
    const folder = mirror('acme/one', 'a\r\nb\n');
    writeFileSync(join(folder, '.gitattributes'), '*.yml text eol=crlf\n*.txt filter=evil export-ignore\n');
    writeFileSync(join(folder, 'x.txt'), 'x\n');
    git(folder, 'add', '-A');
    git(folder, 'commit', '-qm', 'two');
    git(folder, 'config', 'filter.evil.smudge', `touch ${join(root, 'ran')}; cat`);
    const found = await open().find(wanted('acme/one', 'main'));
    await found.copyTo(join(root, 'copy'));
    expect(readdirSync(join(root, 'copy')).sort()).toEqual(['.gitattributes', 'action.yml', 'x.txt']);
  });

  it('asks nobody for what is kept, and runs nothing that differs from what was pinned', async () => {
    mirror('acme/one', 'text\n');
    await (await open().find(wanted('acme/one', 'v1'))).copyTo(join(root, 'copy'));
    rmSync(join(root, 'mirror'), { recursive: true });
    await (await open().find(wanted('acme/one', 'v1'))).copyTo(join(root, 'again'));
    writeFileSync(join(source.path, LOCK_FILE), lock().replace(/sha256:.{4}/, 'sha256:0000'));
    await expect(open().find(wanted('acme/one', 'v1'))).rejects.toThrow('is not on this machine');
    const content = join(root, 'kept', 'content');
    const [name] = readdirSync(content);
    const forged = lock().match(/sha256:(\w{24})/)![1]!;
    mkdirSync(join(content, `acme-one-${forged}`));
    writeFileSync(join(content, `acme-one-${forged}`, 'action.yml'), 'other');
    const found = await open().find(wanted('acme/one', 'v1'));
    await expect(found.copyTo(join(root, 'bad'))).rejects.toThrow('is not on this machine');
    expect(existsSync(join(root, 'bad'))).toBe(false);
    expect(name).toBeDefined();
  });

  it('pins one name once, however many ask at the same time', async () => {
    for (const name of ['a', 'b', 'c', 'd']) mirror(`acme/${name}`, name);
    const actions = open();
    const all = ['a', 'b', 'c', 'd', 'a', 'b'].map((name) => actions.find(wanted(`acme/${name}`, 'v1')));
    await Promise.all(all);
    expect(readPins(lock())).toHaveLength(4);
  });

  it('pins anew what is named, or all', async () => {
    const folder = mirror('acme/one', 'text\n');
    const actions = open();
    await actions.find(wanted('acme/one', 'v1'));
    expect(await actions.update(source.path, [])).toMatchObject([
      { before: { ref: 'v1' }, after: { ref: 'v1' } },
    ]);
    writeFileSync(join(folder, 'action.yml'), 'moved\n');
    git(folder, 'commit', '-qam', 'moved');
    git(folder, 'tag', '-f', 'v1');
    const [one] = await actions.update(source.path, ['acme/one/sub@v1']);
    expect(one!.after.commit).toBe(git(folder, 'rev-parse', 'main'));
    expect(one!.before!.commit).not.toBe(one!.after.commit);
    await expect(actions.update(source.path, ['nonsense'])).rejects.toThrow('names no action');
  });
});

describe('contentDigest', () => {
  it('tells names, contents, programs and links apart, and not times', () => {
    const folder = join(root, 'files');
    mkdirSync(folder);
    writeFileSync(join(folder, 'a'), 'x');
    const first = contentDigest(folder);
    expect(copyContent(folder, join(root, 'copy'))).toBe(first);
    chmodSync(join(folder, 'a'), 0o755);
    const program = contentDigest(folder);
    symlinkSync('a', join(folder, 'b'));
    const link = contentDigest(folder);
    writeFileSync(join(folder, 'a'), 'y');
    expect(new Set([first, program, link, contentDigest(folder)]).size).toBe(4);
  });

  it('copies no link that leads out', () => {
    const folder = join(root, 'files');
    mkdirSync(join(folder, 'in'), { recursive: true });
    for (const [name, target] of [
      ['out', '../../secret'],
      ['root', '/etc/passwd'],
      ['in/up', '../x'],
    ] as const)
      symlinkSync(target, join(folder, name));
    copyContent(folder, join(root, 'copy'));
    expect(readdirSync(join(root, 'copy'))).toEqual(['in']);
    expect(readdirSync(join(root, 'copy/in'))).toEqual(['up']);
  });
});

describe('the lock file', () => {
  const pin = fc.record({
    repository: fc.stringMatching(/^[\w.-]{1,9}\/[\w.-]{1,9}$/),
    ref: fc.stringMatching(/^[^\s]{1,12}$/),
    commit: fc.option(fc.stringMatching(/^[0-9a-f]{40}$/)),
    content: fc.stringMatching(/^[0-9a-f]{64}$/).map((digits) => `sha256:${digits}`),
    kind: fc.constantFrom('commit', 'tag', 'branch', 'folder') as fc.Arbitrary<Pin['kind']>,
  });

  it('reads what it writes', () => {
    fc.assert(
      fc.property(fc.array(pin), (pins) => {
        const read = readPins(writePins(pins)) as readonly Pin[];
        expect(read).toHaveLength(pins.length);
        expect(read).toEqual(expect.arrayContaining(pins));
      }),
    );
  });

  it('tells the line that is none', () => {
    expect(readPins('# a\n\nacme/x@v1 nonsense\n')).toEqual({ badLine: 3 });
  });
});
