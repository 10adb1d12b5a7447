/**
 * Makes dist/ for the npm release: `node tools/build.ts [folder]`. The program and its npm packages become a few files,
 * so that a command loads only what it needs (release-parts.ts).
 */
import { cpSync, globSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type BuildOptions, build, type Metafile, type Plugin } from 'esbuild';
import { digestOf } from '../src/base/digest.ts';
import { buildParts, isVirtual } from './release-parts.ts';
import { typedDeclaration } from './typed-declaration.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const typedPipelines = 'src/pipeline/native/typed.ts';

/**
 * Node's own modules through `process.getBuiltinModule`. Imported, each gets a module of its own with every export read
 * once, which starts streams and cryptography nobody asked for: 15 of the 100 ms of a small run. For the same reason only
 * the names that somebody imports are taken out of them.
 */
const builtinsWithoutFacade: Plugin = {
  name: 'builtins without facade',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^node:/ }, ({ path, kind }) => ({
      path,
      namespace: kind === 'import-statement' ? 'imported builtin' : 'required builtin',
      sideEffects: false,
    }));
    onLoad({ filter: /.*/, namespace: 'required builtin' }, ({ path }) => ({
      contents: `module.exports = ${builtin(path)};`,
    }));
    onLoad({ filter: /.*/, namespace: 'imported builtin' }, ({ path }) => {
      if (path === 'node:fs/promises') return { contents: loadedWhenCalled(path) };
      const names = Object.keys(process.getBuiltinModule(path)!).filter((name) => name !== 'default');
      const exported = names.map((name) => `export const ${name} = /* @__PURE__ */ (() => all.${name})();`);
      return { contents: [`const all = ${builtin(path)};`, 'export default all;', ...exported].join('\n') };
    });
  },
};

/** A small run calls none of it, and loading it takes a millisecond. */
function loadedWhenCalled(path: string): string {
  const all = process.getBuiltinModule(path) as Readonly<Record<string, unknown>>;
  const names = Object.keys(all).filter((name) => typeof all[name] === 'function');
  const exported = names.map(
    (name) => `export const ${name} = (...words) => ${builtin(path)}.${name}(...words);`,
  );
  return [`export default ${builtin(path)};`, ...exported].join('\n');
}

function builtin(path: string): string {
  return `/* @__PURE__ */ process.getBuiltinModule(${JSON.stringify(path)})`;
}

/** Bundles the checkout into `folder`, which is emptied first. */
async function buildRelease(folder: string): Promise<void> {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const shared = {
    absWorkingDir: root,
    outdir: folder,
    bundle: true,
    platform: 'node',
    target: 'node24',
    minifySyntax: true,
    minifyWhitespace: true,
    legalComments: 'none',
    charset: 'ascii',
    metafile: true,
    plugins: [builtinsWithoutFacade],
    logLevel: 'warning',
  } satisfies BuildOptions;
  await build({ ...shared, entryPoints: { typed: typedPipelines }, format: 'esm' });
  const metafiles = await buildParts(root, shared);
  for (const file of globSync('*.js', { cwd: folder, exclude: ['typed.js'] })) sign(join(folder, file));
  copyCompanions(folder);
  writeFileSync(join(folder, 'typed.d.ts'), typedDeclaration(root, typedPipelines));
  writeFileSync(join(folder, 'LICENSES.txt'), licenses(metafiles));
}

/** Writes the file's digest at its end, by which its compiled code is told from that of another version. */
function sign(file: string): void {
  const text = readFileSync(file, 'utf8');
  writeFileSync(file, `${text}// ${digestOf(text)}\n`);
}

/** Modules find the files beside them through import.meta.url, which is dist/ in a release: so they lie there flat. */
function copyCompanions(folder: string): void {
  const companions = globSync('src/**/*.{pl,sh,sql}', { cwd: root });
  const names = companions.map((file) => basename(file));
  const double = names.find((name, index) => names.indexOf(name) !== index);
  if (double !== undefined)
    throw new Error(`two files of src/ are called ${double}; dist/ is flat, rename one`);
  for (const file of companions) cpSync(join(root, file), join(folder, basename(file)));
}

/** The licence of every npm package whose code went into the bundle. */
function licenses(metafiles: readonly Metafile[]): string {
  const packages = new Set<string>();
  for (const input of metafiles.flatMap(({ inputs }) => Object.keys(inputs))) {
    const name = isVirtual(input) ? undefined : /.*node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(input)?.[0];
    if (name !== undefined) packages.add(name);
  }
  return [...packages].sort().map(licenseOf).join('\n');
}

function licenseOf(folder: string): string {
  const manifest = JSON.parse(readFileSync(join(root, folder, 'package.json'), 'utf8'));
  const [file] = globSync('{LICENSE,LICENCE,license,License}*', { cwd: join(root, folder) });
  const text =
    file === undefined ? `Licence: ${manifest.license}` : readFileSync(join(root, folder, file), 'utf8');
  return `==== ${manifest.name} ${manifest.version}\n\n${text.trim()}\n`;
}

await buildRelease(process.argv[2] ?? join(root, 'dist'));
