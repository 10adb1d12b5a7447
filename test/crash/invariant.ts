import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import type { LogLine } from '../../src/client/contract.ts';
import { foldRun } from '../../src/client/fold-run.ts';
import { readLogs } from '../../src/client/logs.ts';
import type { CellView } from '../../src/client/run-view.ts';
import type { StoredEvent } from '../../src/journal/event.ts';
import type { RunEvent } from '../../src/journal/run-event.ts';
import { processesAfter } from '../support/processes.ts';
import { homeOf } from '../support/product.ts';
import type { Trial } from './trial.ts';

/** The job whose steps are declared repeatable. */
const REPEATABLE = 'again';
const GONE_AFTER_MS = 2000;

/** What must be true of every run, however often its program was killed. Throws for what is not. */
export async function checkTrial(trial: Trial): Promise<void> {
  expect(trial.damage, 'damage of the journal').toEqual([]);
  checkNothingForgotten(trial);
  checkEnd(trial);
  checkNoStepTwice(trial);
  await checkLogs(trial);
  const left = await processesAfter(trial.folder, GONE_AFTER_MS);
  expect(left, `processes left: ${JSON.stringify(left)}`).toEqual([]);
  for (const name of ['workspaces', 'steps']) {
    const folder = join(homeOf(trial.folder), name);
    expect(existsSync(folder) ? readdirSync(folder) : [], `left in ${name}`).toEqual([]);
  }
}

/** What stood in the journal when the program was killed stands there at the end. */
function checkNothingForgotten({ journals }: Trial): void {
  const last = journals.at(-1)!.map((event) => event.hash);
  for (const events of journals) {
    const before = events.map((event) => event.hash);
    expect(last.slice(0, before.length), 'events of before the kill').toEqual(before);
  }
}

function checkEnd({ journals, kills, end }: Trial): void {
  const events = journals.at(-1)!;
  expect(
    events.filter((event) => event.body.type === 'run.finished').length,
    `ends of the run; ${end.stderr}`,
  ).toBe(1);
  expect(events.at(-1)!.body.type).toBe('run.finished');
  const view = foldRun(events);
  const cells = view.stages.flatMap((stage) => stage.jobs.flatMap((job) => job.cells ?? []));
  const lost = cells.filter(isLost);
  for (const cell of cells) {
    expect(cell.state, `state of ${cell.name}`).toBe('finished');
    // A step whose outcome nobody can know is lost, and what needs it is skipped; nothing else may go wrong.
    if (lost.includes(cell)) expect(cell.outcome, cell.name).toBe('failed');
    else if (lost.length > 0)
      expect(['succeeded', 'skipped'], `${cell.name}: ${JSON.stringify(cell.cause)}`).toContain(cell.outcome);
    else expect(cell.outcome, `${cell.name}: ${JSON.stringify(cell.cause)}`).toBe('succeeded');
    if (cell.outcome === 'succeeded' && cell.name === 'first') expect(cell.outputs).toEqual({ number: '42' });
    checkCleanup(cell);
  }
  expect(view.outcome).toBe(lost.length > 0 ? 'failed' : 'succeeded');
  if (kills.length === 0) expect(lost, 'lost without a kill').toEqual([]);
}

/** Nobody can know how it ended; or it was about to be started when the helper that starts steps was killed. */
function isLost({ cause }: CellView): boolean {
  if (cause?.kind === 'could-not-start') return cause.reason.includes('helper');
  return cause?.kind === 'lost';
}

function checkCleanup(cell: CellView): void {
  if (cell.attempt === 0) return;
  for (const step of cell.steps.filter((one) => one.cleanup))
    expect(step.state, `clean-up of ${cell.name}`).toBe('finished');
}

type Started = Extract<RunEvent, { type: 'step.started' }>;
type Finished = Extract<RunEvent, { type: 'step.finished' }>;

function checkNoStepTwice({ journals, ledger }: Trial): void {
  const events = journals.at(-1)!.map((event: StoredEvent) => event.body);
  const started = events.filter((body): body is Started => body.type === 'step.started');
  const finished = events.filter((body): body is Finished => body.type === 'step.finished');
  const unstarted = counts(finished.filter((one) => one.cause?.kind === 'could-not-start').map(nameOf));
  const begun = counts(
    ledger.filter((line) => line.startsWith('begin ')).map((line) => line.slice('begin '.length)),
  );
  const ended = counts(
    ledger.filter((line) => line.startsWith('end ')).map((line) => line.slice('end '.length)),
  );
  const intents = counts(started.map(nameOf));
  const receipts = counts(finished.filter((one) => one.outcome === 'succeeded').map(nameOf));
  for (const [step, times] of Object.entries(begun)) {
    if (!step.startsWith(`${REPEATABLE} `))
      expect(times, `${step} began`).toBeLessThanOrEqual((intents[step] ?? 0) - (unstarted[step] ?? 0));
  }
  for (const [step, times] of Object.entries(receipts))
    expect(ended[step] ?? 0, `${step} really ended`).toBeGreaterThanOrEqual(times);
  const tries = started.map((one) => JSON.stringify([one.cell, one.attempt, one.step, one.try]));
  expect(tries.length, 'tries that were started twice').toBe(new Set(tries).size);
}

function nameOf(event: Started | Finished): string {
  return `${event.cell} > ${event.step}`;
}

function counts(names: readonly string[]): Record<string, number> {
  return Object.fromEntries(
    Map.groupBy(names, (name) => name)
      .entries()
      .map(([name, all]) => [name, all.length]),
  );
}

/** What a log says where a killed program or helper may have taken output along. */
const MISSING = ['[sluice: Sluice was restarted here', '[sluice: the helper that starts steps was killed'];

/** A step that no kill interrupted has each of its lines once; in the log of any other stands that lines may be missing. */
async function checkLogs({ folder, runId, journals, kills }: Trial): Promise<void> {
  const events = journals.at(-1)!;
  const lines = await logLines(folder, runId, events);
  const finished = events
    .map((event) => event.body)
    .filter((body): body is Finished => body.type === 'step.finished');
  let interrupted = 0;
  for (const one of finished) {
    if (one.outcome !== 'succeeded' && one.cause?.kind !== 'exit-code') continue;
    const name = nameOf(one);
    const texts = lines
      .filter((line) => line.cell === one.cell && line.attempt === one.attempt && line.step === one.step)
      .map((line) => line.text);
    const wanted = [1, 2, 3].map((number) => `${name}, line ${number}`);
    if (texts.some(tellsOfMissing)) {
      interrupted++;
      for (const text of texts) if (!tellsOfMissing(text)) expect(wanted, `log of ${name}`).toContain(text);
    } else {
      const tries = finished.filter((other) => nameOf(other) === name && other.attempt === one.attempt);
      const whole = tries.filter(
        (other) => other.outcome === 'succeeded' || other.cause?.kind === 'exit-code',
      );
      for (const line of wanted) {
        const count = texts.filter((text) => text === line).length;
        // A try that was lost with its helper may have printed some of its lines.
        expect(count, `times of "${line}" in its log`).toBeGreaterThanOrEqual(whole.length);
        if (whole.length === tries.length) expect(count, `times of "${line}" in its log`).toBe(whole.length);
      }
      expect(one.log.lines, `lines of ${name}`).toBe(3);
    }
  }
  // Two workers, one of which may run two steps side by side.
  expect(interrupted, 'steps that a kill interrupted').toBeLessThanOrEqual(3 * kills.length);
}

function tellsOfMissing(text: string): boolean {
  return MISSING.some((beginning) => text.startsWith(beginning));
}

async function logLines(folder: string, runId: string, events: readonly StoredEvent[]): Promise<LogLine[]> {
  async function* all() {
    yield* events;
  }
  const query = { cell: null, step: null, follow: false, tail: null };
  const lines: LogLine[] = [];
  for await (const line of readLogs(homeOf(folder), runId, all(), query)) lines.push(line);
  return lines;
}
