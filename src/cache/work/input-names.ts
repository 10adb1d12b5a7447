import picomatch from 'picomatch';

/** Globs that cannot be meant: they lead out of the workspace or name nothing. The message completes "the input X". */
export class InputGlobError extends Error {}

/**
 * The names of files among which inputs are found. A thousand jobs that each name a folder must not each look at every name,
 * so names are kept in order and a glob is compared only with those that begin as it does.
 */
export class InputNames {
  /** In ascending order (code units). */
  readonly names: readonly string[];
  readonly #found = new Map<string, readonly string[]>();

  constructor(names: readonly string[]) {
    this.names = [...names].sort();
  }

  /**
   * Those that the globs name, in order: a plain path is a file or stands for all files in a folder; `!` before a glob leaves
   * out. Throws an `InputGlobError`.
   */
  select(globs: readonly string[]): readonly string[] {
    const wanted = globs.filter((glob) => !glob.startsWith('!'));
    const unwanted = globs.filter((glob) => glob.startsWith('!')).map((glob) => glob.slice(1));
    if (wanted.length === 1 && unwanted.length === 0) return this.#named(wanted[0]!);
    const out = new Set(unwanted.flatMap((glob) => this.#named(glob)));
    const all = new Set(wanted.flatMap((glob) => this.#named(glob)));
    return [...all].filter((name) => !out.has(name)).sort();
  }

  #named(glob: string): readonly string[] {
    let found = this.#found.get(glob);
    if (!found) {
      found = this.#find(glob);
      this.#found.set(glob, found);
    }
    return found;
  }

  #find(glob: string): readonly string[] {
    const parts = glob.split('/').filter((part) => part !== '' && part !== '.');
    if (glob === '') throw new InputGlobError('is empty; `.` is everything');
    if (glob.startsWith('/')) throw new InputGlobError('must be relative to the workspace');
    if (parts.includes('..')) throw new InputGlobError('leads out of the workspace');
    const literal = parts.join('/');
    if (literal === '') return this.names;
    const firstGlob = parts.findIndex((part) => GLOB_LETTERS.test(part));
    // A path with letters that mean something in a glob, such as `app/[id]`, stands for itself too.
    const plain = this.below(literal);
    if (firstGlob < 0) return plain;
    const base = parts.slice(0, firstGlob).join('/');
    const rest = parts.slice(firstGlob).join('/');
    const candidates = base === '' ? this.names : this.below(base);
    if (rest === '**' || rest === '**/*') return candidates;
    const isMatch = picomatch(literal, { dot: true, nonegate: true });
    const matched = candidates.filter((name) => isMatch(name) || isBelowMatch(name, base, isMatch));
    return plain.length === 0 ? matched : [...new Set([...plain, ...matched])].sort();
  }

  /** The name itself, or all that lie in it as a folder. */
  below(folder: string): readonly string[] {
    const { names } = this;
    const at = this.#firstFrom(folder);
    if (names[at] === folder) return [folder];
    const prefix = `${folder}/`;
    const from = this.#firstFrom(prefix);
    let to = from;
    while (to < names.length && names[to]!.startsWith(prefix)) to++;
    return names.slice(from, to);
  }

  #firstFrom(text: string): number {
    let low = 0;
    let high = this.names.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.names[middle]! < text) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

const GLOB_LETTERS = /[*?[\]{}()!+@|\\]/;

/** Whether a folder that the file is in is named: `src/*` names the folder `src/lib`, and so all that is in it. */
function isBelowMatch(name: string, base: string, isMatch: (path: string) => boolean): boolean {
  for (let end = name.indexOf('/', base.length + 1); end > 0; end = name.indexOf('/', end + 1))
    if (isMatch(name.slice(0, end))) return true;
  return false;
}
