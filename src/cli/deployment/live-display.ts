import { createLogUpdate } from 'log-update';
import type { DeploymentView } from '../../client/deployment/view.ts';
import type { Context } from '../context.ts';
import { endLines } from './end-text.ts';
import type { DeploymentDisplay } from './follow.ts';
import { liveLines } from './live-text.ts';
import { stepLines } from './show-text.ts';

const FRAME_MS = 200;

/** Draws the deployment in a terminal, over and over in the same place, and leaves its steps and how it ended. */
export function liveDeployment(context: Context): DeploymentDisplay {
  const { clock, out } = context.ports;
  const screen = createLogUpdate(out as unknown as NodeJS.WritableStream);
  let latest: DeploymentView | null = null;
  let noticed: string | null = null;
  let stop = clock.after(0, draw);

  function draw(): void {
    if (latest) screen(liveLines(latest, present(context), clock.now(), noticed).join('\n'));
    stop = clock.after(FRAME_MS, draw);
  }

  return {
    view: (view) => {
      latest = view;
    },
    notice: (text) => {
      noticed = text;
    },
    end: (view) => {
      stop();
      screen.clear();
      screen.done();
      if (!view) return;
      const look = present(context);
      const steps = [...view.forth, ...view.back].filter(({ state }) => state !== 'waiting');
      context.print([
        ...steps.flatMap((step) => stepLines(step, look, clock.now())),
        '',
        ...endLines(view, look),
      ]);
    },
  };
}

/** One line less than the terminal has: with the last one written, it would scroll. */
function present(context: Context) {
  const { columns, rows } = context.ports.out;
  return {
    ...context.look,
    width: Math.max(20, columns || 80),
    height: Math.max(4, (rows || 24) - 1),
  };
}
