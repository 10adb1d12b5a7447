import { formatDuration } from '../../base/duration.ts';
import { counted, visible } from '../../base/text.ts';
import type { Client } from '../../client/contract.ts';
import type { RunViewFold } from '../../client/fold-run.ts';
import type { RunView } from '../../client/run-view.ts';
import type { PlacedEvent } from '../../journal/event.ts';
import type { RunEvent } from '../../journal/run-event.ts';
import { approvalInShort, approvalTexts, approveCommand, rejectCommand } from '../approval-text.ts';
import { causeText, outcomeSentence } from '../cause-text.ts';
import type { Context } from '../context.ts';
import { eventfulTexts } from '../extra-text.ts';
import { type Look, outcomeGlyph } from '../look.ts';
import { shorten, wrap } from '../row.ts';
import { allCells } from '../run-count.ts';
import { renderReport } from '../run-report.ts';
import { sourceLabel, stepLabelOf } from '../shown.ts';
import type { Display } from './display.ts';

/** Lines of a failed step's log at the end, and for how many cells. */
const TAIL_LINES = 50;
const TAIL_CELLS_MAX = 10;
/** A step without a name is called as its command, which may be long. */
const STEP_WIDTH_MAX = 32;

/** One line for each event that matters, the job in front; the log lines of what failed and the report at the end. */
export function plainDisplay(context: Context, client: Client, runId: string): Display {
  const { look } = context;
  return {
    event: (event, fold) => context.print(eventLines(event, fold, look)),
    notice: (text) => context.print(text),
    end: async (view) => {
      if (view)
        context.print(['', ...renderReport(view, look, { tails: await failedTails(view, client, runId) })]);
    },
  };
}

/** What a file of lines says of an event; nothing for events that are details. */
export function eventLines(event: PlacedEvent, fold: RunViewFold, look: Look): string[] {
  const body = event.body;
  switch (body.type) {
    case 'run.requested':
      return wrap(`run ${body.runId} of ${visible(body.pipeline)}, ${sourceLabel(body.source)}`, look.width);
    case 'run.owned':
      return body.resumed ? wrap('resumed: another process drove it before', look.width) : [];
    case 'run.waiting':
      return wrap(`waits for ${visible(fold.view().waitingFor ?? body.group)}`, look.width);
    case 'run.cancel-requested': {
      const { target } = body;
      const what = target.kind === 'run' ? 'the run' : target.kind === 'job' ? target.job : target.cell;
      return wrap(
        `cancelling ${visible(what)}: asked by ${visible(body.by)}: ${visible(body.reason)}`,
        look.width,
      );
    }
    case 'run.warning':
      return wrap(`${look.paint('yellow', 'warning:')} ${visible(body.message)}`, look.width);
    case 'deadline.passed':
      return wrap(
        `${body.stage === null ? 'the run' : `stage ${visible(body.stage)}`} passed its limit of ${formatDuration(body.limitMs)}`,
        look.width,
      );
    case 'matrix.expanded':
      return prefixed(body.job, counted(body.cells.length, 'cell'), look);
    case 'cell.started':
      return prefixed(body.cell, body.attempt > 1 ? `started, attempt ${body.attempt}` : 'started', look);
    case 'approval.requested':
    case 'approval.given':
    case 'approval.rejected':
    case 'approval.expired':
    case 'approval.refused':
      return approvalLines(body, fold, look);
    case 'cell.skipped':
      return prefixed(
        body.cell,
        `${outcomeGlyph('skipped', look)} ${outcomeSentence('skipped', visible(body.reason.sentence))}`,
        look,
      );
    case 'cell.finished': {
      const cell = fold.cell(body.cell);
      const why = body.cause ? causeText(body.cause) : '';
      const step = body.step !== null && cell ? stepLabelOf(cell, body.step) : null;
      const where =
        step === null || body.outcome === 'succeeded'
          ? ''
          : `, step ${shorten(step, STEP_WIDTH_MAX, look.glyphs.ellipsis)}`;
      const said = outcomeSentence(body.outcome, why);
      const time = formatDuration(body.durationMs);
      const again = body.retry ? `; ${visible(body.retry.sentence)}` : '';
      const head = `${outcomeGlyph(body.outcome, look)} ${said} (${time}${where})${again}`;
      return [head, ...eventfulTexts(body.extras ?? {})].flatMap((text) => prefixed(body.cell, text, look));
    }
    default:
      return [];
  }
}

type ApprovalEvent = Extract<
  RunEvent,
  { type: `approval.${'requested' | 'given' | 'rejected' | 'expired' | 'refused'}` }
>;

function approvalLines(body: ApprovalEvent, fold: RunViewFold, look: Look): string[] {
  const lines = (...texts: string[]) => texts.flatMap((text) => prefixed(body.cell, text, look));
  switch (body.type) {
    case 'approval.requested': {
      const cell = fold.cell(body.cell);
      if (!cell?.approval) return [];
      const { runId } = fold.view();
      return [
        ...lines(approvalInShort(cell.approval), ...approvalTexts(cell.approval, false)),
        // Not wrapped: a command that is cut does not work.
        `  ${look.paint('cyan', approveCommand(runId, cell))}`,
        `  ${look.paint('cyan', rejectCommand(runId, cell))}`,
      ];
    }
    case 'approval.given':
      return lines(`${visible(body.sentence)}${body.comment ? `: ${visible(body.comment)}` : ''}`);
    case 'approval.rejected':
      // The end of the cell, which follows, says who and why.
      return [];
    case 'approval.expired':
      return lines(visible(body.sentence));
    case 'approval.refused':
      return lines(`the answer of ${visible(body.by)} does not count: ${visible(body.sentence)}`);
  }
}

/** The job's name is in front of every line, also of the further lines of a long one. */
function prefixed(name: string, text: string, look: Look): string[] {
  const prefix = `${visible(name)} ${look.glyphs.rule} `;
  return wrap(text, Math.max(30, look.width - prefix.length)).map(
    (line) => `${look.paint('cyan', prefix)}${line}`,
  );
}

/** The end of each failed step's log; the lines that the journal keeps where there is no log. */
async function failedTails(
  view: RunView,
  client: Client,
  runId: string,
): Promise<Map<string, readonly string[]>> {
  const tails = new Map<string, readonly string[]>();
  const failed = allCells(view).filter(({ cell }) => cell.outcome === 'failed' && cell.failedStep !== null);
  for (const { cell } of failed.slice(0, TAIL_CELLS_MAX)) {
    const lines: string[] = [];
    try {
      const query = { cell: cell.name, step: cell.failedStep, follow: false, tail: TAIL_LINES };
      for await (const line of client.logs(runId, query)) lines.push(line.text);
    } catch {
      // The report must come also when a log cannot be read; the command it names will say why.
    }
    if (lines.length > 0) tails.set(cell.name, lines.slice(-TAIL_LINES));
  }
  return tails;
}
