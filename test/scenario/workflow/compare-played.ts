import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { annotationText } from '../../../src/cli/annotation-text.ts';
import type { Client, LogLine } from '../../../src/client/contract.ts';
import type { RunView } from '../../../src/client/run-view.ts';
import type { PlacedEvent } from '../../../src/journal/event.ts';
import { logFile, stepKey, summaryFile } from '../../../src/runner/log/paths.ts';
import { compareCells, compareLog, compareText, mostRunning } from '../compare.ts';
import type { WorkflowCase } from './case.ts';
import type { Played } from './machine.ts';

/** Compares what became of a case with all that it says of it. */
export async function comparePlayed(one: WorkflowCase, played: Played, folder: string): Promise<void> {
  if (one.problems !== undefined) {
    expect(played.kind, JSON.stringify(played)).toBe('problems');
    if (played.kind === 'problems') compareText('problems', played.said.join('\n'), one.problems);
    return;
  }
  if (one.not_needed !== undefined) {
    expect(played).toMatchObject({ kind: 'not-needed' });
    if (played.kind === 'not-needed') compareText('reason', played.sentence, one.not_needed);
    return;
  }
  if (played.kind !== 'run') throw new Error(`it does not run: ${JSON.stringify(played)}`);
  const { client, view, said } = played;
  if (one.hints === undefined) expect(said, 'said of the file').toEqual([]);
  else compareText('said of the file', said.join('\n'), one.hints);
  if (one.cells) compareCells(view, one.cells);
  expect(view.outcome, `outcome of the run (${view.sentence})`).toBe(one.outcome ?? 'succeeded');
  compareText('warnings', view.warnings.join('\n'), one.warnings ?? []);
  if (one.logs) {
    const lines: LogLine[] = [];
    for await (const line of client.logs(view.runId, { cell: null, step: null, follow: false, tail: null }))
      lines.push(line);
    for (const [cell, expected] of Object.entries(one.logs)) compareLog(cell, lines, expected);
  }
  expect(annotationsOf(view), 'annotations').toEqual(one.annotations ?? []);
  for (const [place, text] of Object.entries(one.summaries ?? {}))
    expect(readFileSync(summaryAt(view, place, folder), 'utf8')).toContain(text);
  if (one.at_most_running !== undefined)
    expect(mostRunning(await eventsOf(client, view.runId), null)).toBeLessThanOrEqual(one.at_most_running);
}

function annotationsOf(view: RunView): readonly string[] {
  const cells = view.stages.flatMap((stage) => stage.jobs.flatMap((job) => job.cells ?? []));
  return cells.flatMap(({ steps }) =>
    steps.flatMap(({ annotations }) => annotations.map((one) => `${one.level} ${annotationText(one)}`)),
  );
}

function summaryAt(view: RunView, place: string, folder: string): string {
  const [cell, step] = place.split('/') as [string, string];
  return summaryFile(logFile(join(folder, 'home'), view.runId, cell, 1, stepKey(step, 1)));
}

async function eventsOf(client: Client, runId: string): Promise<readonly PlacedEvent[]> {
  const events: PlacedEvent[] = [];
  for await (const event of client.events(runId, { follow: false })) events.push(event);
  return events;
}
