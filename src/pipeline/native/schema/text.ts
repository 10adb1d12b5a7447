import * as z from 'zod';
import { parseDuration } from '../../../base/duration.ts';
import { visible } from '../../../base/text.ts';
import { parseProcessors, parseSize, RETENTION_MAX_MS } from '../size.ts';
import type { ContextName } from './key.ts';

/** The longest name of anything. */
export const NAME_LENGTH_MAX = 100;

/** Names that JavaScript objects have already; refused everywhere, so that no part of Sluice can be led astray by one. */
const RESERVED = new Set(['__proto__', 'constructor', 'prototype']);
/** Windows keeps these for devices, and names become folders. */
const DEVICES = /^(con|prn|aux|nul|com[0-9]|lpt[0-9])(\..*)?$/i;

/** What is wrong with a name that becomes an id, in words that follow the name; null when it is right. */
export function idProblem(name: string): string | null {
  return (
    nameProblem(name) ??
    (/[/\\]/.test(name) ? 'has a path character; names become folders' : null) ??
    (/^[\p{L}\p{N}_]/u.test(name) ? null : 'must begin with a letter, a digit or `_`') ??
    (/^[\p{L}\p{M}\p{N}_.\- ]+$/u.test(name)
      ? null
      : 'may only have letters, digits, spaces, `_`, `-` and `.`') ??
    (DEVICES.test(name) ? 'is a device name on Windows' : null)
  );
}

/** What is wrong with a name that is only shown. */
export function nameProblem(name: string): string | null {
  if (name.trim() === '') return 'is empty';
  if (name.length > NAME_LENGTH_MAX) return `has ${name.length} characters, more than ${NAME_LENGTH_MAX}`;
  if (visible(name) !== name) return 'has an invisible or control character';
  if (RESERVED.has(name)) return 'is reserved';
  return null;
}

function checkedText(problem: (text: string) => string | null) {
  return z.string().superRefine((text, context) => {
    const found = problem(text);
    if (found) context.addIssue({ code: 'custom', message: found });
  });
}

/** A name that is only shown to people. */
export const displayName = (contexts?: ContextName) =>
  checkedText(nameProblem).meta(contexts ? { expects: 'a name', template: contexts } : { expects: 'a name' });
/** A name by which other parts of the file refer to the thing. */
export const idText = () => checkedText(idProblem).meta({ expects: 'a name' });
/** A name in which `${{ }}` may stand for a part. */
export const templateName = (contexts: ContextName) =>
  checkedText((name) => (name.includes('${{') ? null : idProblem(name))).meta({
    expects: 'a name',
    template: contexts,
  });
/** Where something that is defined elsewhere is named. */
export const reference = () => z.string().min(1).meta({ expects: 'a name' });
export const references = () =>
  z.union([reference(), z.array(reference())]).meta({ expects: 'a name or a list of names' });

export const text = () => z.string().meta({ expects: 'text' });
/** Text in which `${{ }}` is allowed. */
export const template = (contexts: ContextName) => z.string().meta({ expects: 'text', template: contexts });
export const condition = (contexts: ContextName) =>
  z
    .union([z.string().min(1), z.boolean()])
    .meta({ expects: "an expression such as `git.branch == 'main'`", condition: contexts });
/** `${{ ... }}` that stands for a whole value. */
export const wholeExpression = (contexts: ContextName) =>
  z
    .string()
    .regex(/^\s*\$\{\{[\s\S]*\}\}\s*$/)
    .meta({ expects: 'one `${{ }}` expression', template: contexts });

export const duration = () =>
  z
    .union([z.number().positive().max(2_592_000), z.string()])
    .refine((value) => parseDuration(value) !== null)
    .meta({
      expects: 'a duration from 1ms to 30d, such as `90s`, `15m` or `1h30m` (a plain number is seconds)',
    });

/** How long something is kept: longer than anything that is waited for. */
export const retention = () =>
  z
    .union([
      z
        .number()
        .positive()
        .max(RETENTION_MAX_MS / 1000),
      z.string(),
    ])
    .refine((value) => parseDuration(value, RETENTION_MAX_MS) !== null)
    .meta({ expects: 'a duration up to 3650d, such as `14d` (a plain number is seconds)' });

/** An amount of bytes. */
export const size = () =>
  z
    .union([z.int().positive(), z.string()])
    .refine((value) => parseSize(value) !== null)
    .meta({ expects: 'an amount of bytes such as `512Mi`, `2GiB` or `10GB`' });
/** Processors. */
export const processors = () =>
  z
    .union([z.number().positive(), z.string()])
    .refine((value) => parseProcessors(value) !== null)
    .meta({ expects: 'a number of processors such as `2`, `0.5` or `500m`' });

export const flag = () => z.boolean().meta({ expects: '`true` or `false`' });
export const wholeNumber = (least: number, most: number) =>
  z
    .int()
    .min(least)
    .max(most)
    .meta({ expects: `a whole number from ${least} to ${most}` });
export const choice = <const T extends readonly [string, ...string[]]>(...values: T) =>
  z.enum(values).meta({ expects: `one of ${values.map((value) => `\`${value}\``).join(', ')}` });

/** What can run a script. */
export const shell = () =>
  z
    .string()
    .superRefine((value, context) => {
      if (['sh', 'bash', 'python'].includes(value) || value.includes('{0}')) return;
      const first = value.trim().split(/\s/)[0] || 'node';
      context.addIssue({
        code: 'custom',
        message: `is ${JSON.stringify(visible(value)).slice(0, 40)}, but must be \`sh\`, \`bash\`, \`python\` or a command line with \`{0}\` for the script file, such as \`${visible(first).slice(0, 20)} {0}\``,
      });
    })
    .meta({ expects: '`sh`, `bash`, `python` or a command line with `{0}` for the script file' });

/** One script. */
export const script = (contexts: ContextName = 'step') =>
  z
    .string()
    .superRefine((value, context) => {
      if (value.trim() === '') context.addIssue({ code: 'custom', message: 'is empty' });
      if (value.includes('\0'))
        context.addIssue({ code: 'custom', message: 'has a NUL character, which no shell can read' });
      if (/\r(?!\n)/.test(value)) {
        context.addIssue({
          code: 'custom',
          message: 'has a carriage return without a line feed, which a shell reads as part of a word',
        });
      }
    })
    .meta({ expects: 'a command', template: contexts });

/** A path inside the workspace. */
export const innerPath = (contexts?: ContextName) =>
  checkedText((path) => {
    if (path === '') return 'is empty';
    if (visible(path) !== path) return 'has an invisible or control character';
    if (path.startsWith('/') || /^[A-Za-z]:/.test(path))
      return 'is absolute; write it relative to the repository';
    if (path.split(/[/\\]/).includes('..')) return 'leaves the repository with `..`';
    return null;
  }).meta(
    contexts
      ? { expects: 'a path inside the repository', template: contexts }
      : { expects: 'a path inside the repository' },
  );

const WILDCARDS_MAX = 8;

/** What is wrong with a glob; regular expressions are none, and many wildcards take too long to compare. */
export function globProblem(pattern: string): string | null {
  if (pattern === '') return 'is empty';
  if (pattern.length > 300) return `has ${pattern.length} characters, more than 300`;
  if (visible(pattern) !== pattern) return 'has an invisible or control character';
  if (/[()|^$]/.test(pattern))
    return 'is a regular expression; patterns here are globs with `*`, `**`, `?`, `[abc]` and `{a,b}`';
  if ((pattern.match(/\*+|\?/g) ?? []).length > WILDCARDS_MAX)
    return `has more than ${WILDCARDS_MAX} wildcards`;
  return null;
}
export const glob = () => checkedText(globProblem).meta({ expects: 'a glob such as `release/*`' });
export const globs = () => z.union([glob(), z.array(glob())]).meta({ expects: 'a glob or a list of globs' });
/** A glob for files of the workspace. */
export const fileGlob = () =>
  checkedText((pattern) => {
    const inner = pattern.startsWith('!') ? pattern.slice(1) : pattern;
    if (inner.startsWith('/')) return 'is absolute; write it relative to the repository';
    if (inner.split('/').includes('..')) return 'leaves the repository with `..`';
    return globProblem(pattern);
  }).meta({ expects: 'a file or glob inside the repository', template: 'cache' satisfies ContextName });
export const fileGlobs = () =>
  z.union([fileGlob(), z.array(fileGlob())]).meta({ expects: 'a file or glob, or a list of those' });
