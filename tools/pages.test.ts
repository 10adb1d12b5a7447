import { existsSync, globSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { VERBS } from '../src/cli/verbs.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const pages = globSync(['*.md', 'docs/**/*.md', 'examples/*.md'], { cwd: root }).sort();

/** Links and pictures of a page that stay within this repository. */
function linksOf(page: string): string[] {
  const text = readFileSync(join(root, page), 'utf8').replaceAll(/```[\s\S]*?```/g, '');
  const links = [...text.matchAll(/\]\(([^)\s]+)\)/g)].map((match) => match[1]!);
  return links.filter((link) => !/^[a-z]+:/.test(link));
}

/** Whether the link's file is there and, behind a `#`, the heading in it. */
function leadsSomewhere(page: string, link: string): boolean {
  const [file, anchor] = link.split('#') as [string, string?];
  const target = file === '' ? page : join(dirname(page), file);
  if (!existsSync(join(root, target))) return false;
  return anchor === undefined || anchorsOf(target).has(anchor);
}

/** What GitHub calls the headings of a page. */
function anchorsOf(page: string): Set<string> {
  const headings = readFileSync(join(root, page), 'utf8').match(/^#+ .*/gm) ?? [];
  return new Set(
    headings.map((heading) =>
      heading
        .replace(/^#+ /, '')
        .toLowerCase()
        .replaceAll(/[^\w\- ]/g, '')
        .replaceAll(' ', '-'),
    ),
  );
}

/** Commands in blocks of shell lines and in running text, each once, without the words of a shell around them. */
function commandsOf(page: string): string[] {
  const text = readFileSync(join(root, page), 'utf8');
  const blocks = [...text.matchAll(/```sh\n([\s\S]*?)```/g)].flatMap((match) => match[1]!.split('\n'));
  const spans = [...text.replaceAll(/```[\s\S]*?```/g, '').matchAll(/`([^`]+)`/g)].map((match) => match[1]!);
  const commands = [...blocks, ...spans].map((line) =>
    line.replace(/^(?:[A-Z_]+=\S+ +)+/, '').replace(/ *[#|;].*/, ''),
  );
  return [...new Set(commands.filter((command) => /^sluice [a-z]/.test(command)))];
}

/** What is wrong with a command: an unknown verb, or words that begin with `--` and that the verb does not know. */
function unknownIn(command: string): string[] {
  const [, name, ...words] = command.split(/\s+/);
  const verb = VERBS.find((one) => one.name === name);
  if (!verb) return [name!];
  const flags = verb.options.flatMap((option) => option.flags.match(/--[a-z-]+/g) ?? []);
  const known = [
    ...flags,
    '--help',
    '--json',
    '--file',
    '--home',
    '--workspace',
    '--workers',
    '--color',
    '--no-color',
  ];
  return words.filter((word) => word.startsWith('--') && !known.includes(word));
}

describe('pages', () => {
  it('has the pages a newcomer looks for', () => {
    for (const page of ['README.md', 'ARCHITECTURE.md', 'CONTRIBUTING.md', 'CHANGELOG.md'])
      expect(pages).toContain(page);
  });

  it.each(pages)('%s links only to files and headings that exist', (page) => {
    expect(linksOf(page).filter((link) => !leadsSomewhere(page, link))).toEqual([]);
  });

  it.each(pages)('%s shows only commands and flags that exist', (page) => {
    const unknown = commandsOf(page).flatMap((command) =>
      unknownIn(command).map((word) => `${word}: ${command}`),
    );
    expect(unknown).toEqual([]);
  });

  it('finds commands in blocks and in text', () => {
    expect(commandsOf('README.md')).toEqual(expect.arrayContaining(['sluice init', 'sluice cache list']));
    expect(unknownIn('sluice rnu --json')).toEqual(['rnu']);
    expect(unknownIn('sluice run --jsno')).toEqual(['--jsno']);
  });

  it('the changelog begins with what is not released', () => {
    const headings = readFileSync(join(root, 'CHANGELOG.md'), 'utf8').match(/^## .*/gm);
    expect(headings?.[0]).toBe('## Unreleased');
  });
});
