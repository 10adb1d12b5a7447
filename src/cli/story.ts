import { formatDuration } from '../base/duration.ts';
import type { JsonObject } from '../base/json.ts';
import { counted, visible } from '../base/text.ts';
import type { CellView, JobView, RunView, StepView } from '../client/run-view.ts';
import { annotationLines } from './annotation-text.ts';
import { approvalInShort, approvalTexts, waitsForPeople } from './approval-text.ts';
import { causeText } from './cause-text.ts';
import { extraTexts, workText } from './extra-text.ts';
import { conditionLines, gateResultOf } from './gate/render.ts';
import { type Look, outcomeGlyph, outcomeStyle } from './look.ts';
import { hanging, row, shorten, textWidth } from './row.ts';
import { countJobs, elapsedMs, spanMs } from './run-count.ts';
import { renderReport } from './run-report.ts';
import { baseLabel, cellLabel, sourceLabel, stepLabel, stepLabelOf } from './shown.ts';
import { dateTime, durationOrNothing } from './time-text.ts';

/** Cells of a matrix that went well are told one by one only up to so many. */
const CELLS_MAX = 24;

/** Everything that happened in a run, in the order of the plan: outcomes, steps, times, attempts, causes and reasons. Pure. */
export function renderStory(view: RunView, look: Look, nowMs: number): string[] {
  const stages = view.stages.filter((stage) => stage.jobs.length > 0);
  const lines = [...head(view, look, nowMs)];
  for (const stage of stages) {
    const right = look.paint('dim', durationOrNothing(spanMs(stage.jobs, nowMs)));
    lines.push('', row(look.paint('bold', visible(stage.name)), right, look.width, look.glyphs.ellipsis));
    for (const job of stage.jobs) lines.push(...jobLines(job, look, nowMs));
  }
  return [...lines, '', ...renderReport(view, look, { told: true })];
}

function head(view: RunView, look: Look, nowMs: number): string[] {
  const state = view.outcome ?? (waitsForPeople(view) ? 'waiting for approval' : view.state);
  const word = view.outcome
    ? look.paint([outcomeStyle(view.outcome), 'bold'], state)
    : look.paint('cyan', state);
  const title = `${look.paint('bold', visible(view.pipeline))}  ${word} ${look.paint('dim', formatDuration(elapsedMs(view, nowMs)))}`;
  const facts: [string, string | null][] = [
    ['source', `${sourceLabel(view.source)}, ${visible(view.file)}`],
    ['event', visible(view.event)],
    ['trust', trustText(view)],
    ['started', dateTime(view.requestedAtMs)],
    ['rerun of', view.rerunOf],
    ['resumed', view.resumes > 0 ? counted(view.resumes, 'time') : null],
    ['driven by', view.state === 'finished' || !view.owner ? null : visible(view.owner)],
    ['waits for', view.waitingFor && visible(view.waitingFor)],
    ...view.cancels.map((cancel): [string, string] => ['cancelled', cancelText(cancel)]),
  ];
  const told = facts.filter((fact): fact is [string, string] => fact[1] !== null);
  return [
    row(title, look.paint('dim', `run ${view.runId}`), look.width, look.glyphs.ellipsis),
    ...told.flatMap(([name, value]) =>
      hanging(`  ${look.paint('dim', name.padEnd(9))}  `, value, look.width),
    ),
  ];
}

/** null: trusted, and nothing to say about it. */
function trustText({ trust, trustReason, source }: RunView): string | null {
  if (trustReason === null && trust === 'trusted') return null;
  const why = trustReason === null ? '' : `: ${visible(trustReason)}`;
  return `${trust}${why}${source.base ? `; the pipeline is that of ${baseLabel(source.base)}` : ''}`;
}

function cancelText(cancel: RunView['cancels'][number]): string {
  const { target } = cancel;
  const what =
    target.kind === 'run'
      ? 'the run'
      : target.kind === 'job'
        ? `job ${visible(target.job)}`
        : target.kind === 'cell'
          ? `cell ${visible(target.cell)}`
          : `step ${visible(target.step)} of ${visible(target.cell)}`;
  return `${what} by ${visible(cancel.by)} at ${dateTime(cancel.atMs)}: ${visible(cancel.reason)}`;
}

function jobLines(job: JobView, look: Look, nowMs: number): string[] {
  if (!job.cells)
    return [look.paint('dim', `  ${look.glyphs.waiting} ${visible(job.id)}  matrix not known yet`)];
  const beside =
    job.services.length === 0
      ? []
      : hanging('      ', `services: ${job.services.map(visible).join(', ')}`, look.width).map((line) =>
          look.paint('dim', line),
        );
  if (job.cells.length === 1) {
    const [head, ...rest] = cellLines(job.cells[0]!, visible(job.id), '  ', look, nowMs);
    return [head!, ...beside, ...rest];
  }
  const count = countJobs([job]);
  const words = `${count.finished}/${count.total} cells`;
  const many = job.cells.length > CELLS_MAX;
  const told = many ? job.cells.filter((cell) => cell.outcome !== 'succeeded') : job.cells;
  const hidden = job.cells.length - told.length;
  const glyph = count.outcome ? outcomeGlyph(count.outcome, look) : look.glyphs.waiting;
  const lines = [`  ${glyph} ${visible(job.id)}  ${look.paint('dim', words)}`, ...beside];
  for (const cell of told) lines.push(...cellLines(cell, cellLabel(cell, job.id), '    ', look, nowMs));
  if (hidden > 0)
    lines.push(look.paint('dim', `    ${look.glyphs.succeeded} ${counted(hidden, 'more cell')} succeeded`));
  return lines.map((line) => shorten(line, look.width, look.glyphs.ellipsis));
}

function cellLines(cell: CellView, name: string, indent: string, look: Look, nowMs: number): string[] {
  const running = cell.state === 'running' && cell.startedAtMs !== null ? nowMs - cell.startedAtMs : null;
  const time = look.paint('dim', durationOrNothing(cell.durationMs ?? running));
  const lines = [
    row(
      `${indent}${cellGlyph(cell, look)} ${name}${noteOf(cell, look)}`,
      time,
      look.width,
      look.glyphs.ellipsis,
    ),
  ];
  const inner = `${indent}    `;
  for (const attempt of cell.earlier) {
    const step = attempt.step === null ? '' : `${stepLabelOf(cell, attempt.step)}: `;
    const why = attempt.cause ? causeText(attempt.cause) : attempt.outcome;
    const text = `attempt ${attempt.attempt} ${attempt.outcome} after ${formatDuration(attempt.durationMs)}: ${step}${why}; ${visible(attempt.sentence)}`;
    lines.push(...hanging(`${inner}${look.paint('yellow', look.glyphs.warned)} `, text, look.width));
  }
  if (cell.reason && cell.state !== 'running') {
    lines.push(
      ...hanging(inner, visible(cell.reason.sentence), look.width).map((line) => look.paint('dim', line)),
    );
    if (cell.reason.decision) lines.push(...termLines(cell.reason.decision, `${inner}  `, look));
  }
  for (const step of cell.steps)
    if (step.state !== 'waiting') lines.push(...stepLines(step, inner, look, nowMs));
  for (const text of extraTexts(cell.extras)) {
    const told = hanging(`${inner}${look.glyphs.dot} `, text, look.width);
    lines.push(...told.map((line) => look.paint('dim', line)));
  }
  for (const text of cell.approval ? approvalTexts(cell.approval, cell.outcome !== null) : [])
    lines.push(...hanging(inner, text, look.width));
  const gates = gateResultOf(cell.extras);
  if (gates) lines.push(...conditionLines(gates, inner, look));
  // The conditions say it in more words.
  if (cell.cause && cell.cause.kind !== 'gate' && !cell.steps.some((step) => step.cause)) {
    lines.push(...hanging(inner, causeText(cell.cause), look.width).map((line) => look.paint('red', line)));
  }
  return lines;
}

function cellGlyph(cell: CellView, look: Look): string {
  if (cell.outcome) return outcomeGlyph(cell.outcome, look);
  if (cell.state === 'asked') return look.paint('yellow', look.glyphs.waiting);
  return cell.state === 'running'
    ? look.paint('cyan', look.glyphs.running)
    : look.paint('dim', look.glyphs.waiting);
}

function noteOf(cell: CellView, look: Look): string {
  if (cell.state === 'asked' && cell.approval)
    return `  ${look.paint('yellow', approvalInShort(cell.approval))}`;
  if (cell.reused) return look.paint('dim', '  taken over from the run that this one repeats');
  if (cell.outcome && cell.outcome !== 'succeeded')
    return `  ${look.paint(outcomeStyle(cell.outcome), cell.outcome)}`;
  return cell.attempt > 1 ? look.paint('yellow', `  attempt ${cell.attempt}`) : '';
}

function stepLines(step: StepView, indent: string, look: Look, nowMs: number | null): string[] {
  const glyph = step.outcome ? outcomeGlyph(step.outcome, look) : look.paint('cyan', look.glyphs.running);
  // A step without an end in a cell that is over was cut off: how long it took is not known.
  const running =
    step.state === 'running' && step.startedAtMs !== null && nowMs !== null ? nowMs - step.startedAtMs : null;
  const notes = [step.cleanup ? 'clean-up' : null, step.tries > 1 ? `try ${step.tries}` : null].filter(
    (note) => note !== null,
  );
  const note = notes.length > 0 ? look.paint('dim', `  (${notes.join(', ')})`) : '';
  const why = step.cause
    ? look.paint(outcomeStyle(step.outcome ?? 'failed'), `  ${causeText(step.cause)}`)
    : '';
  const time = look.paint('dim', durationOrNothing(step.durationMs ?? running));
  // The name gives way: it is often a whole command, and the cause is what one looks for.
  const room = look.width - textWidth(`${indent}${glyph} ${note}${why}  ${time}`);
  const name = shorten(stepLabel(step), Math.max(16, room), look.glyphs.ellipsis);
  const lines = [row(`${indent}${glyph} ${name}${note}${why}`, time, look.width, look.glyphs.ellipsis)];
  for (const part of step.parts) {
    const indentation = `${indent}${'  '.repeat(part.depth + 1)}`;
    const why = part.cause ? look.paint(outcomeStyle(part.outcome), `  ${causeText(part.cause)}`) : '';
    const time = look.paint('dim', durationOrNothing(part.durationMs));
    const text = `${indentation}${outcomeGlyph(part.outcome, look)} ${visible(part.name)}${why}`;
    lines.push(row(text, time, look.width, look.glyphs.ellipsis));
  }
  if (step.work) {
    const told = hanging(`${indent}    `, workText(step.work), look.width);
    lines.push(...told.map((line) => look.paint('dim', line)));
  }
  lines.push(...annotationLines(step.annotations, `${indent}    `, look));
  if (step.reason) {
    lines.push(
      ...hanging(`${indent}    `, visible(step.reason.sentence), look.width).map((line) =>
        look.paint('dim', line),
      ),
    );
    if (step.reason.decision) lines.push(...termLines(step.reason.decision, `${indent}      `, look));
  }
  return lines;
}

/** The terms of a condition. The whole of it was told by the sentence above. */
function termLines(decision: JsonObject, indent: string, look: Look): string[] {
  if (typeof decision.term !== 'string') return decisionLines(decision, indent, look);
  return partsOf(decision).flatMap((part) => decisionLines(part, indent, look));
}

/** How a term came out; each of its parts below it. */
function decisionLines(decision: JsonObject, indent: string, look: Look): string[] {
  const { term, value, because } = decision;
  if (typeof term !== 'string')
    return [shorten(`${indent}${JSON.stringify(decision)}`, look.width, look.glyphs.ellipsis)];
  const why = typeof because === 'string' ? ` because ${visible(because)}` : '';
  const head = hanging(indent, `${visible(term)} is ${visible(String(value))}${why}`, look.width);
  const inner = partsOf(decision).flatMap((part) => decisionLines(part, `${indent}  `, look));
  return [...head.map((line) => look.paint('dim', line)), ...inner];
}

function partsOf(decision: JsonObject): readonly JsonObject[] {
  return Array.isArray(decision.parts) ? (decision.parts as readonly JsonObject[]) : [];
}
