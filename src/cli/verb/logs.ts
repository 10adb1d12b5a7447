import { visible } from '../../base/text.ts';
import type { LogLine } from '../../client/contract.ts';
import type { CellView, RunView } from '../../client/run-view.ts';
import { chosenCells, chosenRun, chosenStep } from '../chosen-run.ts';
import { type Context, EXIT } from '../context.ts';
import { logText } from '../log-text.ts';
import { allCells } from '../run-count.ts';
import { stepLabelOf } from '../shown.ts';
import { timeOfDay } from '../time-text.ts';
import { countOption } from './list.ts';

interface LogsOptions {
  readonly job?: string;
  readonly cell?: string;
  readonly step?: string;
  readonly follow?: boolean;
  readonly tail?: string;
  readonly timestamps?: boolean;
}

const TAIL_MAX = 100_000_000;

/** `sluice logs [run]`: what the steps printed, masked, each step under its heading. */
export async function perform(
  context: Context,
  [run]: readonly string[],
  options: LogsOptions,
): Promise<number> {
  const tail = options.tail === undefined ? null : countOption('--tail', options.tail, 0, TAIL_MAX);
  const client = await context.client();
  const runId = await chosenRun(context, client, run);
  const view = await client.show(runId);
  const chosen = chosenCells(view, options);
  const cells = chosen ?? allCells(view).map(({ cell }) => cell);
  const step = options.step === undefined ? null : chosenStep(view, cells, options.step);
  const query = { step, follow: options.follow === true, tail };
  const print = context.json ? jsonPrinter(context) : textPrinter(context, cells, options);
  for (const cell of chosen ? chosen.map((one) => one.name) : [null])
    await printLines(context, client.logs(runId, { ...query, cell }), print);
  if (!print.any()) context.note(silenceText(view, options));
  return EXIT.done;
}

interface Printer {
  line(line: LogLine): void;
  any(): boolean;
}

async function printLines(context: Context, lines: AsyncIterable<LogLine>, print: Printer): Promise<void> {
  for await (const line of lines) {
    if (context.isReaderGone()) return;
    print.line(line);
  }
}

function jsonPrinter(context: Context): Printer {
  let printed = false;
  return {
    line: (line) => {
      printed = true;
      context.print(JSON.stringify(line));
    },
    any: () => printed,
  };
}

/**
 * Lines of steps are indented below their heading, so that nothing a step prints can pass for a heading. One step alone is
 * printed as it is, for pipes.
 */
function textPrinter(context: Context, cells: readonly CellView[], options: LogsOptions): Printer {
  const { look } = context;
  const byName = new Map(cells.map((cell) => [cell.name, cell]));
  const alone = options.step !== undefined && cells.length === 1;
  let heading = '';
  return {
    line: (line) => {
      const now = JSON.stringify([line.cell, line.step, line.attempt]);
      if (!alone && now !== heading) {
        if (heading !== '') context.print('');
        context.print(look.paint('bold', headingText(line, byName.get(line.cell), look.glyphs.step)));
      }
      heading = now;
      const time = options.timestamps ? look.paint('dim', `${timeOfDay(line.atMs, true)}  `) : '';
      context.print(`${alone ? '' : '  '}${time}${logText(line.text, look.colour)}`);
    },
    any: () => heading !== '',
  };
}

function headingText(line: LogLine, cell: CellView | undefined, arrow: string): string {
  const attempt = line.attempt > 1 ? ` (attempt ${line.attempt})` : '';
  return `${visible(line.cell)} ${arrow} ${cell ? stepLabelOf(cell, line.step) : visible(line.step)}${attempt}`;
}

function silenceText(view: RunView, options: LogsOptions): string {
  const what = options.step ?? options.cell ?? options.job;
  const who = what === undefined ? `run ${view.runId}` : `${visible(what)} in run ${view.runId}`;
  return `${who} ${view.state === 'finished' ? 'printed nothing' : 'has printed nothing yet'}`;
}
