/*
 * Names of branches, tags and commits as people and forges give them. git itself would take some of them for options, for
 * another name of something (`@`), or for a program to run (`ext::sh -c ...`).
 */

/** What may name a commit: a hash, a branch, a tag, and git's `~2`, `^` and `^{commit}` behind one. */
const REVISION = /^[\p{L}\p{N}_][\p{L}\p{M}\p{N}_./+#=,~^{}-]*$/u;
const LENGTH_MAX = 255;

/** What is wrong with a text that is to name a commit, completing "it ..."; null when it can be handed to git. */
export function revisionProblem(text: string): string | null {
  const problem = startProblem(text);
  if (problem) return problem;
  if (text.includes('..')) return 'is a range, not one commit';
  return REVISION.test(text) ? null : 'holds characters that no name of a commit needs';
}

/** The same for a text that is taken for the name of a branch or tag: what git allows there, but for a leading `@`. */
export function refProblem(text: string): string | null {
  const problem = startProblem(text);
  if (problem) return problem;
  if (/[\u0000-\u0020\u007f~^:?*[\\]|\.\.|@\{|\/\/|\.lock(\/|$)|(^|\/)\.|[./]$|^\//.test(text))
    return 'is no name that git gives to a branch or tag';
  return null;
}

function startProblem(text: string): string | null {
  if (text === '') return 'is empty';
  if (text.length > LENGTH_MAX) return `has ${text.length} characters; a name has at most ${LENGTH_MAX}`;
  if (text.startsWith('-')) return 'begins with `-`, like an option';
  if (text.startsWith('@')) return 'begins with `@`, which elsewhere names a file or HEAD';
  if (text.includes('::')) return 'holds `::`, like a program that git would run to fetch';
  return null;
}
