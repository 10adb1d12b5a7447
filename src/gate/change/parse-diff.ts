import { Change, type FileChange } from './change.ts';
import { LineRanges } from './line-ranges.ts';

/**
 * How git is asked so that `parseDiff` understands the answer: `git ARGUMENTS BASE HEAD --`. BASE is the merge base of head and
 * target branch, so that what others did meanwhile is no part of the change.
 */
export const DIFF_ARGUMENTS: readonly string[] = [
  '-c',
  'core.quotePath=true',
  'diff',
  '--no-color',
  '--no-ext-diff',
  '--no-textconv',
  '--find-renames',
  '--unified=0',
  '--src-prefix=a/',
  '--dst-prefix=b/',
];

/** A diff that cannot be read; nothing may be concluded from it. */
export class DiffError extends Error {
  /** From 1. */
  readonly line: number;

  constructor(message: string, line: number) {
    super(`line ${line} of the diff: ${message}`);
    this.name = 'DiffError';
    this.line = line;
  }
}

/** Reads the text of `git diff`. Throws `DiffError` when it is none or is cut off. */
export function parseDiff(text: string): Change {
  return new DiffReader(text).read();
}

type Draft = { -readonly [Key in keyof FileChange]: FileChange[Key] };

class DiffReader {
  readonly #lines: readonly string[];
  #at = 0;
  readonly #files: FileChange[] = [];

  constructor(text: string) {
    this.#lines = text === '' ? [] : text.replace(/\n$/, '').split('\n');
  }

  read(): Change {
    while (this.#at < this.#lines.length) {
      const line = this.#lines[this.#at]!;
      if (!line.startsWith('diff --git ')) throw this.#error('a file must begin here with `diff --git`');
      this.#files.push(this.#file());
    }
    return new Change(this.#files);
  }

  #file(): FileChange {
    const draft = this.#begin();
    let isOver = false;
    while (!isOver && this.#at < this.#lines.length) {
      const line = this.#lines[this.#at]!;
      if (line.startsWith('@@ ')) this.#hunk(draft);
      else if (line.startsWith('diff --git ')) isOver = true;
      else {
        this.#header(draft, line);
        this.#at++;
      }
    }
    return draft;
  }

  #begin(): Draft {
    const path = samePath(this.#lines[this.#at]!.slice('diff --git '.length));
    this.#at++;
    return {
      path: path ?? '',
      pathBefore: path,
      kind: 'modified',
      added: new LineRanges(),
      removed: new LineRanges(),
      isBinary: false,
    };
  }

  #header(draft: Draft, line: string): void {
    if (line.startsWith('rename from ')) draft.pathBefore = unquoted(line.slice(12));
    else if (line.startsWith('rename to ')) [draft.path, draft.kind] = [unquoted(line.slice(10)), 'renamed'];
    else if (line.startsWith('copy from ')) draft.pathBefore = unquoted(line.slice(10));
    else if (line.startsWith('copy to ')) [draft.path, draft.kind] = [unquoted(line.slice(8)), 'copied'];
    else if (line.startsWith('new file mode')) [draft.kind, draft.pathBefore] = ['added', null];
    else if (line.startsWith('deleted file mode')) draft.kind = 'removed';
    else if (line.startsWith('--- ')) this.#before(draft, line.slice(4));
    else if (line.startsWith('+++ ')) this.#after(draft, line.slice(4));
    else if (line.startsWith('Binary files ') || line === 'GIT binary patch') draft.isBinary = true;
    else if (line.startsWith('+') || line.startsWith('-'))
      throw this.#error('a changed line outside of a hunk');
  }

  #before(draft: Draft, written: string): void {
    if (written !== '/dev/null') draft.pathBefore = withoutPrefix(written);
  }

  #after(draft: Draft, written: string): void {
    if (written !== '/dev/null') draft.path = withoutPrefix(written);
    else if (draft.pathBefore !== null) draft.path = draft.pathBefore;
  }

  #hunk(draft: Draft): void {
    const header = this.#lines[this.#at]!;
    const found = /^@@ -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@/.exec(header);
    if (!found) throw this.#error('the head of a hunk that cannot be read');
    this.#at++;
    let [before, after] = [Number(found[1]), Number(found[3])];
    let beforeLeft = Number(found[2] ?? 1);
    let afterLeft = Number(found[4] ?? 1);
    while (beforeLeft > 0 || afterLeft > 0) {
      const line = this.#lines[this.#at];
      if (line === undefined) throw this.#error('it ends inside of a hunk');
      const mark = line[0] ?? ' ';
      if (mark === '-') {
        draft.removed.add(before++);
        beforeLeft--;
      } else if (mark === '+') {
        draft.added.add(after++);
        afterLeft--;
      } else if (mark === ' ') {
        before++;
        after++;
        beforeLeft--;
        afterLeft--;
      } else if (mark !== '\\') throw this.#error('a line that is neither added nor removed nor context');
      if (beforeLeft < 0 || afterLeft < 0) throw this.#error('a hunk is longer than it says');
      this.#at++;
    }
    if (this.#lines[this.#at]?.startsWith('\\')) this.#at++;
  }

  #error(message: string): DiffError {
    return new DiffError(message, this.#at + 1);
  }
}

/** Of `a/PATH b/PATH` where both are the same; only needed where no later line names the file (a mode, an empty file). */
function samePath(written: string): string | null {
  if (written.startsWith('"')) {
    const end = written.indexOf('" ');
    return end < 0 ? null : withoutPrefix(written.slice(0, end + 1));
  }
  const half = (written.length - 1) / 2;
  const [before, after] = [written.slice(0, half), written.slice(half + 1)];
  return before.slice(2) === after.slice(2) ? before.slice(2) : null;
}

function withoutPrefix(written: string): string {
  // Git writes a tab behind a name with spaces.
  return unquoted(written.replace(/\t$/, '')).replace(/^[ab]\//, '');
}

const ESCAPES: Readonly<Record<string, number>> = { n: 10, t: 9, r: 13, a: 7, b: 8, f: 12, v: 11 };

/** Names with unusual characters stand in quotes, their bytes in octal. */
function unquoted(written: string): string {
  if (!written.startsWith('"') || !written.endsWith('"')) return written;
  const bytes: number[] = [];
  const inner = new TextEncoder().encode(written.slice(1, -1));
  for (let i = 0; i < inner.length; i++) {
    if (inner[i] !== 0x5c) {
      bytes.push(inner[i]!);
      continue;
    }
    const digits = String.fromCharCode(...inner.subarray(i + 1, i + 4));
    if (/^[0-3][0-7]{2}$/.test(digits)) {
      bytes.push(Number.parseInt(digits, 8));
      i += 3;
    } else {
      i++;
      bytes.push(ESCAPES[String.fromCharCode(inner[i] ?? 0x5c)] ?? inner[i] ?? 0x5c);
    }
  }
  return new TextDecoder().decode(new Uint8Array(bytes));
}
