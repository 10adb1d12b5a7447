import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { expect } from 'vitest';
import { parse } from 'yaml';
import type { LogLine } from '../../src/client/contract.ts';
import { foldRun } from '../../src/client/fold-run.ts';
import type { RunView } from '../../src/client/run-view.ts';
import type { PlacedEvent } from '../../src/journal/event.ts';
import { killProcessesOf } from '../support/processes.ts';
import {
  homeOf,
  type Product,
  type ProductEnd,
  productEnvironment,
  runProduct,
  startProduct,
  untilFile,
} from '../support/product.ts';
import { makeRepository, writeFiles } from '../support/repository.ts';
import { compareCells, compareEvents, compareLog, compareText, isSuch, mostRunning } from './compare.ts';
import { type Action, type EndExpectation, type Scenario, scenarioSchema } from './expectation.ts';

const EXPECTED = 'expected.yaml';
/** How long a command that should end by itself may take for it. */
const END_WAIT_MS = 40_000;
/** Verbs that drive a run, and so can tell its events. */
const DRIVING = ['run', 'rerun', 'resume'];

/** Reads and checks `expected.yaml` of a fixture. Throws when it says what the language of expectations does not know. */
export function readScenario(fixture: string): Scenario {
  return scenarioSchema.parse(parse(readFileSync(join(fixture, EXPECTED), 'utf8')));
}

/**
 * Performs a fixture in a folder of its own: makes its repository, does what is written, compares what comes of it. `environment`: over
 * the clean one of every command.
 */
export async function playScenario(
  fixture: string,
  scenario: Scenario,
  folder: string,
  environment: Readonly<Record<string, string>> = {},
): Promise<void> {
  const repository = join(folder, 'repository');
  const scratch = join(folder, 'scratch');
  for (const one of [repository, scratch, join(folder, 'user')]) mkdirSync(one, { recursive: true });
  cpSync(fixture, repository, { recursive: true, filter: (path) => path !== join(fixture, EXPECTED) });
  makeRepository(repository);
  writeFiles(repository, scenario.uncommitted ?? {});
  const play = new Play(folder, repository, scratch, environment);
  try {
    for (const action of scenario.do) await play.perform(action);
    if (!scenario.leaves_workspaces) play.checkNothingLeft();
  } finally {
    await play.stop();
  }
}

interface Started {
  readonly product: Product;
  /** Whether its standard output is events. */
  readonly events: boolean;
}

class Play {
  readonly #folder: string;
  readonly #repository: string;
  readonly #environment: Readonly<Record<string, string>>;
  readonly #names: Map<string, string>;
  readonly #started = new Map<string, Started>();

  constructor(
    folder: string,
    repository: string,
    scratch: string,
    environment: Readonly<Record<string, string>>,
  ) {
    this.#folder = folder;
    this.#environment = environment;
    this.#repository = repository;
    this.#names = new Map([
      ['scratch', scratch],
      ['repository', repository],
      ['path', productEnvironment(folder).PATH!],
    ]);
  }

  async perform(action: Action): Promise<void> {
    if ('sluice' in action) return this.#sluice(action);
    if ('end' in action) return this.#end(action);
    if ('until' in action) return this.#until(action.until, action.event);
    if ('until_file' in action) return untilFile(this.#path(action.until_file));
    if ('until_output' in action || 'until_error' in action || 'until_runs' in action)
      return this.#untilTold(action);
    if ('kill_processes' in action) return killProcessesOf(this.#folder);
    if ('signal' in action) return void this.#one(action.to).product.kill(action.signal as NodeJS.Signals);
    if ('write' in action) return writeFiles(this.#repository, this.#filledIn(action.write));
    execFileSync('sh', ['-ec', this.#fill(action.shell)], {
      cwd: this.#repository,
      env: {
        ...productEnvironment(this.#folder),
        ...this.#environment,
        GIT_AUTHOR_NAME: 'Ada',
        GIT_AUTHOR_EMAIL: 'ada@example.com',
        GIT_COMMITTER_NAME: 'Ada',
        GIT_COMMITTER_EMAIL: 'ada@example.com',
      },
      stdio: ['ignore', 'ignore', 'pipe'],
    });
  }

  /** Ends what an unsuccessful scenario left behind. */
  async stop(): Promise<void> {
    for (const { product } of this.#started.values()) {
      product.kill('SIGKILL');
      await product.ended;
    }
    killProcessesOf(this.#folder);
  }

  /** Whatever a scenario is about: the program leaves no workspace behind. */
  checkNothingLeft(): void {
    const workspaces = join(homeOf(this.#folder), 'workspaces');
    expect(existsSync(workspaces) ? readdirSync(workspaces) : [], 'workspaces left behind').toEqual([]);
  }

  async #sluice(action: Extract<Action, { sluice: string }>): Promise<void> {
    const args = words(this.#fill(action.sluice));
    const events = DRIVING.includes(args[0]!) && wantsNoText(action, args);
    const product = startProduct(events ? [...args, '--events'] : args, {
      folder: this.#folder,
      cwd: action.in === undefined ? this.#repository : resolve(this.#repository, action.in),
      environment: { ...this.#environment, ...this.#filledIn(action.environment ?? {}) },
    });
    if (action.as !== undefined) this.#started.set(action.as, { product, events });
    else await this.#compare(action, await product.ended, events, null);
  }

  async #end(action: Extract<Action, { end: string }>): Promise<void> {
    const { product, events } = this.#one(action.end);
    const end = await Promise.race([product.ended, delay(END_WAIT_MS, null, { ref: false })]);
    if (!end) throw new Error(`${action.end} did not end; stdout: ${product.output()}`);
    this.#started.delete(action.end);
    await this.#compare(action, end, events, action.end);
  }

  async #until(name: string, pattern: Readonly<Record<string, unknown>>): Promise<void> {
    const { product } = this.#one(name);
    await product.until(
      (output) => readEvents(output).some((event) => isSuch(event, pattern)),
      JSON.stringify(pattern),
    );
    const run = runIdIn(product.output());
    if (run) this.#names.set(name, run).set('run', run);
  }

  async #untilTold(
    action: Extract<Action, { until_output: string } | { until_error: string } | { until_runs: string }>,
  ): Promise<void> {
    if ('until_output' in action) {
      await this.#one(action.until_output).product.until(
        (output) => output.includes(action.text),
        action.text,
      );
    } else if ('until_error' in action) {
      await this.#one(action.until_error).product.until(
        (_, errors) => errors.includes(action.text),
        action.text,
      );
    } else {
      const isOver = { type: 'run.finished' };
      await this.#one(action.until_runs).product.until(
        (output) => readEvents(output).filter((event) => isSuch(event, isOver)).length >= action.count,
        `${action.count} runs`,
      );
    }
  }

  async #compare(
    expected: EndExpectation,
    end: ProductEnd,
    told: boolean,
    name: string | null,
  ): Promise<void> {
    const said = `stdout: ${end.stdout.slice(-3000)}\nstderr: ${end.stderr}`;
    expect(end.signal, `signal that ended it; ${said}`).toBe(expected.killed ?? null);
    if (expected.killed === undefined) expect(end.code, `exit code; ${said}`).toBe(expected.exit ?? 0);
    expect(end.stderr + (told ? '' : end.stdout), 'a stack trace is not for users').not.toMatch(
      /^\s+at .*:\d+:\d+\)?$/m,
    );
    const run = runIdIn(end.stdout);
    if (run) this.#names.set('run', run);
    if (run && name !== null) this.#names.set(name, run);
    if (expected.stdout !== undefined) compareText('stdout', end.stdout, this.#filledIn(expected.stdout));
    if (expected.stderr !== undefined) compareText('stderr', end.stderr, this.#filledIn(expected.stderr));
    if (expected.json !== undefined)
      expect({ json: JSON.parse(end.stdout) }).toMatchObject(this.#filledIn({ json: expected.json }));
    for (const [path, text] of Object.entries(expected.files ?? {})) this.#compareFile(path, text);
    await this.#compareRun(expected, told ? readEvents(end.stdout) : null);
  }

  async #compareRun(expected: EndExpectation, told: readonly PlacedEvent[] | null): Promise<void> {
    const { outcome, sentence, warnings, cells, logs } = this.#filledIn(expected);
    const needsView = outcome ?? sentence ?? warnings ?? cells;
    if (needsView !== undefined) {
      const view = told ? foldRun(told) : await this.#json<RunView>('show', this.#name('run'), '--json');
      if (outcome !== undefined) expect(view.outcome, `outcome of the run (${view.sentence})`).toBe(outcome);
      if (sentence !== undefined) expect(view.sentence).toContain(sentence);
      if (warnings !== undefined) compareText('warnings', view.warnings.join('\n'), warnings);
      if (cells) compareCells(view, cells);
    }
    if (logs) {
      const lines = await this.#logLines();
      for (const [cell, one] of Object.entries(logs)) compareLog(cell, lines, one);
    }
    this.#compareCourse(expected, told);
  }

  #compareCourse(expected: EndExpectation, told: readonly PlacedEvent[] | null): void {
    const { events, no_events: absent, apart, at_most_running: most } = this.#filledIn(expected);
    if (!(events ?? absent ?? apart ?? most)) return;
    if (!told) throw new Error('events can be compared only where the text of stdout is not');
    if (events) compareEvents(told, events);
    for (const pattern of absent ?? [])
      expect(
        told.filter((event) => isSuch(event, pattern)),
        `events ${JSON.stringify(pattern)}`,
      ).toEqual([]);
    if (apart) expect(mostRunning(told, apart), `of ${apart.join(', ')} at the same time`).toBe(1);
    if (most !== undefined)
      expect(mostRunning(told, null), 'cells at the same time').toBeLessThanOrEqual(most);
  }

  #compareFile(path: string, text: string | null): void {
    const file = this.#path(path);
    if (text === null) expect(existsSync(file), `${path} is there`).toBe(false);
    else expect(readFileSync(file, 'utf8'), path).toContain(this.#fill(text));
  }

  async #logLines(): Promise<LogLine[]> {
    const { stdout } = await this.#ask('logs', this.#name('run'), '--json');
    return stdout
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line));
  }

  async #json<T>(...args: readonly string[]): Promise<T> {
    const { stdout, stderr } = await this.#ask(...args);
    if (stdout === '') throw new Error(`sluice ${args.join(' ')}: ${stderr}`);
    return JSON.parse(stdout);
  }

  #ask(...args: readonly string[]): Promise<ProductEnd> {
    return runProduct(args, { folder: this.#folder, cwd: this.#repository });
  }

  #one(name: string): Started {
    const started = this.#started.get(name);
    if (!started) throw new Error(`nothing was started as ${name}`);
    return started;
  }

  #name(name: string): string {
    const value = this.#names.get(name);
    if (value === undefined) throw new Error(`there is no {${name}} yet`);
    return value;
  }

  #path(path: string): string {
    return resolve(this.#repository, this.#fill(path));
  }

  #fill(text: string): string {
    return text.replace(/\{([a-z_-]+)\}/g, (whole, name) => this.#names.get(name) ?? whole);
  }

  #filledIn<T>(value: T): T {
    if (typeof value === 'string') return this.#fill(value) as T;
    if (Array.isArray(value)) return value.map((one) => this.#filledIn(one)) as T;
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(
      Object.entries(value).map(([key, one]) => [this.#fill(key), this.#filledIn(one)]),
    ) as T;
  }
}

/** Where nobody looks at the text, the program is asked for its events: then one process tells all. */
function wantsNoText(action: Extract<Action, { sluice: string }>, args: readonly string[]): boolean {
  const looked = action.stdout ?? action.json;
  return (
    looked === undefined && !args.some((arg) => ['--dry-run', '--events', '--json', '--help'].includes(arg))
  );
}

function readEvents(output: string): PlacedEvent[] {
  return output
    .slice(0, output.lastIndexOf('\n') + 1)
    .split('\n')
    .filter((line) => line.startsWith('{"schemaVersion"'))
    .map((line) => JSON.parse(line));
}

/** The run that a command was about, as it is told in events, JSON or text. */
function runIdIn(output: string): string | null {
  return (
    /"stream":"run\/(\w+)"|"runId":\s*"(\w+)"|\brun ([0-9a-z]{14})\b/.exec(output)?.slice(1).find(Boolean) ??
    null
  );
}

/** A command line as a shell splits it: words, with single or double quotes around what belongs together. */
function words(line: string): string[] {
  return [...line.matchAll(/(?:[^\s'"]+|'[^']*'|"[^"]*")+/g)].map(([word]) =>
    word.replace(/'([^']*)'|"([^"]*)"/g, '$1$2'),
  );
}
