import { visible } from '../../base/text.ts';
import type { DeploymentView } from '../../client/deployment/view.ts';
import type { Context } from '../context.ts';
import { hanging } from '../row.ts';
import { timeOfDay } from '../time-text.ts';
import { endLines } from './end-text.ts';
import { evidenceLines } from './evidence-text.ts';
import type { DeploymentDisplay } from './follow.ts';
import { paintTone } from './outcome.ts';

/** How much of the evidence's time goes by between two lines about it. */
const EVIDENCE_EVERY_MS = 10_000;

/** A line for each sentence of the story, and now and then what the evidence says. */
export function plainDeployment(context: Context): DeploymentDisplay {
  const { look } = context;
  let told = 0;
  let step = '';
  let toldAtMs = 0;
  const evidence = (view: DeploymentView): void => {
    const watched = view.forth.find(({ state, watch }) => state === 'running' && watch !== null);
    if (!watched?.watch?.figures) return;
    if (step !== watched.id) toldAtMs = 0;
    step = watched.id;
    if (watched.watch.coveredMs - toldAtMs < EVIDENCE_EVERY_MS) return;
    toldAtMs = watched.watch.coveredMs;
    context.print(evidenceLines(watched.watch, '          ', look));
  };
  return {
    view(view) {
      for (const { atMs, tone, text } of view.story.slice(told)) {
        const [first = '', ...rest] = hanging('          ', visible(text), look.width);
        context.print([
          `${look.paint('dim', timeOfDay(atMs))}  ${paintTone(tone, first.trimStart(), look)}`,
          ...rest.map((line) => paintTone(tone, line, look)),
        ]);
      }
      told = view.story.length;
      evidence(view);
    },
    notice: (text) => context.print(text),
    end(view) {
      if (view) context.print(['', ...endLines(view, look)]);
    },
  };
}
