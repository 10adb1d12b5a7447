import { describe, expect, it } from 'vitest';
import { VirtualClock } from '../../test/support/virtual-clock.ts';
import { openMemoryStore } from '../store/memory.ts';
import { nextRunNumber } from './run-number.ts';

const RUN = { runId: 'one', actor: { kind: 'controller', id: 'one' }, atMs: 0 } as const;
const CI = { repository: 'ada/shop', file: '.github/workflows/ci.yml' };

describe('nextRunNumber', () => {
  it('counts each workflow of each repository from 1 on', async () => {
    const { journal } = openMemoryStore(new VirtualClock());
    expect(await nextRunNumber(journal, CI, RUN)).toBe(1);
    expect(await nextRunNumber(journal, CI, RUN)).toBe(2);
    expect(await nextRunNumber(journal, { ...CI, file: '.github/workflows/release.yml' }, RUN)).toBe(1);
    expect(await nextRunNumber(journal, { ...CI, repository: 'ada/till' }, RUN)).toBe(1);
    expect(await nextRunNumber(journal, CI, RUN)).toBe(3);
  });

  it('gives runs that are started at once numbers of their own', async () => {
    const { journal } = openMemoryStore(new VirtualClock());
    const numbers = await Promise.all(Array.from({ length: 20 }, () => nextRunNumber(journal, CI, RUN)));
    expect(numbers.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 20 }, (_, index) => index + 1));
  });
});
