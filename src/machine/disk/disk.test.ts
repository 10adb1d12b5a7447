import { mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Ballast } from './ballast.ts';
import { DISK_LIMITS, floorBytes, readDiskLimits } from './limits.ts';
import { diskSpace } from './space.ts';
import { sweepLogs, sweepOld } from './sweep.ts';
import { isTended } from './tended.ts';
import { claimUpkeep } from './upkeep-mark.ts';

const NOW_MS = 1_800_000_000_000;
const DAY_MS = 86_400_000;
let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sluice-disk-'));
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe('diskSpace', () => {
  it('tells of the disk that a path would lie on', () => {
    const space = diskSpace(join(folder, 'not', 'there'));
    expect(space!.totalBytes).toBeGreaterThan(space!.freeBytes);
    expect(space!.freeBytes).toBeGreaterThan(0);
  });
});

describe('Ballast', () => {
  it('takes room that really is taken, and gives it back once', () => {
    const ballast = new Ballast(folder, 300_000);
    expect(ballast.release()).toBe(false);
    ballast.restore(0);
    expect(statSync(join(folder, 'ballast')).blocks * 512).toBeGreaterThanOrEqual(300_000);
    expect(ballast.release()).toBe(true);
    expect(ballast.release()).toBe(false);
  });

  it('takes none when less than the floor would be left', () => {
    const ballast = new Ballast(folder, 300_000);
    ballast.restore(Number.MAX_SAFE_INTEGER);
    expect(readdirSync(folder)).toEqual([]);
  });
});

describe('limits', () => {
  const readers = {
    size: (text: string) => (/^\d+$/.test(text) ? Number(text) : null),
    time: (text: string) => (/^\d+d$/.test(text) ? Number.parseInt(text, 10) * DAY_MS : null),
  };
  const read = (environment: Record<string, string>) =>
    readDiskLimits(environment, readers, (...words) => new Error(words.join('|')));

  it('are the defaults where the environment says nothing', () => {
    expect(read({ SLUICE_LOGS_MAX: ' ' })).toEqual(DISK_LIMITS);
  });

  it('come from the environment', () => {
    const given = read({ SLUICE_LOGS_MAX: '10', SLUICE_CACHE_AGE: '3d', SLUICE_DISK_FLOOR: '5 %' });
    expect(given).toMatchObject({ logBytesMax: 10, cacheAgeMaxMs: 3 * DAY_MS });
    expect(floorBytes(given.floor, 1000)).toBe(50);
    expect(floorBytes(read({ SLUICE_DISK_FLOOR: '0' }).floor, 1000)).toBe(0);
  });

  it.each([
    'SLUICE_LOGS_MAX',
    'SLUICE_LOGS_AGE',
    'SLUICE_CACHE_MAX',
    'SLUICE_DISK_FLOOR',
    'SLUICE_ARTIFACTS_MAX',
  ])('refuse %s when it cannot be read', (name) =>
    expect(() => read({ [name]: 'much' })).toThrow(`${name}|much|a `),
  );

  it('leave 1 GiB free, and of a small disk 2 %', () => {
    expect(floorBytes({ kind: 'default' }, 10 ** 12)).toBe(1024 ** 3);
    expect(floorBytes({ kind: 'default' }, 10 ** 9)).toBe(2 * 10 ** 7);
  });
});

describe('sweepLogs', () => {
  function log(name: string, ageMs: number, bytes = 4096): void {
    mkdirSync(join(folder, name, 'a.1'), { recursive: true });
    writeFileSync(join(folder, name, 'a.1', 'step.1.log'), 'x'.repeat(bytes));
    for (const path of [join(name, 'a.1', 'step.1.log'), join(name, 'a.1'), name])
      utimesSync(join(folder, path), (NOW_MS - ageMs) / 1000, (NOW_MS - ageMs) / 1000);
  }
  const sweep = (more: { bytesMax?: number; ageMaxMs?: number; running?: readonly string[] } = {}) =>
    sweepLogs({
      folder,
      bytesMax: more.bytesMax ?? Number.MAX_SAFE_INTEGER,
      ageMaxMs: more.ageMaxMs ?? 90 * DAY_MS,
      nowMs: NOW_MS,
      isOver: async (name) => !more.running?.includes(name),
    });

  it('removes the oldest until the rest fits, and what is too old', async () => {
    log('old', 100 * DAY_MS);
    log('middle', 3 * DAY_MS, 400_000);
    log('new', DAY_MS, 400_000);
    expect((await sweep()).count).toBe(1);
    expect(readdirSync(folder).sort()).toEqual(['middle', 'new']);
    const swept = await sweep({ bytesMax: 600_000 });
    expect(swept.count).toBe(1);
    expect(swept.bytes).toBeGreaterThanOrEqual(400_000);
    expect(readdirSync(folder)).toEqual(['new']);
  });

  it('leaves the logs of a run that goes on, however old and large', async () => {
    log('running', 100 * DAY_MS);
    log('over', DAY_MS);
    await sweep({ bytesMax: 1, running: ['running'] });
    expect(readdirSync(folder)).toEqual(['running']);
  });

  it('removes what a killed sweep left of a log', async () => {
    log('.going-old', DAY_MS);
    log('new', DAY_MS);
    await sweep();
    expect(readdirSync(folder)).toEqual(['new']);
  });

  it('has nothing to do where nothing was logged', async () => {
    expect(
      await sweepLogs({
        folder: join(folder, 'none'),
        bytesMax: 0,
        ageMaxMs: 0,
        nowMs: 0,
        isOver: async () => true,
      }),
    ).toEqual({
      count: 0,
      bytes: 0,
    });
  });
});

describe('sweepOld', () => {
  it('removes files and folders that were not changed for so long', () => {
    for (const [name, ageMs] of [
      ['young', DAY_MS],
      ['old', 3 * DAY_MS],
    ] as const) {
      mkdirSync(join(folder, name));
      writeFileSync(join(folder, name, 'file'), 'x');
      utimesSync(join(folder, name), (NOW_MS - ageMs) / 1000, (NOW_MS - ageMs) / 1000);
    }
    expect(sweepOld(folder, 2 * DAY_MS, NOW_MS).count).toBe(1);
    expect(readdirSync(folder)).toEqual(['young']);
  });
});

describe('upkeep', () => {
  const HOUR_MS = 3_600_000;

  it('is due an hour after the last, for one caller, and not in a new folder', () => {
    expect(isTended(folder, NOW_MS)).toBe(true);
    const mark = join(folder, 'upkeep');
    utimesSync(mark, NOW_MS / 1000, NOW_MS / 1000);
    new Ballast(folder, 1).restore(0);
    expect(isTended(folder, NOW_MS + HOUR_MS - 1000)).toBe(true);
    expect(claimUpkeep(folder, NOW_MS + HOUR_MS - 1000)).toBe(false);
    expect(isTended(folder, NOW_MS + HOUR_MS + 1000)).toBe(false);
    expect(claimUpkeep(folder, NOW_MS + HOUR_MS + 1000)).toBe(true);
    expect(claimUpkeep(folder, NOW_MS + HOUR_MS + 1000)).toBe(false);
  });

  it('is due when the clock was put back, and never where there is no folder', () => {
    isTended(folder, NOW_MS);
    utimesSync(join(folder, 'upkeep'), NOW_MS / 1000, NOW_MS / 1000);
    expect(claimUpkeep(folder, NOW_MS - DAY_MS)).toBe(true);
    expect(claimUpkeep(join(folder, 'not', 'there'), NOW_MS)).toBe(false);
    expect(isTended(join(folder, 'not', 'there'), NOW_MS)).toBe(true);
  });

  it('sees to a ballast that was given back', () => {
    isTended(folder, NOW_MS);
    utimesSync(join(folder, 'upkeep'), NOW_MS / 1000, NOW_MS / 1000);
    expect(isTended(folder, NOW_MS)).toBe(false);
  });
});
