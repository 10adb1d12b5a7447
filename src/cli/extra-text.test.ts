import { describe, expect, it } from 'vitest';
import { planJob, planOf, planStep, RunStory } from '../../test/support/run-story.ts';
import { digestOf } from '../base/digest.ts';
import { foldRun } from '../client/fold-run.ts';
import type { CellExtras } from '../journal/run-event.ts';
import { eventfulTexts, extrasInShort, extraTexts } from './extra-text.ts';
import { renderLive } from './live/render-live.ts';
import { makeLook } from './look.ts';
import { renderStory } from './story.ts';
import { summaryJson, summaryMarkdown } from './summary.ts';

const key = `npm-${digestOf('lock')}`;
const EXTRAS: CellExtras = {
  work: {
    fingerprint: digestOf('work'),
    reusedFrom: '01jshop0000old',
    sentence: 'not done again: run 01jshop0000old did the same',
    savedMs: 4200,
  },
  caches: [
    {
      key,
      action: 'restored',
      sentence: `cache ${key}: restored 12 MiB`,
      bytes: 12_582_912,
      tookMs: 400,
      savedMs: 38_000,
    },
    { key, action: 'not-saved', sentence: `cache ${key}: there already`, bytes: 0, tookMs: 1, savedMs: 0 },
  ],
  kept: [
    {
      runId: '01jshop0000abc',
      cell: 'a',
      name: 'si\u0007te',
      version: '1.2.0',
      digest: digestOf('site'),
      bytes: 3_565_158,
      files: 12,
      trust: 'trusted',
      expiresAtMs: null,
    },
  ],
};
const short = `npm-${digestOf('lock').slice(0, 12)}...`;
const TOLD = [
  'not done again: run 01jshop0000old did the same, saved 4.2s',
  `cache ${short}: restored 12 MiB, saved 38.0s`,
  `cache ${short}: there already`,
  `artifact si\\u{7}te 1.2.0 (12 files, 3.4 MiB) sha256:${digestOf('site').slice(0, 12)}`,
];

function story() {
  const run = new RunStory(planOf([planJob('a', { steps: [planStep('one')] })]));
  return foldRun(
    run.add(
      { type: 'cell.started', cell: 'a', job: 'a', attempt: 1 },
      {
        type: 'cell.finished',
        cell: 'a',
        job: 'a',
        attempt: 1,
        outcome: 'succeeded',
        cause: null,
        step: null,
        durationMs: 1000,
        outputs: {},
        tail: [],
        retry: null,
        extras: EXTRAS,
      },
    ).events,
  );
}

const look = makeLook({ width: 80, height: 24, colour: false, unicode: true, live: false });

describe('what a cell did besides its steps', () => {
  it('is told in sentences, without control characters and whole digests', () => {
    expect(extraTexts(EXTRAS)).toEqual(TOLD);
    expect(extraTexts({})).toEqual([]);
  });

  it('leaves out as it goes on what changed nothing', () => {
    expect(eventfulTexts(EXTRAS)).toEqual([TOLD[0], TOLD[1], TOLD[3]]);
  });

  it('is told in few words where there is one line', () => {
    expect(extrasInShort(EXTRAS)).toEqual([
      'reused from 01jshop0000old',
      'cache restored, saved 38.0s',
      'si\\u{7}te 1.2.0',
    ]);
    expect(extrasInShort({ caches: [EXTRAS.caches![1]!] })).toEqual([]);
  });

  it('is seen in the story, the live view, and the summary as Markdown and JSON', () => {
    const view = story();
    const told = renderStory(view, look, 0).join('\n').replace(/\s+/g, ' ');
    for (const text of TOLD) expect(told).toContain(`· ${text}`);
    const live = renderLive(view, { look, nowMs: 0, tails: new Map(), notice: null }).join('\n');
    expect(live).toContain('reused from 01jshop0000old · cache restored, saved 38.0s');
    expect(summaryMarkdown(view)).toContain(
      '- a: not done again: run 01jshop0000old did the same, saved 4.2s',
    );
    expect(summaryJson(view)).toMatchObject({ cells: [{ cell: 'a', extras: EXTRAS }] });
  });

  it('keeps to 80 columns', () => {
    for (const line of renderStory(story(), look, 0)) expect(line.length).toBeLessThanOrEqual(80);
  });
});
