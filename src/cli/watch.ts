import { UserError } from '../base/diagnostic.ts';
import type { Context } from './context.ts';

/** Changes come in bursts: an editor writes several files, git a whole tree. */
const QUIET_MS = 300;

/**
 * Runs once, and again whenever files have changed and then been quiet for a moment. A change during a run leads to one
 * more run after it. A file that is wrong is told and waited on. Resolves to the last exit code when the user interrupts the waiting.
 */
export async function runAtEachChange(context: Context, runOnce: () => Promise<number>): Promise<number> {
  const { ports } = context;
  let wake = (): void => {};
  let changed = true;
  let interrupted = false;
  let waiting = false;
  let stopQuiet = (): void => {};
  const stopWatching = ports.watchFiles(ports.cwd, () => {
    stopQuiet();
    stopQuiet = ports.clock.after(QUIET_MS, () => {
      changed = true;
      wake();
    });
  });
  const stopListening = ports.onInterrupt(() => {
    // While a run goes on, the same signal cancels it and nothing new is begun.
    interrupted = true;
    if (waiting) wake();
  });
  let code = 0;
  try {
    while (!interrupted) {
      changed = false;
      code = await tolerant(context, runOnce);
      if (interrupted) break;
      context.note('waiting for a change (^C ends)');
      waiting = true;
      if (!changed) {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
      waiting = false;
    }
  } finally {
    stopQuiet();
    stopWatching();
    stopListening();
  }
  return code;
}

async function tolerant(context: Context, runOnce: () => Promise<number>): Promise<number> {
  try {
    return await runOnce();
  } catch (error) {
    if (!(error instanceof UserError) || error.exitCode !== 2) throw error;
    await context.tell(error.diagnostics);
    return error.exitCode;
  }
}
