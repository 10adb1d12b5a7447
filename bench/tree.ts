import { execFileSync, spawnSync } from 'node:child_process';
import {
  appendFileSync,
  cpSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import process from 'node:process';
import { buildSync } from 'esbuild';
import { openFolderStorage } from '../src/cache/storage/folder/folder-storage.ts';
import { treeStore } from '../src/cache/tree/tree-store.ts';
import { machineClock } from '../src/machine/clock.ts';
import { machineOwners } from '../src/machine/owners.ts';
import { machineRandom } from '../src/machine/random.ts';
import { compare, line, median } from './support/measure.ts';
import { chance, randomBytes, randomText, writeFiles } from './support/tree-files.ts';

/*
 * Trees beside the tools that do the same, as ratios of one run: `node bench/tree.ts [rounds]
 * [digest | upload | restore | snapshot]`. A peer that is not installed
 * is named and left out.
 */

const rounds = Number(process.argv[2] ?? 5);
const chosen = process.argv[3] ?? 'all';
const folder = mkdtempSync(join(tmpdir(), 'sluice-bench-tree-'));
// As a release is: one file of JavaScript, so that taking the types out is not measured.
const command = join(folder, 'tree-command.mjs');
buildSync({
  entryPoints: [new URL('./support/tree-command.ts', import.meta.url).pathname],
  outfile: command,
  bundle: true,
  platform: 'node',
  format: 'esm',
  banner: { js: 'import{createRequire}from"node:module";const require=createRequire(import.meta.url);' },
});
const environment = { NODE_COMPILE_CACHE: join(folder, 'compile-cache') };

function openTrees(name: string) {
  const storage = openFolderStorage({
    directory: join(folder, name, 'storage'),
    clock: machineClock,
    owners: machineOwners(),
  });
  const trees = treeStore({
    blobs: storage.blobs,
    directory: join(folder, name, 'tree'),
    clock: machineClock,
    random: machineRandom,
  });
  return { storage, trees };
}

function has(program: string): boolean {
  const isThere = spawnSync('sh', ['-c', `command -v ${program}`]).status === 0;
  if (!isThere) console.log(`skipped beside ${program}: it is not installed (apt-get install ${program})`);
  return isThere;
}

/** Digests of 20,000 files, as whole processes with their start-up. */
async function digesting(): Promise<void> {
  const root = join(folder, 'digest');
  writeFiles(root, 20_000, 400, 10_240);
  const git = (...args: string[]) => execFileSync('git', args, { cwd: root, stdio: 'ignore' });
  git('init', '-q');
  git('add', '-A');
  git('-c', 'user.email=bench@example.org', '-c', 'user.name=bench', 'commit', '-qm', 'all');
  const ours = (verb: string) => [process.execPath, command, join(folder, 'digest-data'), verb, root];
  const hasPeer = has('b3sum');
  const samples = await compare(
    [
      { name: 'cold', command: ours('digest-cold'), environment },
      ...(hasPeer
        ? [
            {
              name: 'b3sum',
              command: ['sh', '-c', `find ${root} -name .git -prune -o -type f -print0 | xargs -0 b3sum`],
            },
          ]
        : []),
      { name: 'warm', command: ours('digest'), environment },
      { name: 'git status', command: ['git', 'status', '--porcelain'], directory: root },
      { name: 'start-up', command: [process.execPath, '-e', '0'] },
    ],
    rounds,
  );
  const ms = (name: string) => samples.get(name)!.wallMs;
  if (hasPeer)
    line(
      'digest 20,000 files cold / b3sum',
      ms('cold') / ms('b3sum'),
      '<= 1.5',
      `${ms('cold').toFixed(0)} ms`,
    );
  line(
    'digest 20,000 files warm / git status',
    ms('warm') / ms('git status'),
    '<= 3',
    `${ms('warm').toFixed(0)} ms, of it Node ${ms('start-up').toFixed(0)} ms`,
  );

  const { trees, storage } = openTrees('stall');
  const stallMs = await longestStall(() => trees.digestFiles(root, ['.', '!.git']));
  line('longest stall of the loop, cold / 200 ms', stallMs / 200, '< 1', `${stallMs.toFixed(0)} ms`);
  await storage.close();
}

async function longestStall(work: () => Promise<unknown>): Promise<number> {
  let longest = 0;
  let last = performance.now();
  let isGoing = true;
  const turn = () => {
    const now = performance.now();
    longest = Math.max(longest, now - last);
    last = now;
    if (isGoing) setImmediate(turn);
  };
  setImmediate(turn);
  await work();
  isGoing = false;
  return longest;
}

/** 300 MB: 18,000 small files and ten large ones of 10 MB; then 2 % of the small and three places of each large one change. */
async function secondUpload(): Promise<void> {
  const root = join(folder, 'upload');
  const paths = writeFiles(root, 18_000, 600, 11_000);
  const next = chance(42);
  const large = Array.from({ length: 10 }, (_, number) => join(root, `large-${number}.bin`));
  for (const path of large) writeFileSync(path, randomBytes(10_000_000, next));
  const { trees, storage } = openTrees('upload-data');
  const first = await trees.save({ root, select: ['.'] });
  const before = sizeOf(join(folder, 'upload-data/storage'));
  const restic = has('restic') ? resticBackups(root) : null;
  restic?.();
  const resticBefore = sizeOf(join(folder, 'restic'));
  for (const path of paths) if (next() < 0.02) writeFileSync(path, changedText(path, next));
  for (const path of large) {
    let bytes = readFileSync(path);
    for (let place = 0; place < 3; place++) {
      const at = Math.floor(next() * bytes.length);
      bytes = Buffer.concat([bytes.subarray(0, at), randomBytes(1000, next), bytes.subarray(at)]);
    }
    writeFileSync(path, bytes);
  }
  await trees.save({ root, select: ['.'], since: first.digest });
  const sent = sizeOf(join(folder, 'upload-data/storage')) - before;
  await storage.close();
  if (restic === null) return;
  restic();
  const resticSent = sizeOf(join(folder, 'restic')) - resticBefore;
  line(
    'second upload of 300 MB / restic, bytes',
    sent / resticSent,
    '<= 1.1',
    `${(sent / 1e6).toFixed(2)} MB, restic ${(resticSent / 1e6).toFixed(2)} MB`,
  );
}

function changedText(path: string, next: () => number): string {
  const text = readFileSync(path, 'utf8');
  const at = Math.floor(next() * text.length);
  return text.slice(0, at) + randomText(60, next) + text.slice(at);
}

function resticBackups(root: string): () => void {
  const run = (...args: string[]) =>
    execFileSync('restic', ['--quiet', '--no-cache', '--repo', join(folder, 'restic'), ...args], {
      env: { ...process.env, RESTIC_PASSWORD: 'bench' },
      stdio: 'ignore',
    });
  run('init', '--repository-version', '2');
  return () => run('backup', root);
}

function sizeOf(path: string): number {
  let bytes = 0;
  for (const name of readdirSync(path, { recursive: true, encoding: 'utf8' })) {
    const stats = lstatSync(join(path, name));
    if (stats.isFile()) bytes += stats.size;
  }
  return bytes;
}

/** 30,000 files in 4,800 folders. Targets stay to the end: removing one makes the next round wait for the disk. */
async function restoring(root: string): Promise<void> {
  const { trees, storage } = openTrees('restore-data');
  const { digest } = await trees.save({ root, select: ['.'] });
  const times: Record<'cp' | 'copy', number[]> = { cp: [], copy: [] };
  const timed = async (name: 'cp' | 'copy', work: (target: string) => unknown) => {
    const target = join(folder, `restored-${name}-${times[name].length}`);
    const startedMs = performance.now();
    await work(target);
    times[name].push(performance.now() - startedMs);
  };
  for (let round = 0; round <= rounds; round++) {
    await timed('cp', (target) => execFileSync('cp', ['-r', root, target]));
    await timed('copy', (target) => trees.restore(digest, target));
  }
  await storage.close();
  const ms = (name: 'cp' | 'copy') => median(times[name].slice(1));
  line('restore 30,000 files / cp -r', ms('copy') / ms('cp'), '<= 1.3', `${ms('copy').toFixed(0)} ms`);
}

/** After a step that changed 100 files of 30,000, beside looking at each file and copying the 100. */
async function snapshots({ root, paths }: ReturnType<typeof manyFiles>): Promise<void> {
  const { trees, storage } = openTrees('snapshot-data');
  let { digest } = await trees.snapshot(root, null);
  ({ digest } = await trees.snapshot(root, digest));
  const ours: number[] = [];
  const floor: number[] = [];
  for (let round = 0; round <= rounds; round++) {
    const changed = paths.filter((_, number) => number % 300 === round);
    for (const path of changed) appendFileSync(path, `changed in round ${round}\n`);
    let startedMs = performance.now();
    statWalk(root);
    copyAll(changed, join(folder, `copied-${round}`));
    floor.push(performance.now() - startedMs);
    startedMs = performance.now();
    const snapshot = await trees.snapshot(root, digest);
    ours.push(performance.now() - startedMs);
    if (snapshot.changed.length !== changed.length) throw new Error('the snapshot missed a change');
    digest = snapshot.digest;
  }
  await storage.close();
  const ms = median(ours.slice(1));
  line(
    'snapshot of 30,000 files / walk and copy',
    ms / median(floor.slice(1)),
    '<= 2',
    `${ms.toFixed(0)} ms`,
  );
}

function statWalk(directory: string): void {
  for (const entry of readdirSync(directory, { withFileTypes: true })) {
    const path = `${directory}/${entry.name}`;
    lstatSync(path);
    if (entry.isDirectory()) statWalk(path);
  }
}

function copyAll(paths: readonly string[], target: string): void {
  for (const path of paths) {
    mkdirSync(dirname(target + path), { recursive: true });
    cpSync(path, target + path);
  }
}

const measures: Readonly<Record<string, () => Promise<void>>> = {
  digest: digesting,
  upload: secondUpload,
  restore: () => restoring(manyFiles().root),
  snapshot: () => snapshots(manyFiles()),
};

function manyFiles(): { readonly root: string; readonly paths: readonly string[] } {
  const root = join(folder, 'many');
  return { root, paths: writeFiles(root, 30_000, 4_800, 8_000) };
}

try {
  for (const [name, measure] of Object.entries(measures))
    if (chosen === name || chosen === 'all') await measure();
} finally {
  rmSync(folder, { recursive: true, force: true });
}
