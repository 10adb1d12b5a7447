import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { releaseManifest } from './release-manifest.ts';

const checkout = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'));

describe('release manifest', () => {
  it('asks npm to install nothing', () => {
    const release = releaseManifest(checkout);
    for (const key of ['dependencies', 'devDependencies', 'optionalDependencies', 'scripts']) {
      expect(checkout).toHaveProperty(key);
      expect(release).not.toHaveProperty(key);
    }
  });

  it('keeps what names and starts the program, and points typed pipelines to dist/', () => {
    const release = releaseManifest(checkout);
    for (const key of ['name', 'version', 'bin', 'engines', 'files', 'type']) {
      expect(release[key]).toEqual(checkout[key]);
    }
    expect(JSON.stringify(release.exports)).not.toContain('src/');
  });
});
