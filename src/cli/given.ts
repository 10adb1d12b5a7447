import { resolve } from 'node:path';
import { type Diagnostic, UserError, userError } from '../base/diagnostic.ts';
import type { JsonObject } from '../base/json.ts';
import { nearestName } from '../base/near.ts';
import { refProblem, revisionProblem } from '../base/ref-name.ts';
import { visible } from '../base/text.ts';
import type { RunSource } from '../journal/run-event.ts';
import { eventOf, eventWord } from '../pipeline/event-name.ts';
import type { Plan } from '../pipeline/plan.ts';
import { judgeTrust } from '../pipeline/trust.ts';
import { takenVariable } from '../pipeline/variable-name.ts';
import type { Context } from './context.ts';

/** What `run` and `plan` are given besides the file. */
export interface GivenOptions {
  readonly job?: readonly string[];
  readonly input?: readonly string[];
  readonly variable?: readonly string[];
  readonly event?: string;
  readonly payload?: string;
  readonly untrusted?: boolean;
  readonly base?: string;
  readonly branch?: string;
  readonly tag?: string;
  readonly commit?: string;
}

export interface GivenEvent {
  readonly name: string;
  readonly payload: JsonObject;
}

export interface Given {
  readonly event: GivenEvent;
  /** Whether it was asked for; the event may say so as well. */
  readonly untrusted: boolean;
  readonly inputs: JsonObject;
  readonly variables: Readonly<Record<string, string>>;
  readonly only: readonly string[] | null;
}

const EVENTS = ['push', 'pull_request', 'tag', 'schedule', 'manual', 'api'];

/**
 * The code to run: git's facts, with the branch or tag that the user wants it to be taken for. Of an untrusted run it is exactly
 * a commit, with the base that its pipeline is read from. Throws `UserError`, also for a name that git might take for an
 * option or a program.
 */
export async function givenSource(
  context: Context,
  options: GivenOptions,
  event: GivenEvent,
): Promise<RunSource> {
  const { commit, base, branch, tag, untrusted = false } = options;
  const names = [
    nameProblem('--commit', commit, revisionProblem),
    nameProblem('--base', base, revisionProblem),
    nameProblem('--branch', branch, refProblem),
    nameProblem('--tag', tag, refProblem),
  ].filter((one) => one !== null);
  if (names.length > 0) throw new UserError(names);
  const facts = await context.ports.repository(commit ?? null);
  const source = { ...facts, branch: branch ?? facts.branch, tag: tag ?? facts.tag };
  const { trust, reason } = judgeTrust(event, untrusted);
  if (trust === 'trusted') return source;
  const { untrustedSource } = await import('./untrusted-source.ts');
  return untrustedSource(context, source, { base: base ?? null, payload: event.payload, reason });
}

function nameProblem(
  flag: string,
  text: string | undefined,
  problemOf: (text: string) => string | null,
): Diagnostic | null {
  const found = text === undefined ? null : problemOf(text);
  if (found === null) return null;
  return problem(`${flag} ${JSON.stringify(text)} ${found}`, `give ${flag} a plain name, such as main`);
}

/** The event that was given, with its payload. `readGiven` checks its name. Throws `UserError` for the payload. */
export async function givenEvent(context: Context, options: GivenOptions): Promise<GivenEvent> {
  const name = eventName(options);
  if (options.payload === undefined) return { name, payload: {} };
  const { readPayload } = await import('./payload.ts');
  return { name, payload: await readPayload(context, options.payload) };
}

/** Reads and checks what was given against the plan. Throws `UserError` with every problem at once. */
export function readGiven(plan: Plan, options: GivenOptions, event: GivenEvent): Given {
  const problems: Diagnostic[] = [];
  checkEvent(event.name, plan, problems);
  const given = {
    event,
    untrusted: options.untrusted ?? false,
    inputs: inputs(plan, options.input ?? [], problems),
    variables: variables(plan, options.variable ?? [], problems),
    only: options.job ? jobs(plan, options.job, problems) : null,
  };
  if (problems.length > 0) throw new UserError(problems);
  return given;
}

/** An event by name; a tag that is given means the event of a tag. */
function eventName(options: GivenOptions): string {
  return eventOf(options.event ?? (options.tag === undefined ? 'manual' : 'tag'));
}

/** There are our events, and those that a GitHub workflow names. */
function checkEvent(name: string, plan: Plan, problems: Diagnostic[]): void {
  const events = new Set([...EVENTS, ...plan.triggers.map((trigger) => trigger.event)]);
  if (events.has(name)) return;
  const known = [...events].map((event) => eventWord(event, plan.dialect));
  const near = nearestName(name, known);
  const suggestion = near ? `did you mean ${near}?` : `it is one of ${known.join(', ')}`;
  problems.push(problem(`there is no event ${JSON.stringify(name)}`, suggestion));
}

function jobs(plan: Plan, wanted: readonly string[], problems: Diagnostic[]): readonly string[] {
  const known = plan.jobs.map((job) => job.id);
  for (const job of wanted) {
    if (known.includes(job)) continue;
    const near = nearestName(job, known);
    const suggestion = near
      ? `did you mean ${near}?`
      : `its jobs are ${known.slice(0, 8).join(', ')}${known.length > 8 ? ' and more' : ''}`;
    problems.push(problem(`pipeline ${visible(plan.name)} has no job ${JSON.stringify(job)}`, suggestion));
  }
  return [...new Set(wanted)];
}

function inputs(plan: Plan, texts: readonly string[], problems: Diagnostic[]): JsonObject {
  const given = pairs('--input', texts, problems);
  const known = Object.keys(plan.inputs);
  const values: Record<string, string> = {};
  for (const [name, definition] of Object.entries(plan.inputs)) {
    const value = given[name] ?? definition.default;
    if (value === null && definition.required) {
      const about = definition.description ? ` (${visible(definition.description)})` : '';
      problems.push(problem(`the input ${name} is required${about}`, `give it: --input ${name}=VALUE`));
    }
    if (value === null) continue;
    if (definition.options && !definition.options.includes(value)) {
      const choice = definition.options.map(visible).join(', ');
      problems.push(
        problem(`the input ${name} cannot be ${JSON.stringify(value)}`, `it is one of ${choice}`),
      );
    }
    if (definition.type === 'number' && (value.trim() === '' || !Number.isFinite(Number(value)))) {
      problems.push(
        problem(`the input ${name} cannot be ${JSON.stringify(value)}`, 'it is a number, such as 3'),
      );
    }
    values[name] = value;
  }
  for (const name of Object.keys(given)) {
    if (known.includes(name)) continue;
    const near = nearestName(name, known);
    const none =
      known.length === 0
        ? 'it has no inputs; a variable is given with --var'
        : `its inputs are ${known.join(', ')}`;
    problems.push(
      problem(
        `pipeline ${visible(plan.name)} has no input ${JSON.stringify(name)}`,
        near ? `did you mean ${near}?` : none,
      ),
    );
  }
  return values;
}

/** Variables of a native pipeline are those of every step; what a file may not set, an option may not either. */
function variables(plan: Plan, texts: readonly string[], problems: Diagnostic[]): Record<string, string> {
  const given = pairs('--variable', texts, problems);
  if (plan.dialect !== 'sluice') return given;
  for (const name of Object.keys(given)) {
    const taken = takenVariable(name);
    if (taken === null) continue;
    const [why, way] = taken.split('; ');
    problems.push(problem(`--variable ${name} ${why}`, way ?? 'give the variable another name'));
  }
  return given;
}

/** What `NAME=VALUE` options say. Throws `UserError` with all that are none. */
export function readPairs(flag: string, texts: readonly string[]): Record<string, string> {
  const problems: Diagnostic[] = [];
  const values = pairs(flag, texts, problems);
  if (problems.length > 0) throw new UserError(problems);
  return values;
}

/** `name=value` texts; the value may hold further `=`, and be empty. */
function pairs(flag: string, texts: readonly string[], problems: Diagnostic[]): Record<string, string> {
  const values: Record<string, string> = Object.create(null);
  for (const text of texts) {
    const [, name, value] = /^([A-Za-z_][A-Za-z0-9_.-]*)=([\s\S]*)$/.exec(text) ?? [];
    if (name === undefined || value === undefined) {
      problems.push(problem(`${flag} ${JSON.stringify(text)} is not NAME=VALUE`, `write ${flag} NAME=VALUE`));
    } else values[name] = value;
  }
  return { ...values };
}

function problem(message: string, suggestion: string): Diagnostic {
  return { severity: 'error', code: 'bad-option', message, suggestion };
}

/** Files that must be there, as absolute paths. Throws `UserError` for the first that is not. */
export async function requireFiles(
  context: Context,
  flag: string,
  paths: readonly string[] = [],
): Promise<readonly string[]> {
  const found: string[] = [];
  for (const path of paths) {
    const absolute = resolve(context.ports.cwd, path);
    if ((await context.ports.files.read(absolute)) === null) {
      throw userError(
        'no-such-file',
        `${flag}: there is no file ${visible(path)}`,
        'the path is relative to the folder you are in',
      );
    }
    found.push(absolute);
  }
  return found;
}
