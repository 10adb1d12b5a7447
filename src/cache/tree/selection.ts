import picomatch from 'picomatch';
import { TreeError } from '../contract.ts';

/** Which paths below a root are meant. Paths are relative to the root and `/`-separated; the root itself is ''. */
export interface Selection {
  /** Whether the path is named itself; what is below a named folder is selected too. */
  names(path: string): boolean;
  /** Whether the path is left out, with everything below it. */
  leavesOut(path: string): boolean;
  /** Whether something below the folder may be named. */
  mayHold(folder: string): boolean;
  /** Whether the path, or a folder that it is in, is named and neither is left out. */
  covers(path: string): boolean;
}

/**
 * Reads paths and globs relative to the root; `!` before one leaves out; `.` is everything. A path with letters that mean
 * something in a glob, such as `app/[id]`, stands for itself too. Throws a `TreeError` for one that leads out of the root.
 */
export function readSelection(select: readonly string[]): Selection {
  const wanted: Pattern[] = [];
  const unwanted: Pattern[] = [];
  for (const text of select) {
    if (text.startsWith('!')) unwanted.push(readPattern(text.slice(1), text));
    else wanted.push(readPattern(text, text));
  }
  const names = (path: string) => wanted.some((pattern) => pattern.isMatch(path));
  const leavesOut = (path: string) => path !== '' && unwanted.some((pattern) => pattern.isMatch(path));
  return {
    names,
    leavesOut,
    mayHold: (folder) => wanted.some((pattern) => pattern.mayHold(folder)),
    covers(path) {
      let isNamed = names('');
      for (let end = path.indexOf('/'); ; end = path.indexOf('/', end + 1)) {
        const part = end < 0 ? path : path.slice(0, end);
        if (leavesOut(part)) return false;
        isNamed ||= names(part);
        if (end < 0) return isNamed;
      }
    },
  };
}

interface Pattern {
  isMatch(path: string): boolean;
  mayHold(folder: string): boolean;
}

function readPattern(text: string, shown: string): Pattern {
  const parts = text.split('/').filter((part) => part !== '' && part !== '.');
  if (text === '') throw new TreeError(shown, 'an empty path names nothing; `.` is everything');
  if (text.startsWith('/')) throw new TreeError(shown, 'the path must be relative to the folder');
  if (parts.includes('..')) throw new TreeError(shown, 'the path leads out of the folder');
  const literal = parts.join('/');
  const firstGlob = parts.findIndex((part) => GLOB_LETTERS.test(part));
  // Most are plain paths, and 30,000 of them are compared quicker than matched.
  if (firstGlob < 0)
    return {
      isMatch: (path) => path === literal,
      mayHold: (folder) => folder === '' || literal.startsWith(`${folder}/`),
    };
  const isGlobMatch = picomatch(literal, { dot: true, nonegate: true });
  const base = parts.slice(0, firstGlob).join('/');
  return {
    isMatch: (path) => path === literal || (path !== '' && isGlobMatch(path)),
    mayHold: (folder) => folder === '' || base === '' || touches(folder, base) || touches(folder, literal),
  };
}

const GLOB_LETTERS = /[*?[\]{}()!+@|\\]/;

/** Whether one of the two is the other, or in it. */
function touches(folder: string, base: string): boolean {
  return `${folder}/`.startsWith(`${base}/`) || `${base}/`.startsWith(`${folder}/`);
}
