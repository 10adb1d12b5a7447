import { existsSync, globSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('..', import.meta.url));
const pages = globSync(['*.md', 'docs/**/*.md', 'examples/*.md'], { cwd: root }).sort();

/** Targets of links and pictures to files of this repository. */
function linksOf(page: string): string[] {
  const text = readFileSync(join(root, page), 'utf8').replaceAll(/```[\s\S]*?```/g, '');
  const links = [...text.matchAll(/\]\(([^)\s]+)\)/g)].map((match) => match[1]!);
  return links.filter((link) => !/^[a-z]+:|^#/.test(link)).map((link) => link.replace(/#.*$/, ''));
}

describe('pages', () => {
  it('has the pages a newcomer looks for', () => {
    for (const page of ['README.md', 'ARCHITECTURE.md', 'CONTRIBUTING.md', 'CHANGELOG.md'])
      expect(pages).toContain(page);
  });

  it.each(pages)('%s links only to files that exist', (page) => {
    const missing = linksOf(page).filter((link) => !existsSync(join(root, dirname(page), link)));
    expect(missing).toEqual([]);
  });

  it('the changelog begins with what is not released', () => {
    const headings = readFileSync(join(root, 'CHANGELOG.md'), 'utf8').match(/^## .*/gm);
    expect(headings?.[0]).toBe('## Unreleased');
  });
});
