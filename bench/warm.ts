/*
 * Nothing changed: 200 and 1,000 jobs with ten inputs and one output file each, from the packed release, beside turbo, which
 * hashes contents through git's index as we do through ours. Both find every result; every run of ours is checked for it. Then the
 * first run: with declared inputs, and the same jobs without.
 * turbo is installed into a folder of its own by npm; without a registry its part is left out.
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { type Contestant, compare, line } from './support/measure.ts';
import { commitAll, makeRelease } from './support/release.ts';

const TURBO = 'turbo@2.11.11';
const INPUTS = 10;
const ROUNDS = 9;
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

/** A repository of that many packages, for both. */
function repository(count: number): string {
  const folder = join(work, `packages-${count}`);
  for (let index = 0; index < count; index++) {
    const place = join(folder, 'packages', `p${index}`);
    mkdirSync(join(place, 'src'), { recursive: true });
    // One of the ten is the package's own description.
    for (let file = 1; file < INPUTS; file++)
      writeFileSync(join(place, 'src', `f${file}.txt`), `${index} ${file}\n`);
    const scripts = { build: `mkdir -p dist && cat src/* > dist/all && echo built p${index}` };
    writeFileSync(
      join(place, 'package.json'),
      JSON.stringify({ name: `p${index}`, version: '1.0.0', scripts }),
    );
  }
  const job = (index: number, declares: boolean) =>
    [
      `  p${index}:`,
      ...(declares
        ? [`    inputs: ["packages/p${index}/**"]`, `    output_files: ["packages/p${index}/dist/**"]`]
        : []),
      `    run: cd packages/p${index} && mkdir -p dist && cat src/* > dist/all && echo built p${index}`,
    ].join('\n');
  for (const declares of [true, false]) {
    const jobs = Array.from({ length: count }, (_, index) => job(index, declares));
    writeFileSync(
      join(folder, declares ? 'declared.yaml' : 'plain.yaml'),
      `name: ${declares ? 'declared' : 'plain'}\njobs:\n${jobs.join('\n')}\n`,
    );
  }
  const files = {
    'package.json': { name: 'all', private: true, packageManager: 'npm@10.0.0', workspaces: ['packages/*'] },
    'turbo.json': { tasks: { build: { inputs: ['**'], outputs: ['dist/**'] } } },
    'package-lock.json': { name: 'all', lockfileVersion: 3, requires: true, packages: {} },
  };
  for (const [name, content] of Object.entries(files))
    writeFileSync(join(folder, name), JSON.stringify(content));
  writeFileSync(join(folder, '.gitignore'), 'dist\n.turbo\nnode_modules\n');
  commitAll(folder);
  return folder;
}

async function main(): Promise<void> {
  const release = makeRelease(work);
  const turbo = turboProgram();
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
    // The first run of both makes the results, the second the indexes.
    for (const { command } of theirs ? [ours, theirs] : [ours])
      for (let time = 0; time < 2; time++)
        execFileSync(command[0]!, command.slice(1), {
          cwd: directory,
          env: { ...process.env, ...environment },
          stdio: 'ignore',
        });
    checkAllFound(release, directory, environment, count);
    const result = await compare(theirs ? [ours, theirs] : [ours], ROUNDS);
    const ms = (name: string) => result.get(name)?.wallMs ?? null;
    warm.set(count, { ours: ms('sluice')!, turbo: ms('turbo') });
  }
  report(warm);
  await firstRun(release);
}

function checkAllFound(
  release: string,
  directory: string,
  environment: Readonly<Record<string, string>>,
  count: number,
): void {
  const events = execFileSync(release, ['run', '-f', 'declared.yaml', '--events'], {
    cwd: directory,
    env: { ...process.env, ...environment },
    encoding: 'utf8',
    maxBuffer: 1 << 30,
  });
  const found = events.split('"reusedFrom":"').length - 1;
  if (found !== count) throw new Error(`${found} of ${count} results were found`);
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
  const directory = join(work, 'packages-200');
  const first = (file: string): Contestant => ({
    name: file,
    command: [
      'sh',
      '-c',
      `SLUICE_HOME=$(mktemp -d ${work}/first-XXXXXX) exec ${release} run -f ${file}.yaml`,
    ],
    directory,
  });
  const result = await compare([first('declared'), first('plain')], 5);
  const [declared, plain] = [result.get('declared')!.wallMs, result.get('plain')!.wallMs];
  line(
    'first run of 200 jobs, inputs declared',
    declared / plain,
    '<= 1.1x',
    `${declared.toFixed(0)} ms, without ${plain.toFixed(0)} ms`,
  );
}

try {
  await main();
} finally {
  rmSync(work, { recursive: true, force: true });
}
