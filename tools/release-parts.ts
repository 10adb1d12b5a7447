/**
 * The release is bundled in few parts. `main` has all that a run of a remembered plan needs, and nothing else: its length and the
 * number of its functions are paid by every command, also for what is never called. The others are opened when something in
 * them is imported for the first time (bin/start.cjs). Every module is in one part only: a later part borrows it from an earlier one.
 */
import { relative } from 'node:path';
import { type BuildOptions, build, type Metafile, type Plugin } from 'esbuild';

interface Part {
  readonly name: string;
  /** Where it begins. Only `main` is run as a whole. */
  readonly entry: string | null;
  /** What is imported lazily and is in this part, with all that it needs. null: whatever is left. */
  readonly lazy: readonly string[] | null;
}

/** In the order in which they are filled. */
const PARTS: readonly Part[] = [
  {
    name: 'main',
    entry: 'src/main.ts',
    lazy: [
      'src/cli/live/plain-display.ts',
      'src/cli/pipeline-source.ts',
      'src/cli/plan-cache.ts',
      'src/cli/program.ts',
      'src/cli/run-report.ts',
      'src/cli/verb/run.ts',
      'src/client/in-process.ts',
      'src/executor/limit/limit-groups.ts',
      'src/executor/process/process-executor.ts',
      'src/forge/git.ts',
      'src/machine/disk/ballast.ts',
      'src/machine/disk/space.ts',
      'src/machine/disk/tended.ts',
      'src/machine/files.ts',
      'src/machine/owners.ts',
      'src/machine/program.ts',
      'src/machine/random.ts',
      'src/machine/terminal.ts',
      'src/main/own-home.ts',
      'src/pipeline/packed-plan.ts',
      'src/runner/runner.ts',
      'src/secret/given.ts',
      'src/secret/granted.ts',
      'src/store/contract.ts',
      'src/store/sqlite/sqlite-store.ts',
    ],
  },
  { name: 'live', entry: null, lazy: ['src/cli/live/live-display.ts'] },
  { name: 'pipeline', entry: null, lazy: ['src/pipeline/load.ts'] },
  { name: 'rest', entry: null, lazy: null },
];

/** What a part has, and what is asked of it by others. Paths are relative to the root. */
interface Content {
  readonly modules: Set<string>;
  readonly asked: Set<string>;
}

/** Writes `NAME.js` for each part into the folder of `options`, and returns what esbuild knows of each. */
export async function buildParts(root: string, options: BuildOptions): Promise<readonly Metafile[]> {
  const contents = new Map(
    PARTS.map(({ name, entry, lazy }): [string, Content] => [
      name,
      { modules: new Set(), asked: new Set(entry === null ? lazy : []) },
    ]),
  );
  // A part's table of what others ask for is known only when all were looked through.
  for (const write of [false, true]) {
    const metafiles = [];
    for (const part of PARTS) metafiles.push(await buildPart(root, options, part, contents, write));
    if (write) return metafiles;
  }
  throw new Error('the second pass writes');
}

async function buildPart(
  root: string,
  options: BuildOptions,
  part: Part,
  contents: ReadonlyMap<string, Content>,
  write: boolean,
): Promise<Metafile> {
  const { asked, modules } = contents.get(part.name)!;
  const before = PARTS.slice(0, PARTS.indexOf(part)).map(({ name }) => contents.get(name)!.modules);
  // In the first pass it was not known yet that an earlier part has it.
  for (const path of asked) if (before.some((others) => others.has(path))) asked.delete(path);
  const { metafile } = await build({
    ...options,
    write,
    metafile: true,
    plugins: [...(options.plugins ?? []), others(root, part, contents)],
    stdin: {
      contents: [
        'provide({',
        ...[...asked]
          .sort()
          .map((path) => `${JSON.stringify(path)}: () => require(${JSON.stringify(`./${path}`)}),`),
        '});',
        part.entry === null ? '' : `require(${JSON.stringify(`./${part.entry}`)});`,
      ].join('\n'),
      resolveDir: root,
      sourcefile: `${part.name}.js`,
    },
    entryNames: part.name,
    // No module: only a script's code can be cached with the functions that were compiled while it ran.
    format: 'cjs',
    define: { 'import.meta.url': 'bundleUrl' },
    banner: { js: '(function (require, bundleUrl, part, provide) {' },
    footer: { js: '})' },
  });
  for (const path of Object.keys(metafile!.inputs)) if (!isVirtual(path)) modules.add(path);
  return metafile!;
}

/** Of no file: one of Node's own modules, or what another part has. */
export function isVirtual(path: string): boolean {
  return path.includes(':');
}

/** Leaves to an earlier part what it has, and to a later one what is imported lazily and not wanted here. */
function others(root: string, part: Part, contents: ReadonlyMap<string, Content>): Plugin {
  const index = PARTS.indexOf(part);
  const earlier = PARTS.slice(0, index);
  const own = contents.get(part.name)!.modules;
  const holderOf = (path: string, isLazy: boolean): string | null => {
    const has = earlier.find(({ name }) => contents.get(name)!.modules.has(path));
    if (has !== undefined) return has.name;
    if (!isLazy || own.has(path) || part.lazy === null || part.lazy.includes(path)) return null;
    return PARTS.slice(index + 1).find(({ lazy }) => lazy === null || lazy.includes(path))!.name;
  };
  return {
    name: 'other parts',
    setup({ onResolve, onLoad, resolve }) {
      onResolve({ filter: /.*/ }, async ({ path, kind, importer, resolveDir, pluginData }) => {
        if (pluginData === 'resolving' || kind === 'entry-point') return undefined;
        const found = await resolve(path, { kind, importer, resolveDir, pluginData: 'resolving' });
        if (found.errors.length > 0 || found.namespace !== 'file' || found.external) return found;
        const name = relative(root, found.path);
        const holder = holderOf(name, kind === 'dynamic-import');
        if (holder === null) return found;
        contents.get(holder)!.asked.add(name);
        return { path: name, namespace: `part ${holder}` };
      });
      for (const { name } of PARTS) {
        onLoad({ filter: /.*/, namespace: `part ${name}` }, ({ path }) => ({
          contents: `module.exports = part(${JSON.stringify(name)})(${JSON.stringify(path)});`,
        }));
      }
    },
  };
}
