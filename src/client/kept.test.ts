import {
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { entry, tarOf } from '../../test/support/archive-corpus.ts';
import { STORY_SOURCE } from '../../test/support/run-story.ts';
import { VirtualClock } from '../../test/support/virtual-clock.ts';
import type { CacheScope } from '../cache/contract.ts';
import type { CacheUse } from '../journal/run-event.ts';
import { openKept } from '../main/kept.ts';
import { openMemoryStore } from '../store/memory.ts';
import { clientArtifacts } from './artifacts.ts';
import { clientCaches } from './caches.ts';
import type { Artifacts } from './contract.ts';
import type { KeptRooms } from './kept.ts';

const clock = new VirtualClock();
let nextByte = 0;
const random = { bytes: (count: number) => Uint8Array.from({ length: count }, () => nextByte++ % 256) };
let folder = '';
let kept: KeptRooms;
let artifacts: Artifacts;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'kept-'));
  kept = await openKept(join(folder, 'home'), {}, () => {});
  artifacts = clientArtifacts({
    open: async () => kept,
    clock,
    random,
    by: 'ann',
    directory: join(folder, 'home'),
  });
  mkdirSync(join(folder, 'work/dist'), { recursive: true });
  writeFileSync(join(folder, 'work/dist/a.js'), 'a');
  writeFileSync(join(folder, 'work/dist/b.js'), 'b');
});

afterEach(async () => {
  await kept.close();
  rmSync(folder, { recursive: true, force: true });
});

const request = { only: [], replaces: false, untrusted: false };

async function uploaded(name = 'site', paths = ['dist']) {
  const from = { kind: 'files', root: join(folder, 'work'), paths } as const;
  return (await artifacts.upload({ name, source: STORY_SOURCE, version: null, metadata: {}, from })).record;
}

describe('clientArtifacts', () => {
  it('keeps files that no run made, by whom', async () => {
    expect(await uploaded()).toMatchObject({
      cell: 'uploaded by ann',
      files: 2,
      trust: 'trusted',
      repository: 'shop',
    });
    expect(await artifacts.find({ name: 'site' })).toHaveLength(1);
  });

  it('writes nothing at all when one file would be replaced', async () => {
    const record = await uploaded();
    const target = join(folder, 'out');
    mkdirSync(join(target, 'dist'), { recursive: true });
    writeFileSync(join(target, 'dist/b.js'), 'mine');
    await expect(artifacts.download(record, { ...request, target })).rejects.toThrow(
      '1 file would be replaced',
    );
    expect(existsSync(join(target, 'dist/a.js'))).toBe(false);
    await artifacts.download(record, { ...request, target, only: ['dist/a.js'] });
    expect(readFileSync(join(target, 'dist/b.js'), 'utf8')).toBe('mine');
    await artifacts.download(record, { ...request, target, replaces: true });
    expect(readFileSync(join(target, 'dist/b.js'), 'utf8')).toBe('b');
  });

  it('does not take a file that stands where a folder is needed for free space', async () => {
    const record = await uploaded();
    const target = join(folder, 'out');
    mkdirSync(target);
    writeFileSync(join(target, 'dist'), 'a file');
    await expect(artifacts.download(record, { ...request, target })).rejects.toThrow('would be replaced');
    expect(readFileSync(join(target, 'dist'), 'utf8')).toBe('a file');
  });

  it('brings what an untrusted run made only when that is said', async () => {
    const record = { ...(await uploaded()), trust: 'untrusted' as const };
    const target = join(folder, 'out');
    await expect(artifacts.download(record, { ...request, target })).rejects.toThrow(
      'made by the untrusted run',
    );
    await expect(artifacts.pack(record, { ...request, target: `${target}.tar` })).rejects.toThrow(
      'untrusted',
    );
    expect(existsSync(target)).toBe(false);
    expect(await artifacts.download(record, { ...request, target, untrusted: true })).toMatchObject({
      files: 2,
    });
  });

  it('packs an archive, and takes its content back as the same artifact', async () => {
    const record = await uploaded();
    const target = join(folder, 'site.tar.zst');
    const told: number[] = [];
    await artifacts.pack(record, { ...request, target, onProgress: (bytes) => told.push(bytes) });
    expect(told).toEqual([1, 2]);
    await expect(artifacts.pack(record, { ...request, target })).rejects.toThrow('would be replaced');
    const from = { kind: 'archive', file: target } as const;
    const again = await artifacts.upload({
      name: 'again',
      source: STORY_SOURCE,
      version: '1',
      metadata: {},
      from,
    });
    expect(again.record.digest).toBe(record.digest);
    expect(readdirSync(join(folder, 'home')).filter((name) => name.startsWith('unpacked-'))).toEqual([]);
  });

  it('keeps nothing of a bad archive', async () => {
    const file = join(folder, 'bad.tar');
    writeFileSync(file, Buffer.concat([entry({ name: 'good' }), tarOf({ name: '../outside' })]));
    const from = { kind: 'archive', file } as const;
    await expect(
      artifacts.upload({ name: 'bad', source: STORY_SOURCE, version: null, metadata: {}, from }),
    ).rejects.toMatchObject({
      name: 'UserError',
      exitCode: 2,
      message: expect.stringContaining('"../outside"'),
    });
    expect(await artifacts.find({ name: 'bad' })).toEqual([]);
    expect(readdirSync(join(folder, 'home')).filter((name) => name.startsWith('unpacked-'))).toEqual([]);
    expect(existsSync(join(folder, 'outside'))).toBe(false);
  });

  it('names the nearest file for one that is not there', async () => {
    const record = await uploaded();
    await expect(artifacts.open(record, 'dist/c.js')).rejects.toMatchObject({
      diagnostics: [{ suggestion: expect.stringContaining('dist/') }],
    });
  });

  it('pins and unpins by the name of whoever asks', async () => {
    const record = await uploaded();
    await artifacts.pin(record);
    expect((await artifacts.find({}))[0]!.pinnedBy).toEqual(['ann']);
    await artifacts.unpin(record, 'bob');
    expect((await artifacts.find({}))[0]!.pinnedBy).toEqual(['ann']);
    await artifacts.unpin(record, null);
    expect((await artifacts.find({}))[0]!.pinnedBy).toEqual([]);
  });

  it('restores private copies', async () => {
    const record = await uploaded();
    const target = join(folder, 'out');
    await artifacts.download(record, { ...request, target });
    expect(lstatSync(join(target, 'dist/a.js')).nlink).toBe(1);
  });
});

describe('clientCaches', () => {
  const scope: CacheScope = { repository: 'shop', trust: 'trusted', ref: 'main', readableRefs: [] };
  const use = (change: Partial<CacheUse>): CacheUse => ({
    key: 'npm',
    action: 'restored',
    sentence: 'cache npm: restored',
    bytes: 2,
    tookMs: 10,
    savedMs: 500,
    ...change,
  });

  it('tells what is kept with what the journal says of its use', async () => {
    const { journal } = openMemoryStore(clock);
    const save = { scope, paths: ['dist'], root: join(folder, 'work'), madeInMs: 900 };
    await kept.caches.save({ ...save, key: 'npm' });
    await kept.caches.save({ ...save, key: 'idle' });
    const shared = { schemaVersion: 1, at: clock.now(), actor: { kind: 'runner', id: 'r' } } as const;
    for (const [repository, caches] of [
      ['shop', [use({}), use({ action: 'missed', savedMs: 0 }), use({ action: 'saved', savedMs: 0 })]],
      ['shop', [use({}), use({ key: 'gone', action: 'missed', savedMs: 0 })]],
      ['other', [use({})]],
    ] as const) {
      const finished = {
        type: 'cell.finished',
        cell: 'a',
        job: 'a',
        attempt: 1,
        outcome: 'succeeded',
        cause: null,
        step: null,
        durationMs: 1,
        outputs: {},
        tail: [],
        retry: null,
        extras: { caches },
      } as const;
      const requested = { type: 'run.warning', message: 'begin' } as const;
      const events = [requested, finished].map((body) => ({ ...shared, subject: { repository }, body }));
      await journal.append(`run/${repository}${nextByte++}`, 0, events);
    }
    const caches = clientCaches({ open: async () => kept, journal, clock });
    const views = Object.fromEntries((await caches.list('shop')).map((view) => [view.key, view]));
    expect(views.npm).toMatchObject({
      hits: 2,
      misses: 1,
      savedMs: 1000,
      kept: [{ ref: 'main', versions: 1, bytes: 2 }],
    });
    expect(views.idle).toMatchObject({ hits: 0, misses: 0, kept: [{ ref: 'main' }] });
    expect(views.gone).toMatchObject({ hits: 0, misses: 1, kept: [] });
  });

  it('prunes caches over the limit, and artifacts that have expired', async () => {
    const later = new VirtualClock();
    const caches = clientCaches({
      open: async () => kept,
      journal: openMemoryStore(later).journal,
      clock: later,
    });
    const save = { scope, paths: ['dist'], root: join(folder, 'work'), madeInMs: 900 };
    await kept.caches.save({ ...save, key: 'npm' });
    await uploaded();
    later.now = () => Date.now() + 40 * 86_400_000;
    expect(await caches.prune({ bytesMax: 1e9, ageMaxMs: 1e9 })).toMatchObject({
      artifacts: 1,
      cacheEntries: 1,
    });
    expect(await caches.list('shop')).toEqual([]);
    expect(await artifacts.find({})).toEqual([]);
  });
});
