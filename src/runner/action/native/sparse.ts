import { readdirSync, rmdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { KeepProblem } from '../../problem.ts';

/**
 * The patterns of a sparse checkout as git writes them into `info/sparse-checkout`. `lines`: folders in cone mode, else patterns as
 * of a `.gitignore` that say what is wanted. Throws a `KeepProblem` for what git refuses in cone mode.
 */
export function sparsePatterns(lines: readonly string[], isCone: boolean): readonly string[] {
  if (!isCone) return lines;
  const folders = lines.map(coneFolder).sort();
  const outermost = folders.filter((one) => !folders.some((other) => one.startsWith(`${other}/`)));
  const around = new Set(outermost.flatMap((one) => parentsOf(one)));
  return [
    '/*',
    '!/*/',
    ...[...around].sort().flatMap((one) => [`/${one}/`, `!/${one}/*/`]),
    ...outermost.map((one) => `/${one}/`),
  ];
}

/**
 * Removes from a folder what the patterns do not want, but for `.git`, and the folders that this leaves empty. The last pattern that
 * fits a file decides, else what was decided for its folder.
 */
export function removeUnwanted(folder: string, patterns: readonly string[]): void {
  const rules = patterns.flatMap(ruleOf);
  const decide = (path: string, isFolder: boolean, inherited: boolean): boolean => {
    const rule = rules.findLast(({ fits, isForFolders }) => (isFolder || !isForFolders) && fits.test(path));
    return rule ? rule.isWanted : inherited;
  };
  /** Returns whether anything was removed. */
  const sweep = (inside: string, inherited: boolean): boolean => {
    let isTouched = false;
    for (const entry of readdirSync(join(folder, inside), { withFileTypes: true })) {
      const path = inside === '' ? entry.name : `${inside}/${entry.name}`;
      if (path === '.git') continue;
      const isWanted = decide(path, entry.isDirectory(), inherited);
      if (!entry.isDirectory()) {
        if (!isWanted) rmSync(join(folder, path));
        isTouched ||= !isWanted;
      } else if (sweep(path, isWanted) || !isWanted) {
        isTouched = true;
        if (readdirSync(join(folder, path)).length === 0) rmdirSync(join(folder, path));
      }
    }
    return isTouched;
  };
  sweep('', false);
}

function coneFolder(line: string): string {
  const path = line.replace(/\/+$/, '');
  if (!/^[/!]|[*?[\]\\]/.test(path) && path !== '') return path.replace(/^(\.\/)+/, '');
  throw new KeepProblem(
    `sparse-checkout: ${line} is no folder; name folders from the top of the repository, or set \`sparse-checkout-cone-mode: false\``,
  );
}

function parentsOf(path: string): string[] {
  const parts = path.split('/');
  return parts.slice(1).map((_, index) => parts.slice(0, index + 1).join('/'));
}

interface Rule {
  readonly fits: RegExp;
  readonly isWanted: boolean;
  readonly isForFolders: boolean;
}

function ruleOf(line: string): Rule[] {
  if (line === '' || line.startsWith('#')) return [];
  const isWanted = !line.startsWith('!');
  const text = isWanted ? line : line.slice(1);
  const isForFolders = text.endsWith('/');
  const path = text.replace(/\/$/, '');
  // Without a slash in it, it fits in every folder.
  const start = path.includes('/') ? '' : '(?:.*/)?';
  try {
    return [
      { fits: new RegExp(`^${start}${source(path.replace(/^\//, ''))}$`, 's'), isWanted, isForFolders },
    ];
  } catch {
    return []; // A class of characters that is none, such as `[z-a]`: git finds nothing by it either.
  }
}

const TOKEN = /^\*\*\/|\/\*\*\/|\/\*\*$|\*+|\?|\[[!^]?\]?[^\]]*\]|\\.|./gs;

/** A pattern of git as a regular expression. */
function source(pattern: string): string {
  return pattern.replace(TOKEN, (token) => {
    if (token === '**/') return '(?:.*/)?';
    if (token === '/**/') return '/(?:.*/)?';
    if (token === '/**') return '/.+';
    if (token.startsWith('*')) return '[^/]*';
    if (token === '?') return '[^/]';
    if (token.length > 2 && token.startsWith('['))
      return token.replace(/^\[[!^]/, '[^/').replace(/^(\[\^?\/?)\]/, '$1\\]');
    if (token.length === 2 && token.startsWith('\\')) return escaped(token[1]!);
    return escaped(token);
  });
}

function escaped(character: string): string {
  return character.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&');
}
