import { describe, expect, it } from 'vitest';
import { aCondition, aTest, aWaiver, evidence, judgeOne, NOW, tests } from '../../test/support/evidence.ts';
import { VirtualClock } from '../../test/support/virtual-clock.ts';
import type { GateResult } from '../gate/result.ts';
import { gateStream } from '../journal/stream.ts';
import { openMemoryStore } from '../store/memory.ts';
import { recordVerdict, type Verdict } from './gate-journal.ts';

const ACTOR = { kind: 'controller', id: 'one' } as const;
const STREAM = gateStream('repository', 'merge');
const CONDITION = aCondition({ atLeast: 100 }, 'tests.passed_share');

function failing(waivers: Verdict['waivers'] = []): GateResult {
  const head = evidence([tests([aTest('a', { status: 'failed' })])]);
  return judgeOne(CONDITION, { head }, { waivers }).gate;
}

function verdict(cause: string, more: Partial<Verdict> = {}): Verdict {
  return { cause, result: failing(), waivers: [], repository: 'repository', branch: 'main', ...more };
}

async function types(journal: ReturnType<typeof openMemoryStore>['journal']) {
  return (await journal.read(STREAM)).map(({ body }) => body.type);
}

describe('recordVerdict', () => {
  it('records a verdict once, however often it is told', async () => {
    const { journal } = openMemoryStore(new VirtualClock());
    for (const _ of [1, 2]) await recordVerdict(journal, ACTOR, {}, verdict('run/a#7'), NOW);
    expect(await types(journal)).toEqual(['gate.judged']);
  });

  it('tells when a gate has failed three times in a row on a branch, and counts others apart', async () => {
    const { journal } = openMemoryStore(new VirtualClock());
    await recordVerdict(journal, ACTOR, {}, verdict('run/a#1'), NOW);
    await recordVerdict(journal, ACTOR, {}, verdict('run/b#1', { branch: 'other' }), NOW);
    await recordVerdict(journal, ACTOR, {}, verdict('run/c#1'), NOW);
    expect(await types(journal)).not.toContain('gate.escalated');
    await recordVerdict(journal, ACTOR, {}, verdict('run/d#1'), NOW);
    expect((await journal.read(STREAM)).at(-1)?.body).toMatchObject({
      type: 'gate.escalated',
      on: 'main',
      failures: 3,
    });
  });

  it('writes down which waiver was used, and opens the review of a bypass once', async () => {
    const { journal } = openMemoryStore(new VirtualClock());
    const waivers = [aWaiver({ emergency: true, expires: new Date(NOW + 3_600_000).toISOString() })];
    const result = failing(waivers);
    expect(result.verdict).toBe('waived');
    for (const cause of ['run/a#1', 'run/b#1'])
      await recordVerdict(journal, ACTOR, {}, verdict(cause, { result, waivers }), NOW);
    expect(await types(journal)).toEqual([
      'gate.judged',
      'waiver.used',
      'bypass.opened',
      'gate.judged',
      'waiver.used',
    ]);
  });

  it('gives way to another writer of the stream', async () => {
    const { journal } = openMemoryStore(new VirtualClock());
    const runs = ['a', 'b', 'c', 'd'].map((run) =>
      recordVerdict(journal, ACTOR, {}, verdict(`run/${run}#1`, { branch: null }), NOW),
    );
    await Promise.all(runs);
    expect(await types(journal)).toEqual(Array(4).fill('gate.judged'));
  });
});
