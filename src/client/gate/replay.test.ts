import { describe, expect, it } from 'vitest';
import { aCondition, aTest, evidence, judgeOne, tests } from '../../../test/support/evidence.ts';
import { planJob, planOf, planStep, RunStory, STORY_SOURCE } from '../../../test/support/run-story.ts';
import { VirtualClock } from '../../../test/support/virtual-clock.ts';
import type { JsonObject } from '../../base/json.ts';
import type { GateResult } from '../../gate/result.ts';
import { runStream } from '../../journal/stream.ts';
import type { GateQuestion } from '../../runner/contract.ts';
import { openMemoryStore } from '../../store/memory.ts';
import { replayGates } from './replay.ts';

const CONDITION = aCondition({ atLeast: 100 }, 'tests.passed_share');
const PLAN = planOf([planJob('unit', { steps: [planStep('test')], gates: [CONDITION] })]);

function verdict(status: 'passed' | 'failed' | null): GateResult {
  const head = evidence(status === null ? [] : [tests([aTest('a', { status })])]);
  return judgeOne(CONDITION, { head }).gate;
}

/** One run whose gate passed, asked again. */
async function replayed(judge: (question: GateQuestion) => GateResult | null, isDirty = false) {
  const { journal } = openMemoryStore(new VirtualClock());
  const gates = verdict('passed') as unknown as JsonObject;
  const story = new RunStory(PLAN, { source: { ...STORY_SOURCE, dirty: isDirty } })
    .owned()
    .starts('unit')
    .ends('unit', { extras: { gates } })
    .finished('succeeded', 'well', 1000);
  await journal.append(runStream(story.runId), 0, story.events);
  const question = { repository: 'shop', pipeline: 'main-build', policy: PLAN, limit: 10 };
  return replayGates(question, { journal, judge: async (asked) => judge(asked) });
}

describe('replayGates', () => {
  it('tells what would be stopped, as at the time at which it was judged', async () => {
    let asked: GateQuestion | null = null;
    const runs = await replayed((question) => {
      asked = question;
      return verdict('failed');
    });
    expect(runs).toMatchObject([{ before: 'passed', after: 'stopped', because: null }]);
    expect(runs[0]!.changes).toMatchObject([{ gate: 'unit', before: 'pass', after: 'fail' }]);
    expect(asked).toMatchObject({
      gate: 'unit',
      atMs: verdict('passed').judgedAtMs,
      source: { mode: 'commit' },
    });
  });

  it('says that nobody can tell, where reports are not kept any more', async () => {
    const [run] = await replayed(() => null);
    expect(run).toMatchObject({ after: 'unknown', changes: [] });
    expect(run!.because).toBe('the reports of unit are not kept any more');
  });

  it('takes what is unknown of files in no commit for unknown, and not for a failure', async () => {
    expect(await replayed(() => verdict(null), true)).toMatchObject([{ after: 'unknown' }]);
    expect(await replayed(() => verdict(null))).toMatchObject([{ after: 'stopped' }]);
  });
});
