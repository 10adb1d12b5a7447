import type { AnnotatedPlace } from '../../../journal/run-event.ts';

/** What a step tells by a line of its output. */
export type WorkflowCommand =
  | { readonly kind: 'group'; readonly title: string }
  | { readonly kind: 'end-group' }
  | {
      readonly kind: 'error' | 'warning' | 'notice';
      readonly message: string;
      readonly title: string | null;
      readonly place: AnnotatedPlace | null;
    }
  | { readonly kind: 'debug'; readonly message: string }
  /** From now on the value is masked. An empty one is ignored. */
  | { readonly kind: 'add-mask'; readonly value: string }
  | { readonly kind: 'echo'; readonly on: boolean }
  /** A command that there is no longer: it would set something by a line of output. */
  | { readonly kind: 'disabled'; readonly name: string }
  /** A command that there never was: its line is output like any other. */
  | { readonly kind: 'unknown'; readonly name: string };

/** What a line means. `text`: output that is shown as it is. */
export type CommandLine =
  | { readonly kind: 'text' }
  | { readonly kind: 'stopped'; readonly token: string }
  | { readonly kind: 'resumed' }
  | { readonly kind: 'command'; readonly command: WorkflowCommand };

const TEXT: CommandLine = { kind: 'text' };
/** Longer than this no line is a command. */
const LINE_MAX = 1024 * 1024;

/**
 * Reads the lines of one step in their order. Between `::stop-commands::TOKEN` and `::TOKEN::` every line is text. Nothing in
 * an output is an instruction to Sluice beyond these commands, and none of them sets a variable, an output or the path.
 */
export class CommandReader {
  #token: string | null;

  /** `stoppedBy`: the token of a stop that an earlier reader of the same output saw; null: there is none. */
  constructor(stoppedBy: string | null = null) {
    this.#token = stoppedBy;
  }

  /** A line without its end. */
  read(line: string): CommandLine {
    const found = line.length > LINE_MAX ? null : split(line);
    if (!found) return TEXT;
    if (this.#token !== null) {
      if (found.name !== this.#token || found.properties !== '') return TEXT;
      this.#token = null;
      return { kind: 'resumed' };
    }
    if (found.name === 'stop-commands') {
      // Any command's name would end the stop with the first such command.
      if (found.value === '' || COMMANDS.has(found.value)) return TEXT;
      this.#token = found.value;
      return { kind: 'stopped', token: this.#token };
    }
    return { kind: 'command', command: commandOf(found) };
  }
}

interface Found {
  readonly name: string;
  readonly properties: string;
  readonly value: string;
}

const DISABLED: ReadonlySet<string> = new Set(['set-output', 'set-env', 'add-path', 'save-state']);
const COMMANDS: ReadonlySet<string> = new Set([
  ...['group', 'endgroup', 'error', 'warning', 'notice', 'debug', 'add-mask', 'echo', 'stop-commands'],
  ...DISABLED,
]);

/** `::name key=value,key=value::value`, with blanks before it; also the old form `##[name key=value;]value`. */
function split(line: string): Found | null {
  const text = line.trimStart();
  if (text.startsWith('::')) {
    const close = text.indexOf('::', 2);
    if (close < 0) return null;
    return head(text.slice(2, close), text.slice(close + 2));
  }
  const open = text.startsWith('##[') ? text.indexOf(']') : -1;
  return open < 0 ? null : head(text.slice(3, open).replaceAll(';', ','), text.slice(open + 1));
}

function head(text: string, value: string): Found | null {
  const blank = text.indexOf(' ');
  const name = blank < 0 ? text : text.slice(0, blank);
  if (name === '') return null;
  return { name, properties: blank < 0 ? '' : text.slice(blank + 1).trim(), value };
}

function commandOf({ name, properties, value }: Found): WorkflowCommand {
  const kind = name.toLowerCase();
  switch (kind) {
    case 'group':
      return { kind, title: decoded(value) };
    case 'endgroup':
      return { kind: 'end-group' };
    case 'error':
    case 'warning':
    case 'notice': {
      const given = propertiesOf(properties);
      return {
        kind,
        message: decoded(value),
        title: given.get('title') || null,
        place: placeOf(given),
      };
    }
    case 'debug':
      return { kind, message: decoded(value) };
    case 'add-mask':
      return { kind, value: decoded(value) };
    case 'echo':
      return /^(on|off)$/i.test(value.trim())
        ? { kind, on: value.trim().toLowerCase() === 'on' }
        : { kind: 'unknown', name };
    default:
      return DISABLED.has(kind) ? { kind: 'disabled', name: kind } : { kind: 'unknown', name };
  }
}

function propertiesOf(text: string): ReadonlyMap<string, string> {
  const pairs = text.split(',').flatMap((pair): [string, string][] => {
    const equals = pair.indexOf('=');
    if (equals <= 0) return [];
    return [[pair.slice(0, equals).trim().toLowerCase(), decodedProperty(pair.slice(equals + 1))]];
  });
  return new Map(pairs);
}

function placeOf(given: ReadonlyMap<string, string>): AnnotatedPlace | null {
  const file = given.get('file');
  if (!file) return null;
  const number = (key: string) => {
    const text = given.get(key)?.trim() ?? '';
    return /^[1-9]\d{0,8}$/.test(text) ? Number(text) : null;
  };
  return {
    file,
    line: number('line'),
    endLine: number('endline'),
    column: number('col'),
    endColumn: number('endcolumn'),
  };
}

/** `%25` last: an encoded `%0A` stays these three characters. */
function decoded(text: string): string {
  return text.replaceAll('%0D', '\r').replaceAll('%0A', '\n').replaceAll('%25', '%');
}

function decodedProperty(text: string): string {
  return text
    .replaceAll('%0D', '\r')
    .replaceAll('%0A', '\n')
    .replaceAll('%3A', ':')
    .replaceAll('%2C', ',')
    .replaceAll('%25', '%');
}
