import { resolve } from 'node:path';
import { type Diagnostic, type Place, UserError, userError } from '../../base/diagnostic.ts';
import { nearestName } from '../../base/near.ts';
import { visible } from '../../base/text.ts';
import type { Judgement } from '../../delivery/analysis/judge.ts';
import {
  DEFAULT_POLICY,
  DEFAULT_TRIGGERS,
  type Policy,
  type Trigger,
} from '../../delivery/analysis/policy.ts';
import { learnFrom, type RecordingProblem, readRecording, replay } from '../../delivery/analysis/replay.ts';
import { compileThreshold } from '../../delivery/analysis/threshold.ts';
import type { Window } from '../../delivery/analysis/window.ts';
import { type Context, EXIT } from '../context.ts';
import { renderReplay } from '../replay-picture.ts';

interface AnalysisOptions {
  readonly alpha?: string;
  readonly slo?: string;
  readonly notWorseThan?: string;
  readonly weight?: string;
  readonly learn?: string;
  readonly guard?: boolean;
}

const ACTIONS = ['replay'] as const;

/** `sluice analysis replay FILE`: what a release would have been judged to be, after each recorded window. */
export async function perform(
  context: Context,
  [action = '', file = '']: readonly string[],
  options: AnalysisOptions,
): Promise<number> {
  if (!(ACTIONS as readonly string[]).includes(action)) {
    const near = nearestName(action, ACTIONS);
    const wayOut = near ? `did you mean sluice analysis ${near}?` : 'write sluice analysis replay FILE';
    throw userError('bad-option', `there is no analysis ${JSON.stringify(visible(action))}`, wayOut);
  }
  const recorded = await readWindows(context, file);
  const policy = await policyOf(context, options, recorded);
  const weight = numberOption('--weight', options.weight, 0, 100, 'a percentage, such as 10');
  const windows = recorded.map((window) => (weight === null ? window : { weight, ...window }));
  const judgements = replay(policy, windows);
  if (context.json) context.printJson(judgements.map(jsonOf));
  else context.print(renderReplay({ file, windows, judgements, policy }, context.look));
  return EXIT.done;
}

/**
 * One window as JSON. `lnE` is the figure that is compared with ln(1/alpha): with the error rate alone its own ln E, with
 * several triggers that of their mean; then `triggers` holds each one's.
 */
function jsonOf({ verdict, reason, evidence }: Judgement): unknown {
  const { lnE, triggers } = evidence;
  const several = triggers.length > 1;
  const each = Object.fromEntries(triggers.map((trigger) => [trigger.name, trigger.lnE]));
  return { lnE, verdict, reason, ...(several && { triggers: each }) };
}

async function policyOf(
  context: Context,
  options: AnalysisOptions,
  windows: readonly Window[],
): Promise<Policy> {
  const alpha = numberOption('--alpha', options.alpha, 0, 1, 'a chance between 0 and 1, such as 0.01');
  const slo = numberOption('--slo', options.slo, 0, 1, 'an error rate, such as 0.01 or 1%');
  const worse = numberOption('--not-worse-than', options.notWorseThan, 1, 1000, 'a factor, such as 2');
  const learnt = options.learn === undefined ? null : learnFrom(await readWindows(context, options.learn));
  return {
    ...DEFAULT_POLICY,
    triggers: triggersOf(windows, slo),
    ...(alpha !== null && { alpha }),
    ...(worse !== null && { notWorseThan: worse }),
    ...(learnt && { dispersion: learnt }),
    isGuarded: options.guard === true || learnt !== null,
  };
}

/** Errors always; latency where the recording holds it; the limit where one is given. */
function triggersOf(windows: readonly Window[], slo: number | null): readonly Trigger[] {
  const hasLatency = windows.some(({ canary }) => canary.exceed !== undefined);
  const triggers = DEFAULT_TRIGGERS.filter(({ kind }) => kind !== 'latency' || hasLatency);
  return slo === null ? triggers : [...triggers, compileThreshold({ kind: 'error-rate', above: slo })];
}

/** A number above `min` and below `max` (`5%` is 0.05 where the most is 1), or null when it is not given. */
function numberOption(
  flag: string,
  text: string | undefined,
  min: number,
  max: number,
  expects: string,
): number | null {
  if (text === undefined) return null;
  const [, digits, percent] = /^(\d+(?:\.\d+)?(?:e-?\d+)?)\s*(%?)$/i.exec(text.trim()) ?? [];
  const value = Number(digits) / (percent && max === 1 ? 100 : 1);
  if (value > min && value < max) return value;
  throw userError('bad-option', `${flag} is ${JSON.stringify(visible(text))}`, `give ${expects}`);
}

async function readWindows(context: Context, file: string): Promise<readonly Window[]> {
  const content = await context.ports.files.read(resolve(context.ports.cwd, file));
  if (content === null) {
    throw userError(
      'no-such-file',
      `there is no file ${visible(file)}`,
      'the path is relative to the folder you are in',
    );
  }
  const text = content.replace(/^\ufeff/, '');
  showExcerptsOf(context, file, text);
  const read = readRecording(parseJson(file, text));
  if (read.ok) return read.windows;
  const places = await placesOf(file, text, read.problems);
  const more: Diagnostic[] =
    read.more > 0
      ? [{ severity: 'error', code: 'bad-window', message: `${read.more} more problems of this kind` }]
      : [];
  throw new UserError([...read.problems.map((problem, index) => diagnose(problem, places[index])), ...more]);
}

function diagnose({ index, path, message }: RecordingProblem, place: Place | undefined): Diagnostic {
  const where = index === null ? 'the file' : `windows[${index}]${path === '' ? '' : `.${path}`}`;
  return {
    severity: 'error',
    code: 'bad-window',
    message: `${where} ${message}`,
    place,
    suggestion:
      index === null
        ? 'it is an array of {at, canary: {requests, errors}, baseline: {requests, errors}}'
        : undefined,
  };
}

function showExcerptsOf(context: Context, file: string, text: string): void {
  const content = new TextEncoder().encode(text);
  context.remember({ read: (asked) => (asked === file ? content : null), list: () => [] });
}

function parseJson(file: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    const before = text.slice(0, firstBadOffset(text)).split('\n');
    const start = { line: before.length, column: before.at(-1)!.length + 1 };
    const cause = /^[^,]*?(?=,| in JSON| \(| is not valid|$)/.exec((error as Error).message)?.[0] ?? '';
    throw new UserError({
      severity: 'error',
      code: 'bad-json',
      message: `${visible(file)} is no JSON: ${visible(cause)}`,
      place: { file, start, end: { ...start, column: start.column + 1 } },
      suggestion:
        text.trim() === '' ? 'the file is empty' : 'JSON has no NaN, no comments and no comma at the end',
    });
  }
}

/** Where a text stops being the beginning of some JSON: V8 does not always say. By halves, so that a large file is quick too. */
function firstBadOffset(text: string): number {
  let [good, bad] = [0, text.length + 1];
  while (bad - good > 1) {
    const middle = Math.floor((good + bad) / 2);
    if (mayGoOn(text.slice(0, middle))) good = middle;
    else bad = middle;
  }
  return Math.min(good, text.length);
}

function mayGoOn(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch (error) {
    const { message } = error as Error;
    return (
      /Unexpected end|Unterminated/.test(message) ||
      Number(/position (\d+)/.exec(message)?.[1]) >= text.length
    );
  }
}

/** Where each problem stands in the file. JSON is YAML, whose parser keeps places; it is only asked when something is wrong. */
async function placesOf(
  file: string,
  text: string,
  problems: readonly RecordingProblem[],
): Promise<readonly (Place | undefined)[]> {
  const { isNode, LineCounter, parseDocument } = await import('yaml');
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines });
  const position = (offset: number) => {
    const { line, col } = lines.linePos(offset);
    return { line, column: col };
  };
  return problems.map(({ index, path }) => {
    const steps: (string | number)[] = index === null ? [] : [index, ...path.split('.').filter(Boolean)];
    // Of a missing member the object that lacks it is shown.
    for (; ; steps.pop()) {
      const node = document.getIn(steps, true);
      if (isNode(node) && node.range) {
        const start = position(node.range[0]);
        const end = position(Math.max(node.range[0] + 1, node.range[1]));
        return { file, start, end };
      }
      if (steps.length === 0) return undefined;
    }
  });
}
