import { formatDuration } from '../base/duration.ts';
import type { JsonObject } from '../base/json.ts';
import type { CellView, RunView } from '../client/run-view.ts';
import type { RunOutcome } from '../journal/run-event.ts';
import { annotationsOf, annotationText } from './annotation-text.ts';
import { waitsForPeople } from './approval-text.ts';
import { causeText } from './cause-text.ts';
import { EXIT } from './context.ts';
import { extraTexts } from './extra-text.ts';
import { logText } from './log-text.ts';
import { allCells } from './run-count.ts';
import { sourceLabel, stepLabelOf } from './shown.ts';

/** The exit code of a command that drove a run to its end. */
export function exitCodeOf(outcome: RunOutcome): number {
  if (outcome === 'succeeded' || outcome === 'warned') return EXIT.done;
  return outcome === 'errored' ? EXIT.unable : EXIT.failed;
}

/** The result of a run for programs. Durations in milliseconds; times in milliseconds since 1970. */
export function summaryJson(view: RunView): JsonObject {
  const { base, ...source } = view.source;
  return {
    runId: view.runId,
    pipeline: view.pipeline,
    file: view.file,
    outcome: view.outcome,
    exitCode: view.outcome ? exitCodeOf(view.outcome) : waitsForPeople(view) ? EXIT.waiting : null,
    sentence: view.sentence,
    event: view.event,
    source: { ...source, base: base ? { ...base } : null },
    trust: view.trust,
    trustReason: view.trustReason,
    startedAtMs: view.requestedAtMs,
    durationMs: view.durationMs,
    rerunOf: view.rerunOf,
    resumes: view.resumes,
    warnings: view.warnings,
    cells: allCells(view).map(({ cell, job, stage }) => ({
      cell: cell.name,
      job: job.id,
      stage: stage.name,
      outcome: cell.outcome,
      attempt: cell.attempt,
      reused: cell.reused,
      durationMs: cell.durationMs,
      step: cell.failedStep,
      cause: cell.cause && { ...cell.cause, text: causeText(cell.cause) },
      reason: cell.reason?.sentence ?? null,
      outputs: cell.outputs,
      extras: { ...cell.extras } as JsonObject,
      annotations: annotationsOf(cell) as unknown as JsonObject[],
      approval: cell.approval && ({ ...cell.approval } as unknown as JsonObject),
    })),
  };
}

/** The result of a run as Markdown, for a pull request or a job summary. */
export function summaryMarkdown(view: RunView): string {
  const time = view.durationMs === null ? '' : ` in ${formatDuration(view.durationMs)}`;
  const cells = allCells(view);
  const lines = [
    `## ${escaped(view.pipeline)}: ${view.outcome ?? view.state}${time}`,
    '',
    `Run \`${view.runId}\` of ${escaped(sourceLabel(view.source))}, event ${escaped(view.event)}.`,
    '',
    '| Stage | Job | Outcome | Time | Why |',
    '| --- | --- | --- | ---: | --- |',
    ...cells.map(({ cell, stage }) => {
      const duration = cell.durationMs === null ? '' : formatDuration(cell.durationMs);
      return `| ${escaped(stage.name)} | ${escaped(cell.name)} | ${cell.outcome ?? cell.state} | ${duration} | ${escaped(why(cell))} |`;
    }),
  ];
  const beside = cells.flatMap(({ cell }) =>
    extraTexts(cell.extras).map((text) => `- ${escaped(cell.name)}: ${escaped(text)}`),
  );
  if (beside.length > 0) lines.push('', ...beside);
  const annotated = cells.flatMap(({ cell }) =>
    annotationsOf(cell).map(
      (one) => `- ${one.level}: ${escaped(cell.name)}: ${escaped(annotationText(one))}`,
    ),
  );
  if (annotated.length > 0) lines.push('', ...annotated);
  if (view.warnings.length > 0)
    lines.push('', ...view.warnings.map((warning) => `- warning: ${escaped(warning)}`));
  for (const { cell } of cells) {
    if (cell.tail.length === 0 || (cell.outcome !== 'failed' && cell.outcome !== 'errored')) continue;
    lines.push('', `### ${escaped(cell.name)}`, '', ...codeBlock(cell.tail));
  }
  return `${lines.join('\n')}\n`;
}

function why(cell: CellView): string {
  if (cell.reused) return 'taken over';
  if (!cell.cause) return cell.reason?.sentence ?? '';
  const step = cell.failedStep === null ? '' : `${stepLabelOf(cell, cell.failedStep)}: `;
  return `${step}${causeText(cell.cause)}`;
}

/** One line, with what Markdown, HTML and tables read as their own made plain. */
function escaped(text: string): string {
  return text
    .replace(/[\r\n]+/g, ' ')
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replace(/[\\`*_{}[\]|@#]/g, (character) => `\\${character}`);
}

/** A fence longer than any in the text, so that the text cannot end it. */
function codeBlock(lines: readonly string[]): string[] {
  const text = lines.map((line) => logText(line, false));
  const longest = Math.max(
    2,
    ...text.flatMap((line) => [...line.matchAll(/`+/g)].map((match) => match[0].length)),
  );
  const fence = '`'.repeat(longest + 1);
  return [`${fence}text`, ...text, fence];
}
