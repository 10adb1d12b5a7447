import { formatDuration } from '../base/duration.ts';
import { visible } from '../base/text.ts';
import type { CellView, JobView, RunView } from '../client/run-view.ts';
import type { CellOutcome, RunOutcome } from '../journal/run-event.ts';
import { annotationLines, annotationsOf } from './annotation-text.ts';
import { approveCommand, askedCells, rejectCommand, waitsForPeople } from './approval-text.ts';
import { causeText, outcomeSentence } from './cause-text.ts';
import { tailText } from './log-text.ts';
import { type Look, outcomeGlyph, outcomeStyle } from './look.ts';
import { hanging, row, shorten, textWidth } from './row.ts';
import { allCells } from './run-count.ts';
import { commandWord, stepLabelOf, within } from './shown.ts';

/** Cells told in full; of further ones only the name and the cause. */
const TOLD_MAX = 5;
/** Names in a list of cells that share one sentence. */
const NAMES_MAX = 6;

export interface ReportOptions {
  /** Lines to show for a cell instead of the last ones that the journal keeps. */
  readonly tails?: ReadonlyMap<string, readonly string[]>;
  /** The story stands above it and need not be offered. */
  readonly told?: boolean;
}

/**
 * What a person needs to know when a run is over: what failed and where, why, the last lines that matter, what was only
 * warned of or skipped, how it ended, and what to type next. Pure; no line is wider than the
 * look, but for a command that would not work when it were cut.
 */
export function renderReport(view: RunView, look: Look, options: ReportOptions = {}): string[] {
  const { tails = new Map() } = options;
  const cells = allCells(view);
  const broken = cells.filter(({ cell }) => cell.outcome === 'failed' || cell.outcome === 'errored');
  const blocks = [
    ...broken
      .slice(0, TOLD_MAX)
      .map(({ cell, job }) => brokenBlock(view, cell, job, look, tails.get(cell.name) ?? cell.tail)),
    moreBroken(
      broken.slice(TOLD_MAX).map(({ cell }) => cell),
      look,
    ),
    (['cancelled', 'warned', 'skipped'] as const).flatMap((outcome) =>
      grouped(
        cells.map(({ cell }) => cell),
        outcome,
        look,
      ),
    ),
    // The story tells them with their steps.
    options.told
      ? []
      : cells.flatMap(({ cell }) => annotationLines(annotationsOf(cell), '', look, visible(cell.name))),
    view.warnings.flatMap((warning) =>
      hanging(`${look.paint('yellow', `${look.glyphs.warned} warning:`)} `, visible(warning), look.width),
    ),
    outcomeLines(view, look),
    nextCommands(view, look, options.told === true),
  ];
  return blocks
    .filter((block) => block.length > 0)
    .flatMap((block, index) => (index === 0 ? block : ['', ...block]));
}

function brokenBlock(
  view: RunView,
  cell: CellView,
  job: JobView,
  look: Look,
  tail: readonly string[],
): string[] {
  const outcome = cell.outcome ?? 'errored';
  const step = cell.failedStep === null ? null : stepLabelOf(cell, cell.failedStep);
  const name = within(visible(cell.name), step, look);
  const attempts = cell.attempt > 1 ? `, at attempt ${cell.attempt}` : '';
  const isGate = cell.cause?.kind === 'gate';
  const time = cell.durationMs === null || isGate ? '' : ` after ${formatDuration(cell.durationMs)}`;
  const head = row(
    `${outcomeGlyph(outcome, look)} ${look.paint('bold', name)}`,
    '',
    look.width,
    look.glyphs.ellipsis,
  );
  // The lines below tell each condition that blocks, which is the cause in more words.
  const why =
    isGate && tail.length > 0
      ? []
      : hanging('  ', `${cell.cause ? causeText(cell.cause) : outcome}${time}${attempts}`, look.width);
  const rule = `  ${look.paint('dim', look.glyphs.rule)} `;
  // What a tool printed is cut, so that it stays readable as it is; our own sentences are whole.
  const lines = tail.flatMap((line) =>
    isGate
      ? hanging(rule, tailText(line, look.colour), look.width)
      : [shorten(`${rule}${tailText(line, look.colour)}`, look.width, look.glyphs.ellipsis)],
  );
  const all =
    cell.startedAtMs === null
      ? []
      : [
          `  all of it: ${look.paint('cyan', isGate ? explainCommand(view, job) : logsCommand(view, cell, job))}`,
        ];
  return [head, ...why.map((line) => look.paint('red', line)), ...lines, ...all];
}

/** The command that tells everything about the verdict. */
function explainCommand(view: RunView, job: JobView): string {
  return `sluice gate explain ${view.runId} ${commandWord(job.id)}`;
}

/** The command that prints all that the failed cell printed. */
function logsCommand(view: RunView, cell: CellView, job: JobView): string {
  const where =
    (job.cells?.length ?? 0) > 1 ? `--cell ${commandWord(cell.name)}` : `--job ${commandWord(job.id)}`;
  return `sluice logs ${view.runId} ${where}`;
}

function moreBroken(cells: readonly CellView[], look: Look): string[] {
  return cells.map((cell) => {
    const why = cell.cause ? causeText(cell.cause) : (cell.outcome ?? '');
    return shorten(
      `${outcomeGlyph(cell.outcome ?? 'failed', look)} ${visible(cell.name)}: ${why}`,
      look.width,
      look.glyphs.ellipsis,
    );
  });
}

/** Cells with one outcome, those with the same sentence together: never hidden, never a page. */
function grouped(cells: readonly CellView[], outcome: CellOutcome, look: Look): string[] {
  const bySentence = new Map<string, string[]>();
  for (const cell of cells) {
    if (cell.outcome !== outcome) continue;
    const sentence = cell.cause ? causeText(cell.cause) : visible(cell.reason?.sentence ?? '');
    const names = bySentence.get(sentence);
    if (names) names.push(visible(cell.name));
    else bySentence.set(sentence, [visible(cell.name)]);
  }
  return [...bySentence].flatMap(([sentence, names]) => {
    const listed = names.slice(0, NAMES_MAX).join(', ');
    const more = names.length > NAMES_MAX ? ` and ${names.length - NAMES_MAX} more` : '';
    return hanging(
      `${outcomeGlyph(outcome, look)} `,
      `${listed}${more} ${outcomeSentence(outcome, sentence)}`,
      look.width,
    );
  });
}

function outcomeLines(view: RunView, look: Look): string[] {
  if (view.outcome === null)
    return [
      shorten(
        `run ${view.runId} ${waitsForPeople(view) ? 'waits for approval' : 'is not over'}`,
        look.width,
        look.glyphs.ellipsis,
      ),
    ];
  const time = view.durationMs === null ? '' : ` in ${formatDuration(view.durationMs)}`;
  const words = look.paint([outcomeStyle(view.outcome), 'bold'], `${view.outcome}${time}`);
  const left = `${outcomeGlyph(view.outcome, look)} ${words}`;
  const run = `run ${view.runId}`;
  const sentence = view.sentence && !repeats(view.sentence, view.outcome) ? visible(view.sentence) : '';
  const fits = textWidth(left) + 2 + textWidth(sentence) + 2 + run.length <= look.width;
  const inLine = sentence !== '' && fits ? `  ${look.paint('dim', sentence)}` : '';
  const first = row(`${left}${inLine}`, look.paint('dim', run), look.width, look.glyphs.ellipsis);
  return fits ? [first] : [first, ...hanging('  ', sentence, look.width)];
}

function repeats(sentence: string, outcome: RunOutcome): boolean {
  return sentence.trim().toLowerCase().replace(/\.$/, '') === outcome;
}

function nextCommands(view: RunView, look: Look, told: boolean): string[] {
  const next: [string, string][] = [];
  if (view.outcome === 'failed' || view.outcome === 'cancelled') {
    next.push([`sluice rerun ${view.runId} --failed`, 'run again what did not succeed']);
  }
  if (!told && view.outcome !== null && view.outcome !== 'succeeded')
    next.push([`sluice show ${view.runId}`, 'the whole story']);
  for (const cell of askedCells(view)) {
    next.push([approveCommand(view.runId, cell), 'agree']);
    next.push([rejectCommand(view.runId, cell), 'object']);
  }
  if (view.outcome === null && !waitsForPeople(view))
    next.push([`sluice logs ${view.runId} -f`, 'watch it go on']);
  const width = Math.max(0, ...next.map(([command]) => command.length));
  return next.map(([command, meaning], index) => {
    const lead = index === 0 ? 'next: ' : '      ';
    const line = `${lead}${look.paint('cyan', command.padEnd(width))}  ${look.paint('dim', meaning)}`;
    return shorten(line, look.width, look.glyphs.ellipsis);
  });
}
