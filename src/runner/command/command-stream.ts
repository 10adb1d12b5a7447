import type { Annotation } from '../../journal/run-event.ts';
import { CommandReader, type WorkflowCommand } from '../../pipeline/github/command/workflow-command.ts';
import type { Masked } from '../mask/masker.ts';
import type { Redaction } from '../mask/redaction.ts';
import type { Notes } from './notes.ts';

/** GitHub's own, for one step. */
const ANNOTATIONS_MAX = 10;
const MESSAGE_LENGTH_MAX = 4096;
/** A longer line is no command. */
const LINE_BYTES_MAX = 64 * 1024;
const MARKS = ['::', '##['];
const NEWLINE = 10;
const RETURN = 13;
const NOTHING = Buffer.alloc(0);

/** What a stream of commands works on. */
export interface CommandPlace {
  readonly redaction: Redaction;
  readonly notes: Notes;
  /** Whether lines of `::debug::` are shown. */
  readonly isDebug: boolean;
  /** Of the workspace: the files of annotations are told relative to it. */
  readonly directory: string;
}

/**
 * The output of one step of a workflow: finds the lines that are commands, does what they say and gives on all else, with what
 * GitHub shows of a command in its place. What holds no command is given on as it came; held back is only a last line that may
 * become one.
 */
export class CommandStream {
  readonly #place: CommandPlace;
  readonly #reader: CommandReader;
  readonly #annotations: Annotation[];
  readonly #refused = new Set<string>();
  readonly #warnings = new Set<string>();
  #held: Buffer = NOTHING;
  /** The bytes before the next chunk end a line, or there are none. */
  #isLineStart = true;
  #isEchoing = false;

  constructor(place: CommandPlace) {
    this.#place = place;
    this.#reader = new CommandReader(place.notes.stoppedBy);
    this.#annotations = [...place.notes.annotations];
  }

  get annotations(): readonly Annotation[] {
    return this.#annotations;
  }

  /** Why the step fails although its process went well: commands that would set something. */
  get refused(): readonly string[] {
    return [...this.#refused];
  }

  /** What a person should see besides. */
  get warnings(): readonly string[] {
    return [...this.#warnings];
  }

  write(chunk: Uint8Array, out: Masked): void {
    const bytes = this.#held.length > 0 ? Buffer.concat([this.#held, chunk]) : bufferOf(chunk);
    this.#held = NOTHING;
    let given = 0;
    const marks = MARKS.map((mark) => new MarkFinder(bytes, mark, this.#isLineStart));
    for (let line = this.#nextLine(bytes, marks, 0); line >= 0; ) {
      const end = bytes.indexOf(NEWLINE, line);
      if (end < 0) {
        if (bytes.length - line > LINE_BYTES_MAX) break;
        if (line > given) out(bytes.subarray(given, line));
        this.#held = Buffer.from(bytes.subarray(line));
        this.#isLineStart = true;
        return;
      }
      // What stands before it goes out first: a value is masked from its command on.
      if (line > given) out(bytes.subarray(given, line));
      const shown = this.#perform(bytes, line, end);
      given = shown === null ? line : end + 1;
      if (shown) out(Buffer.from(`${shown}\n`));
      line = this.#nextLine(bytes, marks, end + 1);
    }
    if (given < bytes.length) out(given === 0 ? bytes : bytes.subarray(given));
    if (bytes.length > 0) this.#isLineStart = bytes[bytes.length - 1] === NEWLINE;
  }

  /** No more will come. */
  end(out: Masked): void {
    if (this.#held.length === 0) return;
    const held = this.#held;
    this.#held = NOTHING;
    const shown = this.#perform(held, 0, held.length);
    if (shown === null) out(held);
    else if (shown !== '') out(Buffer.from(`${shown}\n`));
  }

  /** Where the next line begins that is a command or may become one; -1: none. */
  #nextLine(bytes: Buffer, marks: readonly MarkFinder[], from: number): number {
    const first = Math.min(...marks.map((mark) => mark.lineFrom(from)));
    if (first < Number.POSITIVE_INFINITY) return first;
    const last = Math.max(from, bytes.lastIndexOf(NEWLINE) + 1);
    if (last === 0 && !this.#isLineStart) return -1;
    return last < bytes.length && mayBegin(bytes, last) ? last : -1;
  }

  /** What is shown instead of the line, empty for nothing; null: the line itself. */
  #perform(bytes: Buffer, from: number, end: number): string | null {
    const to = end > from && bytes[end - 1] === RETURN ? end - 1 : end;
    const line = bytes.toString('utf8', from, to);
    const found = this.#reader.read(line);
    if (found.kind === 'text') return null;
    if (found.kind === 'command') return this.#obey(found.command);
    this.#place.notes.add({ kind: 'stopped', token: found.kind === 'stopped' ? found.token : null });
    return null;
  }

  #obey(command: WorkflowCommand): string | null {
    switch (command.kind) {
      case 'group':
        return `##[group]${oneLine(command.title)}`;
      case 'end-group':
        return '##[endgroup]';
      case 'debug':
        return this.#place.isDebug ? `##[debug]${command.message}` : '';
      case 'add-mask':
        this.#hide(command.value);
        return '';
      case 'echo':
        this.#isEchoing = command.on;
        return this.#isEchoing ? null : '';
      case 'disabled':
        this.#refused.add(disabledSentence(command.name));
        return `##[error]${disabledSentence(command.name)}`;
      case 'unknown':
        return null;
      default:
        this.#annotate(command);
        return `##[${command.kind}]${command.message}`;
    }
  }

  #hide(value: string): void {
    if (value.trim() === '') return;
    if (this.#place.redaction.hide([value]).length > 0)
      this.#warnings.add(
        'a value for `::add-mask::` has fewer than three bytes, or is one too many; it is not masked',
      );
    else this.#place.notes.add({ kind: 'mask', value });
  }

  #annotate({
    kind,
    message,
    title,
    place,
  }: Extract<WorkflowCommand, { message: string; title: string | null }>): void {
    if (this.#annotations.filter(({ level }) => level === kind).length >= ANNOTATIONS_MAX) {
      this.#warnings.add(`it told of more than ${ANNOTATIONS_MAX} ${kind}s; the others are in its log alone`);
      return;
    }
    const { redaction, directory } = this.#place;
    const plain = (text: string) => redaction.redact(text.slice(0, MESSAGE_LENGTH_MAX));
    const inside = place?.file.startsWith(`${directory}/`)
      ? place.file.slice(directory.length + 1)
      : place?.file;
    const annotation: Annotation = {
      level: kind,
      message: plain(message),
      title: title === null ? null : plain(title),
      place: place && { ...place, file: plain(inside!) },
    };
    this.#annotations.push(annotation);
    this.#place.notes.add({ kind: 'annotation', annotation });
  }
}

function disabledSentence(name: string): string {
  const file = { 'set-output': 'OUTPUT', 'save-state': 'STATE', 'set-env': 'ENV', 'add-path': 'PATH' }[name];
  return `The \`${name}\` command is disabled. Please upgrade to using Environment Files: write to "$GITHUB_${file}".`;
}

function oneLine(text: string): string {
  return text.replace(/[\r\n]+/g, ' ');
}

function bufferOf(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** The lines of a chunk that begin with a mark, behind nothing but blanks. Looks at each byte once. */
class MarkFinder {
  readonly #bytes: Buffer;
  readonly #mark: string;
  readonly #isLineStart: boolean;
  #found = -1;

  constructor(bytes: Buffer, mark: string, isLineStart: boolean) {
    this.#bytes = bytes;
    this.#mark = mark;
    this.#isLineStart = isLineStart;
  }

  /** Where the next such line from `from` on begins, which grows from call to call; infinity: there is none. */
  lineFrom(from: number): number {
    if (this.#found < from) this.#found = this.#search(from);
    return this.#found;
  }

  #search(from: number): number {
    const bytes = this.#bytes;
    for (let at = bytes.indexOf(this.#mark, from, 'latin1'); at >= 0; ) {
      let start = at;
      while (start > from && isBlank(bytes[start - 1]!)) start--;
      if (start === 0 ? this.#isLineStart : bytes[start - 1] === NEWLINE) return start;
      // What is behind it in the line is none either.
      const end = bytes.indexOf(NEWLINE, at);
      at = end < 0 ? -1 : bytes.indexOf(this.#mark, end, 'latin1');
    }
    return Number.POSITIVE_INFINITY;
  }
}

/** Whether what is there of a line may be the beginning of a command. */
function mayBegin(bytes: Buffer, from: number): boolean {
  let at = from;
  while (at < bytes.length && isBlank(bytes[at]!)) at++;
  const rest = bytes.toString('latin1', at, at + 3);
  return rest === '' || rest === ':' || rest === '#' || rest === '##';
}

function isBlank(byte: number): boolean {
  return byte === 32 || byte === 9;
}
