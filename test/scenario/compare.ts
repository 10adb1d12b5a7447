import { expect } from 'vitest';
import type { LogLine } from '../../src/client/contract.ts';
import type { CellView, RunView, StepView } from '../../src/client/run-view.ts';
import type { PlacedEvent } from '../../src/journal/event.ts';
import type { CellExpectation, LogExpectation, TextExpectation } from './expectation.ts';

/** Compares a text; white space counts as one space, so that where a line is broken does not matter. */
export function compareText(what: string, text: string, expected: TextExpectation): void {
  const { contain, lack, equal } =
    typeof expected === 'string' || Array.isArray(expected)
      ? { contain: expected, lack: [], equal: undefined }
      : expected;
  for (const part of listOf(contain)) expect(flat(text), what).toContain(flat(part));
  for (const part of listOf(lack)) expect(flat(text), what).not.toContain(flat(part));
  if (equal !== undefined) expect(text, what).toBe(equal);
}

function flat(text: string): string {
  return text.replace(/\s+/g, ' ').trim();
}

function listOf(words: string | readonly string[] | undefined): readonly string[] {
  return typeof words === 'string' ? [words] : (words ?? []);
}

/** Compares all cells of a run: none may be missing, none may be there besides. */
export function compareCells(view: RunView, expected: Readonly<Record<string, CellExpectation>>): void {
  const cells = view.stages.flatMap((stage) => stage.jobs.flatMap((job) => job.cells ?? []));
  const outcomes = Object.fromEntries(cells.map((cell) => [cell.name, cell.outcome ?? cell.state]));
  const wanted = Object.fromEntries(
    Object.entries(expected).map(([name, one]) => [name, typeof one === 'string' ? one : one.outcome]),
  );
  const causes = cells
    .filter((cell) => cell.cause)
    .map((cell) => `${cell.name}: ${JSON.stringify(cell.cause)}`);
  expect(outcomes, `outcome of every cell (${causes.join('; ')})`).toEqual(wanted);
  for (const cell of cells) compareCell(cell, expected[cell.name]!);
}

function compareCell(cell: CellView, expected: CellExpectation): void {
  if (typeof expected === 'string') return;
  const { name } = cell;
  if (expected.attempts !== undefined) expect(cell.attempt, `attempts of ${name}`).toBe(expected.attempts);
  if (expected.cause) expect(cell.cause, `cause of ${name}`).toMatchObject(expected.cause);
  if (expected.reason !== undefined)
    expect(cell.reason?.sentence ?? '', `reason of ${name}`).toContain(expected.reason);
  if (expected.decision)
    expect(terms(cell.reason?.decision), `decision of ${name}`).toContainEqual(
      expect.objectContaining(expected.decision),
    );
  if (expected.outputs) expect(cell.outputs, `outputs of ${name}`).toEqual(expected.outputs);
  if (expected.failed_step !== undefined)
    expect(cell.failedStep, `failed step of ${name}`).toBe(expected.failed_step);
  if (expected.reused !== undefined) expect(cell.reused, `reuse of ${name}`).toBe(expected.reused);
  for (const line of listOf(expected.tail)) expect(cell.tail.join('\n'), `tail of ${name}`).toContain(line);
  for (const [id, step] of Object.entries(expected.steps ?? {})) {
    const found = cell.steps.find((one) => one.id === id);
    expect(
      cell.steps.map((one) => one.id),
      `steps of ${name}`,
    ).toContain(id);
    compareStep(`${name} > ${id}`, found!, typeof step === 'string' ? { outcome: step } : step);
  }
}

type StepExpectation = Exclude<NonNullable<Exclude<CellExpectation, string>['steps']>[string], string>;

function compareStep(name: string, step: StepView, expected: StepExpectation): void {
  if (expected.outcome !== undefined)
    expect(step.outcome ?? step.state, `outcome of ${name}`).toBe(expected.outcome);
  if (expected.tries !== undefined) expect(step.tries, `tries of ${name}`).toBe(expected.tries);
  if (expected.cause) expect(step.cause, `cause of ${name}`).toMatchObject(expected.cause);
  if (expected.reason !== undefined)
    expect(step.reason?.sentence ?? '', `reason of ${name}`).toContain(expected.reason);
}

interface Term {
  readonly parts?: readonly Term[];
}

/** A decision tree as the list of its terms. */
function terms(decision: Term | undefined): readonly Term[] {
  return decision ? [decision, ...(decision.parts ?? []).flatMap(terms)] : [];
}

/** Compares the lines of a cell, or of all (`*`). */
export function compareLog(name: string, lines: readonly LogLine[], expected: LogExpectation): void {
  const wanted = typeof expected === 'string' || Array.isArray(expected) ? { contain: expected } : expected;
  const { step } = 'step' in wanted ? wanted : { step: undefined };
  const texts = lines
    .filter((line) => (name === '*' || line.cell === name) && (step === undefined || line.step === step))
    .map((line) => line.text);
  const log = texts.join('\n');
  for (const text of listOf(wanted.contain)) expect(log, `log of ${name}`).toContain(text);
  if ('lack' in wanted)
    for (const text of listOf(wanted.lack)) expect(log, `log of ${name}`).not.toContain(text);
  if ('lines' in wanted && wanted.lines) expect(texts, `log of ${name}`).toEqual(wanted.lines);
  if ('count' in wanted && wanted.count !== undefined)
    expect(texts.length, `lines in the log of ${name}`).toBe(wanted.count);
}

type Pattern = Readonly<Record<string, unknown>>;

/** Whether an event's body has all that the pattern says. */
export function isSuch(event: PlacedEvent, pattern: Pattern): boolean {
  return contains(event.body, pattern);
}

function contains(actual: unknown, pattern: unknown): boolean {
  if (typeof pattern !== 'object' || pattern === null) return actual === pattern;
  if (typeof actual !== 'object' || actual === null) return false;
  return Object.entries(pattern).every(([key, value]) => contains(actual[key as never], value));
}

/** The patterns must be found in this order; other events may stand between. */
export function compareEvents(events: readonly PlacedEvent[], patterns: readonly Pattern[]): void {
  let at = 0;
  for (const pattern of patterns) {
    const found = events.findIndex((event, index) => index >= at && isSuch(event, pattern));
    if (found < 0) {
      const types = events.slice(at).map((event) => JSON.stringify(event.body).slice(0, 200));
      expect.fail(`no event ${JSON.stringify(pattern)} after event ${at}, but\n${types.join('\n')}`);
    }
    at = found + 1;
  }
}

/** The most cells of those named (null: of any) that ran at the same time. */
export function mostRunning(events: readonly PlacedEvent[], names: readonly string[] | null): number {
  const running = new Set<string>();
  let most = 0;
  for (const { body } of events) {
    if (body.type !== 'cell.started' && body.type !== 'cell.finished') continue;
    if (names && !names.includes(body.cell)) continue;
    if (body.type === 'cell.started') running.add(body.cell);
    else running.delete(body.cell);
    most = Math.max(most, running.size);
  }
  return most;
}
