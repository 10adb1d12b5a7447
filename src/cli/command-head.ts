/** Words after which another command begins. */
const BEFORE_COMMAND = new Set([
  'if',
  'then',
  'elif',
  'else',
  'while',
  'until',
  'do',
  '!',
  '{',
  'time',
  'exec',
  'command',
  'builtin',
]);
/** Programs that start the program named after their options. */
const STARTERS = new Set(['sudo', 'env', 'nohup', 'nice', 'timeout', 'xargs']);
/** What the shell itself does, and words that begin no command. */
const OWN = new Set(
  (
    'alias bg break case cd continue declare dirs disown done echo esac eval exit export false fc fg fi for function getopts ' +
    'hash in jobs kill let local logout mapfile popd printf pushd pwd read readonly return select set shift shopt source ' +
    'test times trap true type typeset ulimit umask unalias unset until wait [ [[ ]] . : } ('
  ).split(' '),
);
/** After these, the rest up to the next separator is no command. */
const WITHOUT_COMMAND = new Set(['for', 'case', 'function', 'select', 'in']);

/**
 * The programs that a shell script starts, as far as its text tells: the first word of each command. Left out are what the
 * shell does itself, functions of the script, and words that are only known when it runs. A best effort, for `doctor`.
 */
export function programsIn(script: string): readonly string[] {
  const text = withoutHereDocuments(script.replace(/\$\{\{.*?\}\}/gs, '$X'));
  const functions = new Set([...text.matchAll(/(?:^|[\s;])([\w-]+)\s*\(\)/g)].map((match) => match[1]));
  const programs = new Set<string>();
  for (const words of commandsOf(text)) {
    for (const head of headsOf(words)) {
      if (!OWN.has(head) && !functions.has(head) && isProgramName(head)) programs.add(head);
    }
  }
  return [...programs];
}

function headsOf(words: readonly string[]): readonly string[] {
  let index = 0;
  while (index < words.length && (BEFORE_COMMAND.has(words[index]!) || /^\w+\+?=/.test(words[index]!))) {
    // `command -v x` asks whether there is an x, and does not need it.
    if (words[index] === 'command' && words[index + 1]?.startsWith('-')) return [];
    index++;
  }
  const head = words[index];
  if (head === undefined || WITHOUT_COMMAND.has(head)) return [];
  if (!STARTERS.has(head)) return [head];
  const rest = words.slice(index + 1).findIndex((word) => !/^-|^\w+=|^[\d.]+[smhd]?$/.test(word));
  return rest < 0 ? [head] : [head, ...headsOf(words.slice(index + 1 + rest))];
}

/** A path of the project is made by the project; what holds `$` is known only later. */
function isProgramName(word: string): boolean {
  return /^[\w./+@-]+$/.test(word) && (word.startsWith('/') || !word.includes('/')) && !/^[\d.-]/.test(word);
}

function withoutHereDocuments(text: string): string {
  return text.replace(/<<-?\s*(["']?)(\w+)\1(.*)\n[\s\S]*?\n\s*\2(?=\n|$)/g, '$3');
}

const PIECE = /\\\n|(?<=^|\s)#.*|"(?:\\[\s\S]|[^"\\])*"|'[^']*'|\\?[\s\S]/g;

/** The words of each simple command; quotes are taken off, and what is in them is one word. */
function commandsOf(text: string): readonly string[][] {
  const commands: string[][] = [];
  let words: string[] = [];
  let word = '';
  let depth = 0;
  /** Where the commands that are joined by `|` begin. */
  let pipeline = 0;
  const endWord = (): void => {
    if (word !== '') words.push(word);
    word = '';
  };
  const endCommand = (): void => {
    endWord();
    if (words.length > 0) commands.push(words);
    words = [];
  };
  for (const [piece] of text.matchAll(PIECE)) {
    if (/^\s$|^\\\n$|^#./.test(piece) && piece !== '\n') endWord();
    else if (/^[\n;&|()`]$/.test(piece)) {
      endCommand();
      if (piece === '(') depth++;
      // Without its opening one it ends a pattern of `case`.
      else if (piece === ')' && depth === 0) commands.length = pipeline;
      else if (piece === ')') depth--;
      if (piece !== '|') pipeline = commands.length;
    }
    // A quoted text could be anything; a blank keeps an empty one from being lost.
    else word += /^["']/.test(piece) && piece.length > 1 ? piece.slice(1, -1) || ' ' : piece;
  }
  endCommand();
  return commands;
}
