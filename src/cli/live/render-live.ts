import { formatDuration } from '../../base/duration.ts';
import { counted, visible } from '../../base/text.ts';
import type { JobView, RunView, StageView } from '../../client/run-view.ts';
import { askedCells, shortestCommand, waitsForPeople } from '../approval-text.ts';
import { type Look, outcomeGlyph } from '../look.ts';
import { row, shorten } from '../row.ts';
import { allJobs, type Count, countJobs, countStage, elapsedMs, remainingMs, spanMs } from '../run-count.ts';
import { sourceLabel } from '../shown.ts';
import { about, ticking } from '../time-text.ts';
import { FOLDINGS, type Folding } from './folding.ts';
import { renderJobs } from './render-job.ts';

export interface LiveState {
  readonly look: Look;
  readonly nowMs: number;
  /** The last lines of running steps by cell name, masked and without control characters. */
  readonly tails: ReadonlyMap<string, readonly string[]>;
  /** Something to tell below everything else, such as how to stop at once. */
  readonly notice: string | null;
}

/**
 * The run as lines for a terminal, none wider than the look's width and never more than its height: what does not fit is
 * folded, first what is over, then what waits; what runs and what failed stays. Pure.
 */
export function renderLive(view: RunView, state: LiveState): string[] {
  const { look } = state;
  const least = FOLDINGS.length - 1;
  const rows = leastRows(view);
  for (const [index, folding] of FOLDINGS.entries()) {
    // Thousands of lines are not drawn only to find that they do not fit.
    if (index < least && rows(folding) > look.height) continue;
    const lines = renderFolded(view, state, folding);
    if (lines.length <= look.height) return lines;
    if (index === least) return cutMiddle(lines, look);
  }
  return [];
}

/** How many lines the jobs take at least, for each folding. */
function leastRows(view: RunView): (folding: Folding) => number {
  const counts = view.stages.map((stage) => {
    const of = { quiet: isQuiet(countStage(stage)), done: 0, waiting: 0, busy: 0 };
    for (const job of stage.jobs) {
      const count = countJobs([job]);
      if (count.state === 'waiting') of.waiting++;
      else if (count.state === 'finished' && (count.outcome === 'succeeded' || count.outcome === 'skipped'))
        of.done++;
      else of.busy++;
    }
    return of;
  });
  return (folding) => {
    let rows = 0;
    for (const of of counts) {
      if (of.quiet && folding.stages !== 'open') continue;
      rows += Math.min(of.busy, folding.busyMax);
      if (!folding.doneCounted) rows += of.done;
      if (!folding.waitingCounted) rows += of.waiting;
    }
    return rows;
  };
}

function renderFolded(view: RunView, state: LiveState, folding: Folding): string[] {
  const { look } = state;
  // When it is over, the report below tells the rest.
  const isOver = view.state === 'finished';
  const shown = isOver ? { ...folding, tailLines: 0 } : folding;
  const lines = [header(view, look), '', ...renderStages(view, state, shown)];
  if (!isOver) lines.push('', footer(view, state));
  if (state.notice) lines.push(look.paint('yellow', state.notice));
  return lines.map((line) => shorten(line, look.width, look.glyphs.ellipsis));
}

/** When even the least is too tall: the beginning, how much is missing, and the footer. */
function cutMiddle(lines: readonly string[], look: Look): string[] {
  const kept = Math.max(1, look.height - 2);
  const missing = look.paint(
    'dim',
    `${look.glyphs.ellipsis} ${counted(lines.length - kept - 1, 'more line')}`,
  );
  return [...lines.slice(0, kept), missing, lines.at(-1)!];
}

function header(view: RunView, look: Look): string {
  const left = `${look.paint('bold', visible(view.pipeline))}  ${look.paint('dim', sourceLabel(view.source))}`;
  return row(left, look.paint('dim', `run ${view.runId}`), look.width, look.glyphs.ellipsis);
}

function renderStages(view: RunView, state: LiveState, folding: Folding): string[] {
  const stages = view.stages.filter((stage) => stage.jobs.length > 0);
  if (view.stages.length === 1) return renderJobs(stages[0]?.jobs ?? [], '', state, folding);
  const lines: string[] = [];
  const folded = { done: 0, waiting: 0 };
  for (const stage of stages) {
    const count = countStage(stage);
    const quiet = isQuiet(count);
    if (quiet && folding.stages === 'counted') folded[count.state === 'finished' ? 'done' : 'waiting']++;
    // A stage of one job by its own name says everything in one line.
    else if (stage.jobs.length === 1 && stage.jobs[0]!.id === stage.name) {
      lines.push(...renderJobs(stage.jobs, '', state, folding));
    } else {
      lines.push(stageLine(stage, count, state, quiet && folding.stages !== 'open'));
      if (!quiet || folding.stages === 'open') lines.push(...renderJobs(stage.jobs, '  ', state, folding));
    }
  }
  if (folded.done > 0)
    lines.unshift(`${outcomeGlyph('succeeded', state.look)} ${counted(folded.done, 'stage')} done`);
  if (folded.waiting > 0) {
    const { look } = state;
    lines.push(look.paint('dim', `${look.glyphs.waiting} ${counted(folded.waiting, 'stage')} to come`));
  }
  return lines;
}

/** Nothing to look at: not begun, or over without a fault. */
function isQuiet(count: Count): boolean {
  if (count.state === 'waiting') return true;
  return count.state === 'finished' && (count.outcome === 'succeeded' || count.outcome === 'skipped');
}

function stageLine(stage: StageView, count: Count, state: LiveState, alone: boolean): string {
  const { look } = state;
  const span = spanMs(stage.jobs, state.nowMs);
  const name = look.paint(count.state === 'waiting' ? 'dim' : 'bold', visible(stage.name));
  const jobs = alone ? `  ${look.paint('dim', counted(stage.jobs.length, 'job'))}` : '';
  const right =
    span === null ? '' : look.paint('dim', count.state === 'finished' ? formatDuration(span) : ticking(span));
  return row(`${stageGlyph(count, look)} ${name}${jobs}`, right, look.width, look.glyphs.ellipsis);
}

function stageGlyph(count: Count, look: Look): string {
  if (count.failed > 0) return outcomeGlyph('failed', look);
  if (count.state === 'finished' && count.outcome) return outcomeGlyph(count.outcome, look);
  return count.state === 'waiting'
    ? look.paint('dim', look.glyphs.waiting)
    : look.paint('cyan', look.glyphs.running);
}

function footer(view: RunView, state: LiveState): string {
  const { look } = state;
  const jobs = allJobs(view);
  const count = countJobs(jobs);
  const elapsed = ticking(elapsedMs(view, state.nowMs));
  if (view.state === 'waiting' && view.waitingFor) {
    const text = `${look.paint('yellow', look.glyphs.waiting)} waits for ${visible(view.waitingFor)}`;
    return row(text, look.paint('dim', elapsed), look.width, look.glyphs.ellipsis);
  }
  const asked = askedCells(view);
  if (asked.length > 0 && waitsForPeople(view)) {
    const text = `${look.paint('yellow', look.glyphs.waiting)} waits for approval: ${look.paint('cyan', shortestCommand(view.runId, asked))}`;
    return row(text, look.paint('dim', elapsed), look.width, look.glyphs.ellipsis);
  }
  const left = `${bar(count, look)}  ${progressWords(view, count, jobs, look)}`;
  const remaining = view.state === 'running' ? remainingMs(view, state.nowMs) : null;
  const time = remaining === null ? elapsed : `${elapsed}, ${about(roundedUp(remaining))} left`;
  return row(left, look.paint('dim', time), look.width, look.glyphs.ellipsis);
}

/** Guesses in whole seconds do not tremble. */
function roundedUp(ms: number): number {
  return Math.ceil(ms / 1000) * 1000;
}

function bar(count: Count, look: Look): string {
  const width = Math.max(8, Math.min(24, Math.floor(look.width / 4)));
  const done = count.total === 0 ? 0 : Math.floor((count.finished / count.total) * width);
  const colour = count.failed > 0 ? 'red' : 'green';
  return (
    look.paint(colour, look.glyphs.bar.repeat(done)) +
    look.paint('dim', look.glyphs.barEmpty.repeat(width - done))
  );
}

function progressWords(view: RunView, count: Count, jobs: readonly JobView[], look: Look): string {
  const noun = jobs.every((job) => job.cells?.length === 1) ? 'jobs' : 'cells';
  const words = [`${count.finished}/${count.total} ${noun}`];
  if (count.failed > 0) words.push(look.paint('red', `${count.failed} failed`));
  if (count.warned > 0) words.push(look.paint('yellow', `${count.warned} warned`));
  if (view.state === 'cancelling') words.push(look.paint('yellow', 'cancelling'));
  else if (count.asked > 0) words.push(look.paint('yellow', `${count.asked} waiting for approval`));
  if (view.state !== 'cancelling' && count.running > 0) words.push(`${count.running} running`);
  return words.join(` ${look.glyphs.dot} `);
}
