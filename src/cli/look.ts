import { styleText } from 'node:util';
import type { CellOutcome } from '../journal/run-event.ts';
import type { Output } from './ports.ts';

type Environment = Readonly<Record<string, string | undefined>>;
type Style = 'bold' | 'dim' | 'red' | 'green' | 'yellow' | 'cyan';

/** How text looks on one output: its width, colours and glyphs. */
export interface Look {
  readonly width: number;
  readonly height: number;
  readonly colour: boolean;
  readonly glyphs: Glyphs;
  /** Whether lines may be drawn over again. */
  readonly live: boolean;
  paint(style: Style | readonly Style[], text: string): string;
}

export interface Glyphs {
  readonly succeeded: string;
  readonly failed: string;
  readonly warned: string;
  readonly waiting: string;
  readonly running: string;
  readonly skipped: string;
  readonly cancelled: string;
  /** Between a job and its step. */
  readonly step: string;
  readonly bar: string;
  readonly barEmpty: string;
  readonly ellipsis: string;
  readonly dot: string;
  readonly rule: string;
}

const UNICODE: Glyphs = {
  succeeded: '✓',
  failed: '✗',
  warned: '!',
  waiting: '○',
  running: '●',
  skipped: '-',
  cancelled: '■',
  step: '›',
  bar: '━',
  barEmpty: '─',
  ellipsis: '…',
  dot: '·',
  rule: '│',
};

const ASCII: Glyphs = {
  succeeded: '+',
  failed: 'x',
  warned: '!',
  waiting: '.',
  running: '*',
  skipped: '-',
  cancelled: '#',
  step: '>',
  bar: '=',
  barEmpty: '-',
  ellipsis: '...',
  dot: '-',
  rule: '|',
};

export type ColourChoice = 'always' | 'never' | 'auto';

/** How to write to this output, by what the user, the environment and the terminal say. */
export function lookOf(output: Output, environment: Environment, choice: ColourChoice): Look {
  const terminal = output.isTTY === true;
  const dumb = environment.TERM === 'dumb';
  return makeLook({
    width: Math.max(20, output.columns || 80),
    height: Math.max(4, output.rows || 24),
    colour: colourAllowed(terminal, dumb, environment, choice),
    unicode: isUnicode(environment),
    live: terminal && !dumb,
  });
}

/** A look with exactly these properties. */
export function makeLook(given: {
  readonly width: number;
  readonly height: number;
  readonly colour: boolean;
  readonly unicode: boolean;
  readonly live: boolean;
}): Look {
  const { width, height, colour, live } = given;
  return {
    width,
    height,
    colour,
    live,
    glyphs: given.unicode ? UNICODE : ASCII,
    // Whether the stream has colours was decided above; styleText would look at process.stdout only.
    paint: (style, text) =>
      colour && text !== '' ? styleText(style as Style | Style[], text, { validateStream: false }) : text,
  };
}

function colourAllowed(
  terminal: boolean,
  dumb: boolean,
  environment: Environment,
  choice: ColourChoice,
): boolean {
  if (choice !== 'auto') return choice === 'always';
  if (environment.NO_COLOR) return false;
  const force = environment.FORCE_COLOR;
  if (force !== undefined && force !== '') return force !== '0' && force !== 'false';
  return terminal && !dumb;
}

/** A locale that is set and has no UTF-8 asks for plain characters; a machine without locale (a container) shows UTF-8. */
function isUnicode(environment: Environment): boolean {
  const locale = environment.LC_ALL || environment.LC_CTYPE || environment.LANG;
  return !locale || /utf-?8/i.test(locale);
}

/** Glyph of an outcome, in its colour. */
export function outcomeGlyph(outcome: CellOutcome, look: Look): string {
  switch (outcome) {
    case 'succeeded':
      return look.paint('green', look.glyphs.succeeded);
    case 'warned':
      return look.paint('yellow', look.glyphs.warned);
    case 'failed':
    case 'errored':
      return look.paint('red', look.glyphs.failed);
    case 'cancelled':
      return look.paint('yellow', look.glyphs.cancelled);
    case 'skipped':
      return look.paint('dim', look.glyphs.skipped);
  }
}

/** The colour in which an outcome's words are written. */
export function outcomeStyle(outcome: CellOutcome): Style {
  switch (outcome) {
    case 'succeeded':
      return 'green';
    case 'failed':
    case 'errored':
      return 'red';
    case 'warned':
    case 'cancelled':
      return 'yellow';
    case 'skipped':
      return 'dim';
  }
}
