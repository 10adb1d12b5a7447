import { globSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { VERBS } from '../src/cli/verbs.ts';
import { loadPipeline } from '../src/pipeline/load.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
/** Their commands are actions of a verb. */
const PAGES = ['docs/artifacts-and-caches.md', 'docs/unchanged-work.md', 'docs/gates.md'];
/** The generated one has a test of its own. */
const WRITTEN = ['README.md', ...globSync('docs/*.md', { cwd: root }).sort()].filter(
  (page) => page !== 'docs/language.md',
);
const SHARED_FLAGS = ['--json', '--file', '--home', '--workspace', '--workers'];

function blocks(page: string, language: string): string[] {
  const text = readFileSync(`${root}/${page}`, 'utf8');
  return [...text.matchAll(new RegExp(`^\`\`\`${language}\n([\\s\\S]*?)^\`\`\``, 'gm'))].map(
    (match) => match[1]!,
  );
}

const commands = PAGES.flatMap((page) => blocks(page, 'sh').flatMap((block) => block.trim().split('\n')));
const pipelines = [
  ...WRITTEN.flatMap((page) =>
    blocks(page, 'yaml')
      .filter((text) => /^(jobs|stages):/m.test(text))
      .map((text, index) => [`${page}, ${index + 1}`, text] as const),
  ),
  ['examples/service', readFileSync(`${root}/examples/service/sluice.yaml`, 'utf8')] as const,
];

describe('the manual', () => {
  it('shows pipelines and commands', () => {
    expect(pipelines.length).toBeGreaterThan(5);
    expect(commands.length).toBeGreaterThan(10);
  });

  it.each(pipelines)('has a pipeline without fault or warning: %s', (_, text) => {
    const bytes = new TextEncoder().encode(text);
    const loaded = loadPipeline('sluice.yaml', { read: (path) => (path === 'sluice.yaml' ? bytes : null) });
    expect(loaded.diagnostics).toEqual([]);
    expect(loaded.ok).toBe(true);
  });

  it.each(commands)('has a command with flags that exist: %s', (command) => {
    const [program, name, ...words] = command.split(' ');
    expect(program).toBe('sluice');
    const verb = VERBS.find((one) => one.name === name)!;
    const known = verb.options.flatMap(({ flags }) => flags.match(/--[a-z-]+/g) ?? []);
    for (const word of words.filter((one) => one.startsWith('--')))
      expect([...known, ...SHARED_FLAGS]).toContain(word);
    const [action] = verb.arguments[0]![1].match(new RegExp(`\\b${words[0]}\\b`)) ?? [];
    expect(action).toBe(words[0]);
  });
});
