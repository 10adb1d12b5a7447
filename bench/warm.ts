/*
 * Nothing changed: 200 and 1,000 jobs with ten inputs and one output file each, from the packed release, beside turbo, which
 * hashes contents through git's index as we do through ours. Both find every result, which is checked. Then the
 * first run of 200 jobs in a repository of ten files, with declared inputs and without: whatever they declare, their
 * workspaces hold the same, so that the difference is what looking, keeping and remembering cost.
 * turbo is installed into a folder of its own by npm; without a registry its part is left out.
 *
 * `node bench/warm.ts [rounds] [found | first]`
 */
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { type Contestant, compare, line } from './support/measure.ts';
import { commitAll, makeRelease } from './support/release.ts';

const TURBO = 'turbo@2.11.11';
const INPUTS = 10;
const rounds = Number(process.argv[2] ?? 9);
const chosen = process.argv[3] ?? 'all';
const work = mkdtempSync(join(tmpdir(), 'sluice-warm-'));

function turboProgram(): string | null {
  const folder = join(work, 'turbo');
  mkdirSync(folder);
  try {
    execFileSync('npm', ['install', '--no-audit', '--no-fund', '--prefix', folder, TURBO], {
      stdio: 'ignore',
    });
    return join(folder, 'node_modules/.bin/turbo');
  } catch {
    return null;
  }
}

const BUILD = 'mkdir -p dist && cat src/* > dist/all && echo built';

/** Ten files: one of them is the description of a package. */
function writePackage(place: string, name: string): void {
  mkdirSync(join(place, 'src'), { recursive: true });
  for (let file = 1; file < INPUTS; file++)
    writeFileSync(join(place, 'src', `f${file}.txt`), `${name} ${file}\n`);
  const scripts = { build: `${BUILD} ${name}` };
  writeFileSync(join(place, 'package.json'), JSON.stringify({ name, version: '1.0.0', scripts }));
}

function writePipeline(file: string, count: number, job: (index: number) => readonly string[]): void {
  const jobs = Array.from({ length: count }, (_, index) => [`  p${index}:`, ...job(index)].join('\n'));
  writeFileSync(file, `name: bench\njobs:\n${jobs.join('\n')}\n`);
}

/** A repository of that many packages, for both. */
function repository(count: number): string {
  const folder = join(work, `packages-${count}`);
  for (let index = 0; index < count; index++)
    writePackage(join(folder, 'packages', `p${index}`), `p${index}`);
  writePipeline(join(folder, 'declared.yaml'), count, (index) => [
    `    inputs: ["packages/p${index}/package.json", "packages/p${index}/src/**"]`,
    `    output_files: ["packages/p${index}/dist/**"]`,
    `    run: cd packages/p${index} && ${BUILD} p${index}`,
  ]);
  const files = {
    'package.json': { name: 'all', private: true, packageManager: 'npm@10.0.0', workspaces: ['packages/*'] },
    'turbo.json': { tasks: { build: { inputs: ['package.json', 'src/**'], outputs: ['dist/**'] } } },
    'package-lock.json': { name: 'all', lockfileVersion: 3, requires: true, packages: {} },
  };
  for (const [name, content] of Object.entries(files))
    writeFileSync(join(folder, name), JSON.stringify(content));
  writeFileSync(join(folder, '.gitignore'), 'dist\n.turbo\nnode_modules\n');
  commitAll(folder);
  return folder;
}

/**
 * A folder with an `npm` that does nothing but the build. turbo starts npm for each task that it has no result of, and the real
 * one takes a fifth of a second: three minutes for results that nobody measures.
 */
function quickNpm(): string {
  const folder = join(work, 'quick-npm');
  mkdirSync(folder);
  const program = join(folder, 'npm');
  writeFileSync(program, `#!/bin/sh\n${BUILD} "\${PWD##*/}"\n`);
  chmodSync(program, 0o755);
  return folder;
}

async function nothingChanged(release: string): Promise<void> {
  const turbo = turboProgram();
  const npm = turbo && quickNpm();
  const warm = new Map<number, { readonly ours: number; readonly turbo: number | null }>();
  for (const count of [200, 1000]) {
    const directory = repository(count);
    const environment = {
      SLUICE_HOME: join(work, `home-${count}`),
      TURBO_TELEMETRY_DISABLED: '1',
      DO_NOT_TRACK: '1',
    };
    const ours: Contestant = {
      name: 'sluice',
      command: [release, 'run', '-f', 'declared.yaml'],
      directory,
      environment,
    };
    const theirs: Contestant | null = turbo
      ? { name: 'turbo', command: [turbo, 'run', 'build', '--no-daemon'], directory, environment }
      : null;
    const prepare = { ...environment, PATH: `${npm}:${process.env.PATH}` };
    // The first run of both makes the results, the second the indexes.
    for (let time = 0; time < 2; time++) {
      output(ours.command, directory, environment);
      if (theirs) output(theirs.command, directory, prepare);
    }
    const events = output([...ours.command, '--events'], directory, environment);
    checkFound('sluice', events.split('"reusedFrom":"').length - 1, count);
    if (theirs) {
      const told = output(theirs.command, directory, environment);
      checkFound('turbo', Number(/Cached:\D*(\d+) cached/.exec(told)?.[1]), count);
    }
    const result = await compare(theirs ? [ours, theirs] : [ours], rounds);
    const ms = (name: string) => result.get(name)?.wallMs ?? null;
    warm.set(count, { ours: ms('sluice')!, turbo: ms('turbo') });
  }
  report(warm);
}

function output(
  command: readonly string[],
  directory: string,
  environment: Readonly<Record<string, string>>,
): string {
  return execFileSync(command[0]!, command.slice(1), {
    cwd: directory,
    env: { ...process.env, ...environment },
    encoding: 'utf8',
    maxBuffer: 1 << 30,
    stdio: ['ignore', 'pipe', 'ignore'],
  });
}

function checkFound(name: string, found: number, count: number): void {
  if (found !== count) throw new Error(`${name} found ${found} of ${count} results`);
}

function report(warm: ReadonlyMap<number, { readonly ours: number; readonly turbo: number | null }>): void {
  for (const [count, goal] of [
    [200, '<= 1.2x'],
    [1000, '<= 0.6x'],
  ] as const) {
    const { ours, turbo } = warm.get(count)!;
    const text = `${ours.toFixed(0)} ms, turbo ${turbo?.toFixed(0) ?? 'not there'} ms`;
    line(
      `nothing changed, ${count} jobs, beside turbo`,
      turbo === null ? Number.NaN : ours / turbo,
      goal,
      text,
    );
  }
  const [few, many] = [warm.get(200)!, warm.get(1000)!];
  if (few.turbo === null || many.turbo === null) return;
  const growth = many.ours - few.ours;
  const theirs = many.turbo - few.turbo;
  line(
    'growth from 200 to 1,000 jobs',
    growth / theirs,
    '<= 0.4x',
    `${growth.toFixed(0)} ms, turbo ${theirs.toFixed(0)} ms`,
  );
}

/** Each round begins with a data folder of its own, so that nothing is known. */
async function firstRun(release: string): Promise<void> {
  const directory = join(work, 'one-package');
  writePackage(directory, 'one');
  for (const name of ['declared', 'plain'])
    writePipeline(join(directory, `${name}.yaml`), 200, () => [
      ...(name === 'declared' ? ['    inputs: [package.json, "src/**"]', '    output_files: [dist/**]'] : []),
      `    run: ${BUILD}`,
    ]);
  commitAll(directory);
  const first = (file: string): Contestant => ({
    name: file,
    command: [
      'sh',
      '-c',
      `SLUICE_HOME=$(mktemp -d ${work}/first-XXXXXX) exec ${release} run -f ${file}.yaml`,
    ],
    directory,
  });
  const result = await compare([first('declared'), first('plain')], rounds);
  const [declared, plain] = [result.get('declared')!.wallMs, result.get('plain')!.wallMs];
  line(
    'first run of 200 jobs, inputs declared',
    declared / plain,
    '<= 1.1x',
    `${declared.toFixed(0)} ms, without ${plain.toFixed(0)} ms`,
  );
}

try {
  const release = makeRelease(work);
  if (chosen !== 'found') await firstRun(release);
  if (chosen !== 'first') await nothingChanged(release);
} finally {
  rmSync(work, { recursive: true, force: true });
}
