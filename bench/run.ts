/*
 * Whole commands: start-up, a run of one job, 1,000 independent jobs and a chain of 200, from the packed release and from a
 * clone, beside `node -e 0` and ninja. The rung of process killing is printed: ninja keeps no log, no status, no workspace
 * and kills nothing, so it is asked twice, the second time with a cgroup for each command.
 * Needs ninja (apt-get install ninja-build) and GNU time (apt-get install time).
 */
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { openProcessExecutor } from '../src/executor/process/process-executor.ts';
import { machineClock } from '../src/machine/clock.ts';
import { type Contestant, compare, line } from './support/measure.ts';
import { commitAll, makeRelease } from './support/release.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const work = mkdtempSync(join(tmpdir(), 'sluice-bench-'));
const CGROUP = ['/sys/fs/cgroup/unified', '/sys/fs/cgroup'].find((path) =>
  existsSync(`${path}/cgroup.procs`),
);

function repository(name: string, files: Readonly<Record<string, string>>): string {
  const folder = join(work, name);
  mkdirSync(folder);
  for (const [file, text] of Object.entries(files)) writeFileSync(join(folder, file), text);
  commitAll(folder);
  return folder;
}

function jobs(count: number, needs: (index: number) => string): string {
  const lines = Array.from(
    { length: count },
    (_, index) => `  j${index}: { ${needs(index)}commands: ["true"] }`,
  );
  return `name: bench\njobs:\n${lines.join('\n')}\n`;
}

function ninja(count: number, command: string, needs: (index: number) => string): string {
  const edges = Array.from({ length: count }, (_, index) => `build o${index}: r${needs(index)}`);
  return `rule r\n  command = ${command}\n${edges.join('\n')}\n`;
}

const grouped = `d=${CGROUP}/bench-$$$$; mkdir $$d; sh -c "echo 0 > $$d/cgroup.procs; exec sh -c true"; echo 1 > $$d/cgroup.kill; rmdir $$d`;
const chain = (index: number) => (index === 0 ? '' : `needs: [j${index - 1}], `);
const chained = (index: number) => (index === 0 ? '' : ` o${index - 1}`);
const none = () => '';
const home = (name: string) => ({ SLUICE_HOME: join(work, `home-${name}`) });
const time = (command: readonly string[]) => ['/usr/bin/time', '-f', 'peak %M', ...command];

async function main(): Promise<void> {
  const executor = await openProcessExecutor({ directory: join(work, 'probe'), clock: machineClock });
  await executor.shutdown();
  console.log(`rung: ${executor.isolation.rung}`);
  const release = makeRelease(work);
  const clone = join(root, 'bin/sluice');
  // One repository each: every job's workspace is a copy of all that lies in it.
  const directories = {
    one: repository('one', { 'sluice.yaml': jobs(1, none) }),
    wide: repository('wide', { 'sluice.yaml': jobs(1000, none) }),
    chain: repository('chain', { 'sluice.yaml': jobs(200, chain) }),
    huge: repository('huge', { 'sluice.yaml': jobs(10_000, none) }),
  };
  const sluice = (
    name: string,
    program: string,
    where: keyof typeof directories,
    ...args: string[]
  ): Contestant => ({
    name,
    command: time([program, ...args]),
    directory: directories[where],
    environment: home(name.replaceAll(' ', '-')),
  });
  const node: Contestant = { name: 'node', command: [process.execPath, '-e', '0'] };

  const start = await compare(
    [
      node,
      sluice('version', release, 'one', '--version'),
      sluice('one packed', release, 'one', 'run'),
      sluice('one clone', clone, 'one', 'run'),
    ],
    15,
  );
  const floor = start.get('node')!.wallMs;
  const against = (name: string, what: string, goal: string) => {
    const { wallMs } = start.get(name)!;
    line(what, wallMs / floor, goal, `${wallMs.toFixed(0)} ms, node -e 0 ${floor.toFixed(0)} ms`);
  };
  against('version', 'sluice --version', '<= 1.5x');
  against('one packed', 'a run of one job, packed', '<= 4x');
  against('one clone', 'a run of one job, clone', '<= 7x');

  for (const [what, count, where, needs, rounds] of [
    ['1,000 independent jobs', 1000, 'wide', none, 3],
    ['a chain of 200 jobs', 200, 'chain', chained, 5],
  ] as const) {
    const peer = (name: string, command: string): Contestant => {
      const folder = repository(`${name}-${count}`, { 'build.ninja': ninja(count, command, needs) });
      return { name, command: ['ninja', '-C', folder, '-j2', '--quiet'] };
    };
    const contestants = [
      sluice('sluice', release, where, 'run', '--workers', '2'),
      peer('ninja', 'sh -c true'),
    ];
    if (CGROUP) contestants.push(peer('ninja-cgroup', grouped));
    const result = await compare(contestants, rounds);
    const ours = result.get('sluice')!;
    for (const [name, goal] of [
      ['ninja', '<= 4x'],
      ['ninja-cgroup', '<= 2x'],
    ] as const) {
      const theirs = result.get(name)?.wallMs;
      if (theirs === undefined) continue;
      line(
        `${what} / ${name}`,
        ours.wallMs / theirs,
        goal,
        `${ours.wallMs.toFixed(0)} ms, ${name} ${theirs.toFixed(0)} ms`,
      );
    }
  }
  const huge = await compare([sluice('huge', release, 'huge', 'run', '--workers', '2')], 1);
  const { memoryMib, wallMs } = huge.get('huge')!;
  console.log(
    `memory at 10,000 jobs: ${memoryMib?.toFixed(0)} MiB (goal <= 120), ${(wallMs / 1000).toFixed(1)} s`,
  );
}

try {
  await main();
} finally {
  rmSync(work, { recursive: true, force: true });
}
