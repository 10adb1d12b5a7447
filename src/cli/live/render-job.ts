import { formatDuration } from '../../base/duration.ts';
import { counted, visible } from '../../base/text.ts';
import type { CellView, JobView } from '../../client/run-view.ts';
import { annotationsInShort } from '../annotation-text.ts';
import { approvalInShort } from '../approval-text.ts';
import { causeText } from '../cause-text.ts';
import { extrasInShort } from '../extra-text.ts';
import { tailText } from '../log-text.ts';
import { type Look, outcomeGlyph, outcomeStyle } from '../look.ts';
import { row, shorten, textWidth } from '../row.ts';
import { countJobs, spanMs } from '../run-count.ts';
import { cellLabel, stepLabel, stepLabelOf, within } from '../shown.ts';
import { about, ticking } from '../time-text.ts';
import type { Folding } from './folding.ts';
import type { LiveState } from './render-live.ts';

/** The jobs of a stage, one below the other; as folded as asked. */
export function renderJobs(
  jobs: readonly JobView[],
  indent: string,
  state: LiveState,
  folding: Folding,
): string[] {
  const { look } = state;
  const lines: string[] = [];
  const counts = { done: 0, waiting: 0, skipped: 0, busy: 0, hidden: 0 };
  for (const job of jobs) {
    const count = countJobs([job]);
    if (folding.waitingCounted && count.state === 'waiting') counts.waiting++;
    else if (folding.doneCounted && count.state === 'finished' && count.outcome === 'succeeded')
      counts.done++;
    else if (folding.doneCounted && count.state === 'finished' && count.outcome === 'skipped')
      counts.skipped++;
    else if (counts.busy++ >= folding.busyMax) counts.hidden++;
    else lines.push(...renderJob(job, indent, state, folding));
  }
  const dim = (text: string): string => look.paint('dim', text);
  if (counts.done > 0)
    lines.unshift(
      `${indent}${outcomeGlyph('succeeded', look)} ${dim(`${counted(counts.done, 'job')} done`)}`,
    );
  if (counts.hidden > 0)
    lines.push(dim(`${indent}${look.glyphs.ellipsis} and ${counted(counts.hidden, 'more job')}`));
  if (counts.skipped > 0)
    lines.push(dim(`${indent}${look.glyphs.skipped} ${counted(counts.skipped, 'job')} skipped`));
  if (counts.waiting > 0)
    lines.push(dim(`${indent}${look.glyphs.waiting} ${counted(counts.waiting, 'job')} to come`));
  return lines;
}

function renderJob(job: JobView, indent: string, state: LiveState, folding: Folding): string[] {
  const { look } = state;
  if (!job.cells) {
    const left = `${indent}${look.glyphs.waiting} ${visible(job.id)}  matrix not known yet`;
    return [look.paint('dim', left)];
  }
  if (job.cells.length === 1) return renderCell(job.cells[0]!, job, indent, visible(job.id), state, folding);
  return renderMatrix(job, job.cells, indent, state, folding);
}

function renderMatrix(
  job: JobView,
  cells: readonly CellView[],
  indent: string,
  state: LiveState,
  folding: Folding,
): string[] {
  const { look } = state;
  const count = countJobs([job]);
  const glyph =
    count.failed > 0
      ? outcomeGlyph('failed', look)
      : count.state === 'finished' && count.outcome
        ? outcomeGlyph(count.outcome, look)
        : count.state === 'waiting'
          ? look.paint('dim', look.glyphs.waiting)
          : look.paint('cyan', look.glyphs.running);
  const facts = [
    count.state === 'waiting' ? counted(count.total, 'cell') : `${count.finished}/${count.total} cells`,
  ];
  if (count.failed > 0) facts.push(look.paint('red', `${count.failed} failed`));
  if (count.running > 0) facts.push(`${count.running} running`);
  const left = `${indent}${glyph} ${visible(job.id)}  ${look.paint('dim', facts.join(` ${look.glyphs.dot} `))}`;
  const span = spanMs([job], state.nowMs);
  const right =
    span === null ? '' : look.paint('dim', count.state === 'finished' ? formatDuration(span) : ticking(span));
  const head = row(left, right, look.width, look.glyphs.ellipsis);
  return [
    head,
    ...shownCells(cells, folding).flatMap((cell) =>
      renderCell(cell, job, `${indent}  `, cellLabel(cell, job.id), state, folding),
    ),
  ];
}

/** The cells of a small matrix that have begun; otherwise those that failed, then those that run, in the matrix's order. */
function shownCells(cells: readonly CellView[], folding: Folding): readonly CellView[] {
  if (cells.length <= folding.cellsMax && !folding.doneCounted) {
    return cells.filter((cell) => cell.state === 'running' || cell.state === 'finished');
  }
  const failed = cells.filter((cell) => cell.outcome === 'failed' || cell.outcome === 'errored');
  const running = cells.filter((cell) => cell.state === 'running');
  const chosen = new Set([...failed, ...running].slice(0, folding.cellsMax));
  return cells.filter((cell) => chosen.has(cell));
}

function renderCell(
  cell: CellView,
  job: JobView,
  indent: string,
  name: string,
  state: LiveState,
  folding: Folding,
): string[] {
  const { look } = state;
  switch (cell.state) {
    case 'waiting':
      return [waitingLine(`${indent}${look.glyphs.waiting} ${name}`, '', look)];
    case 'queued':
      return [
        waitingLine(`${indent}${look.glyphs.waiting} ${name}`, visible(cell.reason?.sentence ?? ''), look),
      ];
    case 'asked': {
      const said = cell.approval ? approvalInShort(cell.approval) : '';
      const left = `${indent}${look.paint('yellow', look.glyphs.waiting)} ${name}  ${look.paint('yellow', said)}`;
      return [row(left, runningTime(cell, job, state), look.width, look.glyphs.ellipsis)];
    }
    case 'running': {
      const steps = cell.steps.filter((step) => step.state === 'running').map(stepLabel);
      const text = within(name, steps.length > 0 ? look.paint('dim', steps.join(', ')) : null, look);
      const attempt = cell.attempt > 1 ? look.paint('yellow', ` (attempt ${cell.attempt})`) : '';
      const left = `${indent}${look.paint('cyan', look.glyphs.running)} ${text}${attempt}`;
      const right = runningTime(cell, job, state);
      return [
        row(left, right, look.width, look.glyphs.ellipsis),
        ...tail(state.tails.get(cell.name) ?? [], indent, look, folding),
      ];
    }
    case 'finished':
      return finishedLines(cell, indent, name, look, folding);
  }
}

function finishedLines(cell: CellView, indent: string, name: string, look: Look, folding: Folding): string[] {
  const outcome = cell.outcome ?? 'errored';
  const glyph = outcomeGlyph(outcome, look);
  const right = cell.durationMs === null ? '' : look.paint('dim', formatDuration(cell.durationMs));
  if (outcome === 'succeeded') {
    const note = cell.reused
      ? look.paint('dim', '  taken over')
      : cell.attempt > 1
        ? look.paint('yellow', `  at attempt ${cell.attempt}`)
        : '';
    const told = annotationsInShort(cell);
    const beside = [...extrasInShort(cell.extras), ...reusedSteps(cell), ...(told === '' ? [] : [told])].join(
      ` ${look.glyphs.dot} `,
    );
    return [
      row(
        `${indent}${glyph} ${name}${note}${beside === '' ? '' : look.paint('dim', `  ${beside}`)}`,
        right,
        look.width,
        look.glyphs.ellipsis,
      ),
    ];
  }
  const why = cell.cause ? causeText(cell.cause) : visible(cell.reason?.sentence ?? outcome);
  const head = `${indent}${glyph} ${outcome === 'skipped' ? look.paint('dim', name) : name}`;
  const said = `  ${look.paint(outcomeStyle(outcome), why)}`;
  // A step's name gives way to the cause: it is often a whole command.
  const room = look.width - textWidth(head + said) - right.length - 5;
  const step =
    cell.failedStep === null
      ? null
      : shorten(stepLabelOf(cell, cell.failedStep), Math.max(12, room), look.glyphs.ellipsis);
  const left = `${step === null ? head : within(head, step, look)}${said}`;
  const lines = [row(left, right, look.width, look.glyphs.ellipsis)];
  return outcome === 'failed' || outcome === 'errored'
    ? [
        ...lines,
        ...tail(
          cell.tail.map((line) => tailText(line, look.colour)),
          indent,
          look,
          folding,
        ),
      ]
    : lines;
}

function reusedSteps({ steps }: CellView): readonly string[] {
  const count = steps.filter(({ work }) => (work?.reusedFrom ?? null) !== null).length;
  return count === 0 ? [] : [`${counted(count, 'step')} reused`];
}

function waitingLine(left: string, why: string, look: Look): string {
  return look.paint('dim', shorten(why === '' ? left : `${left}  ${why}`, look.width, look.glyphs.ellipsis));
}

/** `6.0s / ~12s`: how long it has taken, and how long it usually takes. */
function runningTime(cell: CellView, job: JobView, state: LiveState): string {
  const { look } = state;
  if (cell.startedAtMs === null) return '';
  const elapsed = Math.max(0, state.nowMs - cell.startedAtMs);
  if (job.expectedMs === null) return look.paint('dim', ticking(elapsed));
  const late = elapsed > job.expectedMs * 1.2;
  return look.paint(late ? 'yellow' : 'dim', `${ticking(elapsed)} / ${about(job.expectedMs)}`);
}

function tail(lines: readonly string[], indent: string, look: Look, folding: Folding): string[] {
  const shown = lines.filter((line) => line.trim() !== '').slice(-folding.tailLines || lines.length);
  if (folding.tailLines === 0) return [];
  return shown.map((line) =>
    shorten(`${indent}  ${look.paint('dim', look.glyphs.rule)} ${line}`, look.width, look.glyphs.ellipsis),
  );
}
