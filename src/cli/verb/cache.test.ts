import { beforeEach, describe, expect, it } from 'vitest';
import { STORY_START_MS } from '../../../test/support/run-story.ts';
import { ScriptedWorld } from '../../../test/support/scripted-ports.ts';

let world: ScriptedWorld;

beforeEach(() => {
  world = new ScriptedWorld();
  const usedAtMs = STORY_START_MS - 7_200_000;
  const kept = { ref: 'main', trust: 'trusted' as const, versions: 2, bytes: 12_582_912, usedAtMs };
  world.client.caches.views = [
    {
      key: 'npm-3f2a91c0',
      kept: [kept, { ...kept, ref: 'next', versions: 1 }],
      hits: 3,
      misses: 1,
      savedMs: 114_000,
    },
    { key: `gradle-${'a'.repeat(80)}`, kept: [kept], hits: 0, misses: 0, savedMs: 0 },
    { key: 'gone', kept: [], hits: 0, misses: 2, savedMs: 0 },
  ];
});

describe('sluice cache', () => {
  it('lists keys with their size, how often each helped and the time it saved, in 80 columns', async () => {
    expect(await world.run('cache', 'list')).toBe(0);
    expect(world.out.text).toMatchInlineSnapshot(`
      "key                            of      versions    size  used       hits   saved
      npm-3f2a91c0                   2 refs         3  24 MiB  2h ago  3/4 75%  1m 54s
      gradle-aaaaaaaaaaaaaaaaaaaaa…  main           2  12 MiB  2h ago
      gone                                          0     0 B           0/2 0%

      3 keys, 36 MiB; 3 of 6 restores hit, 1m 54s saved
      "
    `);
    for (const line of world.out.text.split('\n')) expect(line.length).toBeLessThanOrEqual(80);
  });

  it('gives the same as JSON', async () => {
    expect(await world.run('cache', 'list', '--json')).toBe(0);
    expect(JSON.parse(world.out.text)).toEqual(world.client.caches.views);
  });

  it('says how to get a cache when there is none', async () => {
    world.client.caches.views = [];
    await world.run('cache', 'list');
    expect(world.out.text).toBe('no cache yet; a job gets one with `cache:`\n');
  });

  it('removes a key, or all of them when that is said', async () => {
    expect(await world.run('cache', 'remove', 'npm-3f2a91c0')).toBe(0);
    expect(await world.run('cache', 'remove', '--all')).toBe(0);
    expect(world.client.caches.asked).toEqual([
      ['remove', 'npm-3f2a91c0'],
      ['remove', null],
    ]);
  });

  it('prunes within ten gibibytes and thirty days, or what is said', async () => {
    expect(await world.run('cache', 'prune')).toBe(0);
    expect(world.out.text.replace(/\s+/g, ' ')).toBe(
      '1 expired artifact, 2 cache versions and 30 contents removed: 4.3 MiB free again ',
    );
    await world.run('cache', 'prune', '--max-size', '500MB', '--max-age', '90d', '--json');
    expect(world.client.caches.asked).toEqual([
      ['prune', { bytesMax: 10 * 1024 ** 3, ageMaxMs: 30 * 86_400_000 }],
      ['prune', { bytesMax: 500_000_000, ageMaxMs: 90 * 86_400_000 }],
    ]);
  });

  it.each([
    [['remove'], 'say which key, or --all'],
    [['remove', 'a', '--all'], 'say which key, or --all'],
    [['remove', 'npm-3f2a91c1'], 'did you mean npm-3f2a91c0?'],
    [['prune', '--max-size', 'much'], '--max-size is "much"'],
    [['prune', '--max-age', 'long'], '--max-age is "long"'],
    [['prone'], 'did you mean sluice cache prune?'],
  ])('refuses %j with exit code 2', async (words, said) => {
    expect(await world.run('cache', ...words)).toBe(2);
    expect(world.err.text).toContain(said);
  });
});
