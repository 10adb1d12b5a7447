import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { realClock, realRandom } from '../../test/support/job-rig.ts';
import type { Digest } from '../base/digest.ts';
import { type MemoryContents, openMemoryStorage } from '../cache/storage/memory-storage.ts';
import { treeStore } from '../cache/tree/tree-store.ts';
import { artifactStore } from './artifact-store.ts';
import type { ArtifactStore, ArtifactUpload } from './contract.ts';
import { artifactVersion } from './version.ts';

const DAY_MS = 86_400_000;

describe('artifacts', () => {
  let folder: string;
  let nowMs: number;
  let contents: MemoryContents;
  let artifacts: ArtifactStore;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'sluice-artifact-'));
    nowMs = 1_700_000_000_000;
    contents = { blobs: new Map(), references: new Map() };
    const clock = { ...realClock, now: () => nowMs };
    const { blobs, references } = openMemoryStorage(clock, contents);
    const trees = treeStore({ blobs, directory: join(folder, 'trees'), clock, random: realRandom });
    artifacts = artifactStore({ references, trees, clock });
    file('dist/app.js', 'app');
    file('dist/deep/style.css', 'style');
    file('README', 'read me');
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  function file(path: string, text: string): void {
    mkdirSync(dirname(join(folder, 'work', path)), { recursive: true });
    writeFileSync(join(folder, 'work', path), text);
  }
  const upload = (more: Partial<ArtifactUpload> = {}) =>
    artifacts.upload({
      name: 'site',
      root: join(folder, 'work'),
      paths: ['dist'],
      version: null,
      runId: 'run1',
      cell: 'build',
      repository: 'example',
      trust: 'trusted',
      commit: '1a2b3c4d5e6f',
      branch: 'main',
      tag: null,
      event: 'push',
      buildNumber: 7,
      metadata: { flavour: 'plain' },
      retentionMs: null,
      reveals: null,
      ...more,
    });

  it('are brought back as they were, whole or in part', async () => {
    const { record, warnings } = await upload();
    expect(record).toMatchObject({ files: 2, bytes: 8, version: '0.0.0-main.7+1a2b3c4d' });
    expect(warnings).toEqual([]);
    const target = join(folder, 'target');
    mkdirSync(target);
    await artifacts.download(record, target, { trust: 'trusted', runId: 'run2' });
    expect(readFileSync(join(target, 'dist/deep/style.css'), 'utf8')).toBe('style');
    const other = join(folder, 'other');
    mkdirSync(other);
    const part = await artifacts.download(record, other, {
      trust: 'trusted',
      runId: null,
      only: ['dist/app.js'],
    });
    expect(part).toEqual({ files: 1, bytes: 3 });
    const files = (await artifacts.files(record)).filter(({ kind }) => kind === 'file');
    expect(files.map(({ path, size }) => [path, size])).toEqual([
      ['dist/app.js', 3],
      ['dist/deep/style.css', 5],
    ]);
    const bytes: Uint8Array[] = [];
    for await (const chunk of (await artifacts.open(record, 'dist/app.js'))!) bytes.push(chunk);
    expect(Buffer.concat(bytes).toString()).toBe('app');
    expect(await artifacts.open(record, 'dist')).toBeNull();
  });

  it('are found by run, name, version, digest, commit, branch and tags, newest first', async () => {
    const { record: first } = await upload();
    nowMs += 1000;
    file('dist/app.js', 'changed');
    const { record: second } = await upload({ runId: 'run2', tag: 'v2.0.0', metadata: { flavour: 'rich' } });
    const names = async (query: Parameters<ArtifactStore['find']>[0]) =>
      (await artifacts.find(query)).map(({ runId }) => runId);
    expect(await names({ repository: 'example' })).toEqual(['run2', 'run1']);
    expect(await names({})).toEqual(['run2', 'run1']);
    expect(await names({ repository: 'example', limit: 1 })).toEqual(['run2']);
    expect(await names({ repository: 'other' })).toEqual([]);
    expect(await names({ runId: 'run1' })).toEqual(['run1']);
    expect(await names({ version: '2.0.0' })).toEqual(['run2']);
    expect(await names({ digest: first.digest.slice(0, 10) })).toEqual(['run1']);
    expect(await names({ digest: `sha256:${second.digest}` })).toEqual(['run2']);
    expect(await names({ digest: first.digest.slice(0, 7) })).toEqual([]);
    expect(await names({ metadata: { flavour: 'rich' } })).toEqual(['run2']);
  });

  it('with the same content have the same digest, whatever run made them', async () => {
    const first = (await upload()).record;
    file('README', 'not part of it');
    const second = (await upload({ runId: 'run2' })).record;
    expect(second.digest).toBe(first.digest);
  });

  it('belong to one cell of a run under one name', async () => {
    await upload();
    expect((await upload()).record.cell).toBe('build');
    await expect(upload({ cell: 'build (node: 20)' })).rejects.toThrow(
      'run run1 has an artifact "site" already, of build; give each its own name',
    );
  });

  it.each(['', '..', '.hidden', 'a/b', 'a/../../b', '-x', 'a\nb', 'a\\b', 'x'.repeat(1024), 'C:\\x', 'a '])(
    'refuse the name %j',
    async (name) => {
      await expect(upload({ name })).rejects.toMatchObject({ name: 'ArtifactError', code: 'name' });
      expect(contents.blobs.size).toBe(0);
    },
  );

  it('are refused when nothing matched, naming the paths', async () => {
    await expect(upload({ paths: ['build/**', '!*.map'] })).rejects.toThrow(
      'artifact site: 0 files matched "build/**", "!*.map"; look at what the steps made and at `paths`',
    );
  });

  it('are refused before anything is stored when a file holds a secret', async () => {
    const reveals = async (path: string) => readFileSync(path, 'utf8').includes('style');
    await expect(upload({ reveals })).rejects.toThrow(
      'artifact site: dist/deep/style.css holds a secret that the job was granted; leave the file out with "!dist/deep/style.css"',
    );
    expect(contents.blobs.size).toBe(0);
    expect(await artifacts.find({})).toEqual([]);
    expect((await upload({ reveals, paths: ['dist', '!dist/deep/style.css'] })).record.files).toBe(1);
  });

  it('warn of node_modules', async () => {
    file('dist/node_modules/left-pad/index.js', 'x');
    expect((await upload()).warnings).toEqual([
      'artifact site holds 1 file of node_modules (dist/node_modules/left-pad/index.js), which can be installed again: leave it out with "!**/node_modules"',
    ]);
    expect((await upload({ paths: ['dist', '!**/node_modules'] })).warnings).toEqual([]);
  });

  it('of an untrusted run are not given to a trusted one', async () => {
    const { record } = await upload({ trust: 'untrusted' });
    const target = join(folder, 'target');
    await expect(artifacts.download(record, target, { trust: 'trusted', runId: 'run9' })).rejects.toThrow(
      'artifact site was made by the untrusted run run1; the trusted run run9 may not use it',
    );
    mkdirSync(target);
    await artifacts.download(record, target, { trust: 'untrusted', runId: 'run1' });
  });

  it('are kept 90 days of a tag, 7 of a pull request, else 30, or as said, and for as long as they are pinned', async () => {
    const days = async (more: Partial<ArtifactUpload>) =>
      ((await upload(more)).record.expiresAtMs! - nowMs) / DAY_MS;
    expect(await days({ runId: 'a', tag: 'v1.0.0' })).toBe(90);
    expect(await days({ runId: 'b', event: 'pull_request' })).toBe(7);
    expect(await days({ runId: 'c' })).toBe(30);
    expect(await days({ runId: 'd', retentionMs: DAY_MS })).toBe(1);
    const [pinned] = await artifacts.find({ runId: 'd' });
    await artifacts.pin(pinned!, 'production');
    await artifacts.pin(pinned!, 'production');
    nowMs += 8 * DAY_MS;
    expect((await artifacts.expire(nowMs)).map(({ runId }) => runId)).toEqual(['b']);
    await artifacts.unpin(pinned!, 'production');
    expect((await artifacts.expire(nowMs)).map(({ runId }) => runId)).toEqual(['d']);
    expect((await artifacts.find({})).length).toBe(2);
  });

  it('with a damaged content are refused, naming the run that can make them again', async () => {
    const { record } = await upload();
    for (const [digest, blob] of contents.blobs) {
      if (digest !== record.tree) blob.stored = Buffer.from(blob.stored).fill(1, 30);
    }
    const target = join(folder, 'target');
    mkdirSync(target);
    await expect(artifacts.download(record, target, { trust: 'trusted', runId: null })).rejects.toThrow(
      /^artifact site of run run1 cannot be brought back: .*damaged.*sluice rerun run1/,
    );
  });

  it('tell the collector which blobs they keep', async () => {
    const { record } = await upload();
    const [stored] = contents.references.values();
    const { keeps } = JSON.parse(stored!.slice(stored!.indexOf('{'))) as { keeps?: Digest[] };
    expect(keeps).toEqual([record.tree]);
  });
});

describe('artifactVersion', () => {
  const facts = { tag: null, branch: 'main', commit: '1a2b3c4d5e6f', buildNumber: 12 };
  it.each([
    [{ ...facts, tag: 'v1.2.3' }, '1.2.3'],
    [{ ...facts, tag: '1.2.3-rc.1+build.5' }, '1.2.3-rc.1+build.5'],
    [{ ...facts, tag: 'api/v2.0.0' }, '2.0.0'],
    [{ ...facts, tag: 'nightly' }, '0.0.0-main.12+1a2b3c4d'],
    [facts, '0.0.0-main.12+1a2b3c4d'],
    [{ ...facts, branch: 'feat/Über_x' }, '0.0.0-feat-ber-x.12+1a2b3c4d'],
    [{ ...facts, branch: '007' }, '0.0.0-b007.12+1a2b3c4d'],
    [{ ...facts, branch: null, commit: null }, '0.0.0-detached.12'],
  ])('of %j is %s', (given, version) => {
    expect(artifactVersion(given)).toBe(version);
  });

  it('is always a semantic version', () => {
    const semver =
      /^(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(-((?:0|[1-9]\d*|\d*[a-zA-Z-][0-9a-zA-Z-]*)(?:\.(?:0|[1-9]\d*|\d*[a-zA-Z-][0-9a-zA-Z-]*))*))?(\+([0-9a-zA-Z-]+(?:\.[0-9a-zA-Z-]+)*))?$/;
    const text = fc.option(fc.string({ unit: 'binary' }), { nil: null });
    const commit = fc.option(fc.stringMatching(/^[0-9a-f]{40}$/), { nil: null });
    fc.assert(
      fc.property(text, text, commit, fc.nat(), (tag, branch, commit, buildNumber) => {
        expect(artifactVersion({ tag, branch, commit, buildNumber })).toMatch(semver);
      }),
    );
  });
});
