import { describe, expect, it } from 'vitest';
import { planJob, planOf, RunStory } from '../../../test/support/run-story.ts';
import { ScriptedWorld } from '../../../test/support/scripted-ports.ts';

const FILE =
  'name: shop\nstages:\n  - name: build\n    jobs:\n      - name: lint\n        commands: ["true"]\n';
const PLAN = planOf([planJob('lint')]);

function terminalWith(story: RunStory): ScriptedWorld {
  const world = new ScriptedWorld();
  world.files.set('/work/shop/sluice.yaml', FILE);
  world.environment = { LANG: 'C.UTF-8', NO_COLOR: '1' };
  world.out.isTTY = true;
  world.out.columns = 80;
  world.out.rows = 24;
  world.client.next = story;
  return world;
}

describe('the live view', () => {
  it('draws the run in place, with its last lines, and leaves the final state and the report', async () => {
    const story = new RunStory(PLAN).owned().starts('lint');
    const world = terminalWith(story);
    world.client.logLines = [
      {
        cell: 'lint',
        step: 'step-1',
        attempt: 1,
        line: 1,
        atMs: 0,
        text: 'looking\u001b]0;evil\u0007 at it',
      },
    ];
    const code = world.run('run');
    await until(() => {
      world.clock.pass(100);
      return world.out.text.includes('│ looking at it');
    });
    expect(world.out.text).toContain('● lint › true');
    expect(world.out.text).not.toContain('evil');
    story.later(2000).fails('lint', 1, ['it is bad']).finished('failed', 'lint failed', 2000);
    world.client.goOn();
    expect(await code).toBe(1);
    // After the last frame was taken away.
    const left = world.out.text.slice(world.out.text.lastIndexOf('\u001b[?2026l'));
    expect(left.replace(/\u001b\[\?\d+[hl]/g, '')).toMatchInlineSnapshot(`
      "main-build  main @ 3f2a91c + changes                          run 01jshop0000abc

      ✗ lint › true  exit code 1                                                  1.0s

      ✗ lint › true
        exit code 1 after 1.0s
        │ it is bad
        all of it: sluice logs 01jshop0000abc --job lint

      ✗ failed in 2.0s  lint failed                                 run 01jshop0000abc

      next: sluice rerun 01jshop0000abc --failed  run again what did not succeed
            sluice show 01jshop0000abc            the whole story
      "
    `);
  });

  it('says below the run how to leave at once', async () => {
    const story = new RunStory(PLAN).owned().starts('lint');
    const world = terminalWith(story);
    const code = world.run('run');
    await until(() => {
      world.clock.pass(100);
      return world.out.text.includes('● lint');
    });
    world.interrupt();
    await until(() => {
      world.clock.pass(100);
      return world.out.text.includes('once more: leave at once');
    });
    world.interrupt();
    expect(await code).toBe(1);
    expect(world.err.text).toContain('sluice resume 01jshop0000abc');
    const after = world.out.text;
    world.clock.pass(10_000);
    expect(world.out.text).toBe(after);
  });

  it('is not drawn with --no-live, nor in a terminal that cannot', async () => {
    for (const argv of [['run', '--no-live'], ['run']]) {
      const world = terminalWith(new RunStory(PLAN).owned().finished('succeeded', 'all good', 5));
      if (argv.length === 1) world.environment = { TERM: 'dumb' };
      await world.run(...argv);
      expect(world.out.text).not.toContain('\u001b');
    }
  });
});

async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await new Promise((resolve) => setImmediate(resolve));
}
