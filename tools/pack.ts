/**
 * Wraps `npm pack` and `npm publish`: `--before` builds dist/ and puts the release's package.json in place, `--after` puts
 * the checkout's back. npm packs the package.json it finds on disk, so there is no other way to leave something out of it.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { releaseManifest } from './release-manifest.ts';

const manifest = fileURLToPath(new URL('../package.json', import.meta.url));
const saved = `${manifest}.checkout`;

// Also first of all: an interrupted `npm pack` has left the release's file behind.
if (existsSync(saved)) renameSync(saved, manifest);

if (process.argv.includes('--before')) {
  execFileSync(process.execPath, [fileURLToPath(new URL('build.ts', import.meta.url))], { stdio: 'inherit' });
  const text = readFileSync(manifest, 'utf8');
  writeFileSync(saved, text);
  writeFileSync(manifest, `${JSON.stringify(releaseManifest(JSON.parse(text)), null, 2)}\n`);
}
