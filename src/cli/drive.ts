import { resolve } from 'node:path';
import { UserError, userError } from '../base/diagnostic.ts';
import type { Client, StartedRun } from '../client/contract.ts';
import { RunViewFold } from '../client/fold-run.ts';
import type { RunView } from '../client/run-view.ts';
import type { PlacedEvent } from '../journal/event.ts';
import { type Context, EXIT } from './context.ts';
import type { Display } from './live/display.ts';
import { exitCodeOf, summaryJson, summaryMarkdown } from './summary.ts';

/** How `run`, `rerun` and `resume` show what they drive. */
export interface DriveOptions {
  readonly events?: boolean;
  /** false: plain lines also in a terminal. */
  readonly live?: boolean;
  /** File for a summary in Markdown. */
  readonly summary?: string;
  /** Whether to stay while only people can bring the run on; in a terminal by default. */
  readonly wait?: boolean;
}

export interface Driven {
  readonly code: number;
  /** null when it was left before it was over. */
  readonly view: RunView | null;
}

/**
 * Follows a run that this process drives to its end, shows it, and lets the user interrupt it: the first signal cancels the
 * run and waits for its clean-up, the second leaves it as it is. A run that only people can bring on is left as it is by the
 * first, and at once where nobody looks.
 */
export async function driveRun(
  context: Context,
  client: Client,
  started: StartedRun,
  options: DriveOptions,
): Promise<Driven> {
  const { ports } = context;
  const { runId } = started;
  const display = await makeDisplay(context, client, runId, options);
  const fold = new RunViewFold();
  let interrupts = 0;
  let leave = (): void => {};
  const left = new Promise<'left'>((resolveLeft) => {
    leave = () => resolveLeft('left');
  });
  const cancel = (signal: string): void => {
    display.notice(`${signal}: cancelling the run; its clean-up still runs (once more: leave at once)`);
    client
      .cancel(runId, { kind: 'run' }, `interrupted by ${signal}`)
      .catch((error: Error) => display.notice(error.message));
  };
  const stopListening = ports.onInterrupt((signal) => {
    interrupts++;
    if (interrupts > 1) return leave();
    void started.leaveIfAsked().then((isLeft) => isLeft || cancel(signal));
  });
  const isPatient = options.wait ?? (ports.out.isTTY === true || ports.err.isTTY === true);
  const watcher = isPatient ? null : leaveWhenAsked(context, started);
  let view: RunView | null = null;
  try {
    const followed = follow(client, runId, (event) => {
      fold.apply(event);
      display.event(event, fold);
      watcher?.event();
    });
    const over = started.finished.then(() => 'over' as const, ifAsked);
    const ended = over.then((how) => (how === 'asked' ? how : followed.then(() => how)));
    const end = await Promise.race([ended, left, followed.then(() => ended)]);
    view = end === 'left' ? null : fold.view();
  } catch (error) {
    throw await cannotGoOn(error, runId, display);
  } finally {
    stopListening();
    watcher?.stop();
  }
  await display.end(view);
  if (!view) {
    context.note(`left at once; go on with it: sluice resume ${runId}`);
    return { code: EXIT.failed, view };
  }
  // After events, which are a line each, the summary is one too.
  if (context.json && options.events) context.print(JSON.stringify(summaryJson(view)));
  else if (context.json) context.printJson(summaryJson(view));
  if (options.summary) await ports.files.write(resolve(ports.cwd, options.summary), summaryMarkdown(view));
  if (view.outcome) return { code: exitCodeOf(view.outcome), view };
  context.note(`run ${runId} waits for approval; whoever answers goes on with it`);
  return { code: EXIT.waiting, view };
}

/** A run that was left to people is no failure. */
function ifAsked(error: unknown): 'asked' {
  if (error instanceof UserError && error.diagnostics[0]?.code === 'left') return 'asked';
  throw error;
}

/** For so long nothing must happen before a run is left to people: what was answered just now comes first. */
const LEAVE_MS = 300;

/** Leaves the run as soon as only people can bring it on. */
function leaveWhenAsked({ ports }: Context, started: StartedRun) {
  let stop = (): void => {};
  const later = (): void => {
    stop();
    stop = ports.clock.after(LEAVE_MS, () => void started.leaveIfAsked());
  };
  return { event: later, stop: () => stop() };
}

async function follow(client: Client, runId: string, onEvent: (event: PlacedEvent) => void): Promise<void> {
  for await (const event of client.events(runId, { follow: true })) onEvent(event);
}

async function cannotGoOn(error: unknown, runId: string, display: Display): Promise<unknown> {
  await display.end(null);
  if (!(error instanceof Error) || error.name === 'UserError') return error;
  return userError(
    'run-interrupted',
    `Sluice could not go on with run ${runId}: ${error.message}`,
    `nothing is lost; go on with it: sluice resume ${runId}`,
    3,
  );
}

/** What is shown depends on what reads it: a program, a terminal, a file. Only a terminal loads what draws. */
async function makeDisplay(
  context: Context,
  client: Client,
  runId: string,
  options: DriveOptions,
): Promise<Display> {
  if (options.events) return eventsDisplay(context);
  if (context.json) return { event: () => {}, notice: (text) => context.note(text), end: async () => {} };
  if (context.look.live && options.live !== false) {
    const { liveDisplay } = await import('./live/live-display.ts');
    return liveDisplay(context, client, runId);
  }
  const { plainDisplay } = await import('./live/plain-display.ts');
  return plainDisplay(context, client, runId);
}

function eventsDisplay(context: Context): Display {
  return {
    event: (event) => context.print(JSON.stringify(event)),
    notice: (text) => context.note(text),
    end: async () => {},
  };
}
