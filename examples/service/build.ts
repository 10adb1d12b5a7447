// Makes dist/ from src/: plain JavaScript that any Node runs, and release.json, which says what it is.
//   BUILD_VERSION, BUILD_COMMIT   what the service answers at /version
//   BUILD_FAULT                   makes a bad build on purpose; src/fault.ts says which there are
import { globSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { stripTypeScriptTypes } from 'node:module';
import { basename, join } from 'node:path';
import { FAULTS, isFault } from './src/fault.ts';

const { version } = JSON.parse(readFileSync('package.json', 'utf8'));
const fault = process.env.BUILD_FAULT || 'none';
if (!isFault(fault)) {
  console.error(`BUILD_FAULT is ${fault}; write one of ${FAULTS.join(', ')}`);
  process.exit(2);
}
const release = {
  version: process.env.BUILD_VERSION || version,
  commit: process.env.BUILD_COMMIT || 'unknown',
  fault,
};

rmSync('dist', { recursive: true, force: true });
mkdirSync('dist');
const files = globSync('src/*.ts').sort();
for (const file of files) {
  const code = stripTypeScriptTypes(readFileSync(file, 'utf8')).replace(/(from '\.[^']*)\.ts'/g, "$1.js'");
  writeFileSync(join('dist', basename(file, '.ts').concat('.js')), code);
}
writeFileSync('dist/package.json', '{"type": "module"}\n');
writeFileSync('dist/release.json', `${JSON.stringify(release)}\n`);
console.log(`built links ${release.version} from ${files.length} files`);
