import { describe, expect, it } from 'vitest';
import { planJob, planOf, RunStory } from '../../test/support/run-story.ts';
import { foldRun } from '../client/fold-run.ts';
import { summaryJson, summaryMarkdown } from './summary.ts';

describe('summaryMarkdown', () => {
  it('lets no name, reason or log line out of its place', () => {
    const plan = planOf([planJob('a', { stage: 'x | y' }), planJob('b', { stage: 'x | y' })], {
      name: '<img src=x> *bold* [link](http://evil)',
    });
    const story = new RunStory(plan)
      .owned()
      .starts('a')
      .fails('a', 1, ['```', '````', '</details> @everyone', '\u001b[2Jx']);
    story.add({ type: 'cell.skipped', cell: 'b', job: 'b', reason: { sentence: 'one\ntwo | three `code`' } });
    const text = summaryMarkdown(foldRun(story.finished('failed', 'x', 5).events));
    expect(text).toMatchInlineSnapshot(`
      "## &lt;img src=x> \\*bold\\* \\[link\\](http://evil): failed in 5ms

      Run \`01jshop0000abc\` of main \\@ 3f2a91c + changes, event manual.

      | Stage | Job | Outcome | Time | Why |
      | --- | --- | --- | ---: | --- |
      | x \\| y | a | failed | 1.0s | true: exit code 1 |
      | x \\| y | b | skipped |  | one two \\| three \\\`code\\\` |

      ### a

      \`\`\`\`\`text
      \`\`\`
      \`\`\`\`
      </details> @everyone
      x
      \`\`\`\`\`
      "
    `);
  });

  it('lists warnings and what was taken over', () => {
    const plan = planOf([planJob('a')]);
    const story = new RunStory(plan, { rerunOf: { runId: 'r', reused: { a: { outcome: 'succeeded' } } } });
    story.add({ type: 'run.warning', message: 'low disk' });
    const text = summaryMarkdown(foldRun(story.finished('succeeded', 'x', 5).events));
    expect(text).toContain('| build | a | succeeded |  | taken over |');
    expect(text).toContain('- warning: low disk');
  });
});

describe('summaryJson', () => {
  it('has no exit code before the end', () => {
    const view = foldRun(new RunStory(planOf([planJob('a')])).owned().events);
    expect(summaryJson(view)).toMatchObject({ outcome: null, exitCode: null, durationMs: null });
  });

  it('says a cause as data and in words', () => {
    const story = new RunStory(planOf([planJob('a')])).owned().starts('a').fails('a', 127, []);
    expect(summaryJson(foldRun(story.events)).cells).toMatchObject([
      {
        cell: 'a',
        step: 'step-1',
        cause: { kind: 'exit-code', code: 127, text: 'exit code 127 (command not found)' },
      },
    ]);
  });
});
