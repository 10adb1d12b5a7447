import { userError } from '../../base/diagnostic.ts';
import { visible } from '../../base/text.ts';
import type { RunSummary } from '../../client/contract.ts';
import { repositoryName } from '../chosen-run.ts';
import { type Context, EXIT } from '../context.ts';
import { type Look, outcomeGlyph } from '../look.ts';
import { shorten, textWidth } from '../row.ts';
import { ago, durationOrNothing } from '../time-text.ts';

const LIMIT_DEFAULT = 20;
const LIMIT_MAX = 10_000;

/** `sluice list`: the latest runs, newest first, as a table. */
export async function perform(
  context: Context,
  _given: readonly string[],
  options: { readonly limit?: string; readonly all?: boolean },
): Promise<number> {
  const limit = countOption('--limit', options.limit, LIMIT_DEFAULT, LIMIT_MAX);
  const client = await context.client();
  const repository = options.all ? undefined : await repositoryName(context);
  const runs = await client.list({ repository, limit });
  if (context.json) context.printJson(runs);
  else if (runs.length === 0)
    context.print(
      `no runs${repository === undefined ? '' : ' of this repository'} yet; start one: sluice run`,
    );
  else {
    context.print(renderList(runs, context.look, context.ports.clock.now()));
    const asking = runs.find((run) => run.approvals.length > 0);
    if (asking) context.note(`a run waits for approval: sluice approve ${asking.runId}`);
    const left = runs.find((run) => run.orphaned && run.approvals.length === 0);
    if (left) context.note(`a run was left behind; go on with it: sluice resume ${left.runId}`);
  }
  return EXIT.done;
}

/** A whole number from an option. Throws `UserError` naming the option. */
export function countOption(flag: string, text: string | undefined, otherwise: number, max: number): number {
  if (text === undefined) return otherwise;
  const count = /^\d{1,9}$/.test(text) ? Number(text) : 0;
  if (count >= 1 && count <= max) return count;
  throw userError(
    'bad-option',
    `${flag} is ${JSON.stringify(text)}, which is no such count`,
    `give a whole number from 1 to ${max}`,
  );
}

/** A table that fits the width: only the pipeline's and the branch's names are cut. Pure. */
export function renderList(runs: readonly RunSummary[], look: Look, nowMs: number): string[] {
  const cells = runs.map((run) => [
    run.runId,
    visible(run.pipeline),
    visible(run.branch ?? run.commit?.slice(0, 7) ?? ''),
    visible(run.event) + (run.trust === 'untrusted' ? ' (untrusted)' : ''),
    ago(run.startedAtMs, nowMs),
    stateText(run),
  ]);
  const rows = [['run', 'pipeline', 'branch', 'event', 'started', 'time'], ...cells];
  const widths = columnWidths(rows, look);
  return rows.map((row, index) => {
    const run = runs[index - 1];
    const glyph = run ? runGlyph(run, look) : ' ';
    const words = row.map((word, column) => {
      const shown = shorten(word, widths[column]!, look.glyphs.ellipsis);
      const space = ' '.repeat(Math.max(0, widths[column]! - textWidth(shown)));
      return column === 5 ? space + shown : shown + space;
    });
    const line = `${glyph} ${words.join('  ')}`.trimEnd();
    return run ? line : look.paint('dim', line);
  });
}

function stateText({ outcome, durationMs, orphaned, approvals }: RunSummary): string {
  if (outcome !== null) return durationOrNothing(durationMs);
  if (approvals.length > 0) return 'waiting for approval';
  return orphaned ? 'left' : 'running';
}

/** As wide as the longest word; when that is too much together, pipeline and branch give way. */
function columnWidths(rows: readonly (readonly string[])[], look: Look): number[] {
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => textWidth(row[column]!))));
  const excess = (): number => 2 + widths.reduce((sum, width) => sum + width + 2, -2) - look.width;
  while (excess() > 0) {
    const column = widths[1]! >= widths[2]! ? 1 : 2;
    if (widths[column]! <= 6) break;
    widths[column]!--;
  }
  return widths;
}

function runGlyph(run: RunSummary, look: Look): string {
  if (run.outcome) return outcomeGlyph(run.outcome, look);
  if (run.approvals.length > 0) return look.paint('yellow', look.glyphs.waiting);
  return run.orphaned ? look.paint('yellow', look.glyphs.warned) : look.paint('cyan', look.glyphs.running);
}
