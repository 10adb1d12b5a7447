import { createLogUpdate } from 'log-update';
import type { Client } from '../../client/contract.ts';
import type { RunViewFold } from '../../client/fold-run.ts';
import type { RunView } from '../../client/run-view.ts';
import type { Context } from '../context.ts';
import { tailText } from '../log-text.ts';
import { allCells } from '../run-count.ts';
import { renderReport } from '../run-report.ts';
import type { Display } from './display.ts';
import { renderLive } from './render-live.ts';

const FRAME_MS = 100;
/** After a frame that took long to draw, so many times as long goes by before the next one, but never more than a second. */
const FRAME_REST = 4;
const FRAME_MAX_MS = 1000;
const TAIL_MS = 500;
const TAIL_LINES = 4;
/** Cells whose output is looked at. More would not fit anyway. */
const TAIL_CELLS_MAX = 4;

/** Draws the run in a terminal, over and over in the same place, and leaves its final state and the report. */
export function liveDisplay(context: Context, client: Client, runId: string): Display {
  const { clock, out } = context.ports;
  const screen = createLogUpdate(out as unknown as NodeJS.WritableStream);
  let latest: RunViewFold | null = null;
  let tails: ReadonlyMap<string, readonly string[]> = new Map();
  let noticed: string | null = null;
  let over = false;
  let stopFrame = clock.after(0, draw);
  let stopTails = clock.after(TAIL_MS, lookAtTails);

  function draw(): void {
    const before = clock.monotonic();
    if (latest) {
      // One line less than the terminal has: with the last one written, it would scroll.
      const look = { ...context.look, ...sizeOf(context) };
      screen(renderLive(latest.view(), { look, nowMs: clock.now(), tails, notice: noticed }).join('\n'));
    }
    const cost = clock.monotonic() - before;
    stopFrame = clock.after(Math.min(FRAME_MAX_MS, Math.max(FRAME_MS, cost * FRAME_REST)), draw);
  }

  async function lookAtTails(): Promise<void> {
    if (latest) tails = await readTails(latest.view(), client, runId, context.look.colour).catch(() => tails);
    if (!over) stopTails = clock.after(TAIL_MS, lookAtTails);
  }

  return {
    event: (_, fold) => {
      latest = fold;
    },
    notice: (text) => {
      noticed = text;
    },
    end: async (view) => {
      over = true;
      stopFrame();
      stopTails();
      screen.clear();
      screen.done();
      if (!view) return;
      const look = { ...context.look, ...sizeOf(context) };
      const lines = renderLive(view, { look, nowMs: clock.now(), tails: new Map(), notice: null });
      context.print([...lines, '', ...renderReport(view, context.look)]);
    },
  };
}

function sizeOf(context: Context): { width: number; height: number } {
  const { columns, rows } = context.ports.out;
  return { width: Math.max(20, columns || 80), height: Math.max(4, (rows || 24) - 1) };
}

/** The last lines of what runs, asked for anew each time, so that a job that prints a gigabyte costs no more than another. */
async function readTails(
  view: RunView,
  client: Client,
  runId: string,
  colour: boolean,
): Promise<ReadonlyMap<string, readonly string[]>> {
  const tails = new Map<string, string[]>();
  const running = allCells(view).filter(({ cell }) => cell.state === 'running');
  for (const { cell } of running.slice(0, TAIL_CELLS_MAX)) {
    const lines: string[] = [];
    for (const step of cell.steps) {
      if (step.state !== 'running') continue;
      const query = { cell: cell.name, step: step.id, follow: false, tail: TAIL_LINES };
      for await (const line of client.logs(runId, query)) lines.push(tailText(line.text, colour));
    }
    tails.set(cell.name, lines.slice(-TAIL_LINES));
  }
  return tails;
}
