import { describe, expect, it } from 'vitest';
import {
  aCondition,
  aFinding,
  aWaiver,
  evidence,
  findings,
  judgeOne,
  NOW,
} from '../../test/support/evidence.ts';
import { VirtualClock } from '../../test/support/virtual-clock.ts';
import { waiverId } from '../gate/waiver.ts';
import type { PlanJob } from '../pipeline/plan.ts';
import type { Waiver } from '../pipeline/plan-gate.ts';
import { openMemoryStore } from '../store/memory.ts';
import { recordVerdict } from './gate-journal.ts';
import { waiverHistory } from './waiver-history.ts';

const DAY_MS = 86_400_000;
const ACTOR = { kind: 'controller', id: 'one' } as const;
const SAST = aCondition({ preset: 'sast', name: 'sast' });
const IDLE = aWaiver({ condition: 'sast', match: { rule: 'z' } });
const JOB = { id: 'gate', gates: [SAST] } as unknown as PlanJob;
const OTHER = { id: 'other', gates: [SAST] } as unknown as PlanJob;
const planWith = (...waivers: readonly Waiver[]) => ({ jobs: [JOB, OTHER], waivers });

/** A journal in which the gate was judged on these days, with findings of this rule. */
async function judgedOn(days: readonly number[], gate = 'gate', rule = 'a') {
  const { journal } = openMemoryStore(new VirtualClock());
  const head = evidence([findings([aFinding({ rule })])]);
  const result = { ...judgeOne(SAST, { head }, { waivers: [IDLE] }).gate, gate };
  for (const [index, day] of days.entries()) {
    const verdict = { cause: `run/${index}#1`, result, waivers: [IDLE], repository: 'shop', branch: null };
    await recordVerdict(journal, ACTOR, {}, verdict, NOW + day * DAY_MS);
  }
  return journal;
}

describe('waiverHistory', () => {
  it('is that of the stream of the gate', async () => {
    const journal = await judgedOn([-20, -1]);
    expect(await waiverHistory(journal, 'shop', JOB, planWith(IDLE), NOW)).toEqual({
      [waiverId(IDLE)]: { firstSeenAtMs: NOW - 20 * DAY_MS, lastUsedAtMs: null },
    });
    expect(await waiverHistory(journal, 'other', JOB, planWith(IDLE), NOW)).toEqual({});
    expect(await waiverHistory(journal, 'shop', JOB, planWith(aWaiver({ condition: 'other' })), NOW)).toEqual(
      {},
    );
  });

  it('is also that of other gates with the same condition', async () => {
    const journal = await judgedOn([-20, -1], 'other', 'z');
    const history = await waiverHistory(journal, 'shop', JOB, planWith(IDLE), NOW);
    expect(history[waiverId(IDLE)]!.lastUsedAtMs).toBe(NOW - DAY_MS);
  });

  it('goes back, page by page, to the time before a waiver has to be used', async () => {
    const journal = await judgedOn([-30, ...Array.from({ length: 220 }, (_, index) => -10 + index / 50)]);
    const history = await waiverHistory(journal, 'shop', JOB, planWith(IDLE), NOW);
    expect(history[waiverId(IDLE)]!.firstSeenAtMs).toBe(NOW - 30 * DAY_MS);
  });
});
