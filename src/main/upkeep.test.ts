import { describe, expect, it } from 'vitest';
import type { ArtifactRecord } from '../artifact/contract.ts';
import { overQuota } from './upkeep.ts';

const record = (name: string, bytes: number, expiresAtMs: number | null, pinnedBy: readonly string[] = []) =>
  ({ name, bytes, expiresAtMs, pinnedBy }) as ArtifactRecord;

describe('overQuota', () => {
  const records = [
    record('release', 10, 900),
    record('pinned', 10, 100, ['ann']),
    record('pull', 10, 200),
    record('branch', 10, 300),
    record('for good', 10, null),
  ];
  const going = (bytesMax: number) => overQuota(records, bytesMax).map(({ name }) => name);

  it('names what expires soonest until the rest fits', () => {
    expect(going(50)).toEqual([]);
    expect(going(49)).toEqual(['pull']);
    expect(going(30)).toEqual(['pull', 'branch']);
  });

  it('never names what is pinned or kept for good', () => {
    expect(going(0)).toEqual(['pull', 'branch', 'release']);
  });
});
