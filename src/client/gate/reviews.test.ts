import { describe, expect, it } from 'vitest';
import {
  aCondition,
  aTest,
  aWaiver,
  evidence,
  judgeOne,
  NOW,
  tests,
} from '../../../test/support/evidence.ts';
import { VirtualClock } from '../../../test/support/virtual-clock.ts';
import { recordVerdict } from '../../controller/gate-journal.ts';
import { openMemoryStore } from '../../store/memory.ts';
import { closeBypass, reviewsOf } from './reviews.ts';

const TEXT = 'a certificate had ended; a program renews it now';

/** A journal with two gates that a bypass let pass. */
async function bypassed() {
  const clock = new VirtualClock();
  const { journal } = openMemoryStore(clock);
  const condition = aCondition({ atLeast: 100 }, 'tests.passed_share');
  const head = evidence([tests([aTest('a', { status: 'failed' })])]);
  for (const gate of ['unit', 'merge']) {
    const expires = new Date(NOW + 3_600_000).toISOString();
    const waivers = [aWaiver({ emergency: true, expires, reason: gate })];
    const result = { ...judgeOne(condition, { head }, { waivers }).gate, gate };
    const verdict = { cause: `run/${gate}#1`, result, waivers, repository: 'shop', branch: null };
    await recordVerdict(journal, { kind: 'controller', id: 'one' }, {}, verdict, NOW);
  }
  return { journal, clock, actor: { kind: 'person', id: 'ada (uid 1000)' } } as const;
}

describe('reviews of bypasses', () => {
  it('are open until somebody closes them with a text, and stay closed', async () => {
    const world = await bypassed();
    const [first, second] = await reviewsOf(world.journal, 'shop');
    expect([first!.closed, second!.closed]).toEqual([null, null]);
    const closed = await closeBypass('shop', second!.bypass, ` ${TEXT} `, world);
    expect(closed.closed).toMatchObject({ by: 'ada', text: TEXT });
    const after = await reviewsOf(world.journal, 'shop');
    expect(after.filter((one) => one.closed === null)).toEqual([first]);
    await expect(closeBypass('shop', second!.bypass, TEXT, world)).rejects.toThrow('was closed by ada');
  });

  it('are of one repository', async () => {
    const world = await bypassed();
    expect(await reviewsOf(world.journal, 'other')).toEqual([]);
    const { bypass } = (await reviewsOf(world.journal, 'shop'))[0]!;
    await expect(closeBypass('other', bypass, TEXT, world)).rejects.toThrow(`there is no review ${bypass}`);
  });

  it('are not closed with a word', async () => {
    const world = await bypassed();
    const { bypass } = (await reviewsOf(world.journal, 'shop'))[0]!;
    await expect(closeBypass('shop', bypass, 'done', world)).rejects.toThrow('at least 20 characters');
  });
});
