import { visible } from '../base/text.ts';
import type { StartedRun } from '../client/contract.ts';
import type { RunView } from '../client/run-view.ts';
import type { Context } from './context.ts';
import type { Driven } from './drive.ts';
import { allCells } from './run-count.ts';

/** A shell where the first failed job of a run stopped; without a terminal it says where that is. Nothing when none failed. */
export async function openFailedPlace(
  context: Context,
  { view }: Driven,
  started: StartedRun,
): Promise<void> {
  const failed = firstFailure(view);
  const place = failed && started.failedPlace(failed);
  if (!failed || !place) return;
  if (!context.look.live) {
    context.note(
      `--shell-on-failure needs a terminal; the workspace of ${visible(failed)} is ${visible(place.directory)}`,
    );
    return;
  }
  context.note(`a shell where ${visible(failed)} stopped, with its environment; leave it with exit`);
  // ^C is for what runs in the shell; without a listener it would end this process beside it.
  const stopIgnoring = context.ports.onInterrupt(() => {});
  try {
    await context.ports.openShell(place);
  } finally {
    stopIgnoring();
  }
}

function firstFailure(view: RunView | null): string | null {
  if (!view) return null;
  return allCells(view).find(({ cell }) => cell.outcome === 'failed')?.cell.name ?? null;
}
