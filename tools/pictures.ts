/**
 * Makes docs/pictures: what a terminal of 80 columns shows of a passing, a failing and a resumed run of the example
 * service, and of a version of it that harms. Everything is really run, through a pseudo-terminal: `node tools/pictures.ts`. Needs `script`.
 */
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { screenOf } from './picture/screen.ts';
import { svgOf } from './picture/svg.ts';

const COLUMNS = 80;
const root = fileURLToPath(new URL('..', import.meta.url));
const pictures = join(root, 'docs/pictures');
const work = mkdtempSync(join(tmpdir(), 'sluice-pictures-'));
const service = join(work, 'links');
const environment = {
  ...process.env,
  SLUICE_HOME: join(work, 'home'),
  TERM: 'xterm-256color',
  FORCE_COLOR: '1',
  CI: '',
};

try {
  mkdirSync(pictures, { recursive: true });
  makeRepository();
  picture('passing', 'a passing run', 'sluice run', 0);
  changeTest('302', '301');
  picture('failing', 'a failing run', 'sluice run', 1);
  changeTest('301', '302');
  const before = await runUntilKilled('test');
  picture('resumed', 'a run whose process was killed, resumed', 'sluice resume', 0, before);
  release('1.0.0', 'none');
  sluice('deploy', 'production');
  release('1.1.0', 'errors');
  const users = spawn(process.execPath, ['load.ts', address(), '--rate', '100'], {
    cwd: service,
    stdio: 'ignore',
  });
  try {
    picture('rolled-back', 'a version that harms, taken back', 'sluice deploy production', 1);
  } finally {
    users.kill();
  }
} finally {
  endAll();
  rmSync(work, { recursive: true, force: true });
}

function makeRepository(): void {
  cpSync(join(root, 'examples/service'), service, {
    recursive: true,
    filter: (path) => !/\/(reports|dist)$/.test(path),
  });
  git('init', '-q', '-b', 'main');
  git('add', '-A');
  git(
    '-c',
    'user.name=pictures',
    '-c',
    'user.email=pictures@localhost',
    'commit',
    '-q',
    '-m',
    'links: first version',
  );
}

/** A commit of this version, its run, and staging. */
function release(version: string, fault: string): void {
  const file = join(service, 'package.json');
  writeFileSync(file, readFileSync(file, 'utf8').replace(/"version": ".*"/, `"version": "${version}"`));
  git('add', '-A');
  git(
    '-c',
    'user.name=pictures',
    '-c',
    'user.email=pictures@localhost',
    'commit',
    '--allow-empty',
    '-qm',
    `links: ${version}`,
  );
  sluice('run', '--input', `fault=${fault}`);
  sluice('deploy', 'staging');
}

function sluice(...words: string[]): void {
  console.log(`sluice ${words.join(' ')}`);
  execFileSync(join(root, 'bin/sluice'), words, { cwd: service, env: environment, stdio: 'ignore' });
}

/** Where production answers, as the pipeline file says. */
function address(): string {
  const listen = /production:[\s\S]*listen: '(.*)'/.exec(readFileSync(join(service, 'sluice.yaml'), 'utf8'));
  return `http://${listen![1]}`;
}

/** What was deployed outlives the commands that did it; each process has the folder of these pictures in what it was started with. */
function endAll(): void {
  for (const id of readdirSync('/proc').filter(
    (name) => /^\d+$/.test(name) && Number(name) !== process.pid,
  )) {
    try {
      const told = ['cmdline', 'environ'].map((file) => readFileSync(`/proc/${id}/${file}`, 'utf8')).join('');
      if (told.includes(environment.SLUICE_HOME)) process.kill(Number(id));
    } catch {
      // It ended, or is somebody else's.
    }
  }
}

function git(...words: string[]): void {
  execFileSync('git', words, { cwd: service });
}

function changeTest(from: string, to: string): void {
  const file = join(service, 'test/http/app.test.ts');
  writeFileSync(file, readFileSync(file, 'utf8').replace(`status, ${from})`, `status, ${to})`));
}

/**
 * Runs a command in a pseudo-terminal and draws what it left on the screen, below what was there `before`. Throws when it
 * ends with another exit code: then the picture would not show what its name says.
 */
function picture(name: string, title: string, command: string, exitCode: number, before = ''): void {
  console.log(`${name}: ${command}`);
  const line = `stty cols ${COLUMNS} rows 60; PATH=${root}bin:$PATH ${command}`;
  const options = { cwd: service, env: environment, encoding: 'utf8' } as const;
  const { status, stdout: output } = spawnSync('script', ['-qec', line, '/dev/null'], options);
  if (status !== exitCode)
    throw new Error(`${command} ended with ${status} and not with ${exitCode}:\n${output}`);
  const rows = screenOf(`${before}${prompt(command)}${output}`, COLUMNS);
  writeFileSync(join(pictures, `${name}.svg`), svgOf(rows, COLUMNS, `Sluice: ${title}`));
}

function prompt(command: string): string {
  return `\x1b[1m$ ${command}\x1b[0m\r\n`;
}

/**
 * Starts a run and kills Sluice, and nothing else, the moment a line names this job as started. Returns what a terminal
 * would show of it, with the shell's word for its end.
 */
async function runUntilKilled(job: string): Promise<string> {
  console.log(`resumed: sluice run, killed when ${job} starts`);
  const child = spawn(join(root, 'bin/sluice'), ['run'], {
    cwd: service,
    env: { ...environment, FORCE_COLOR: '0' },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const over = once(child, 'exit');
  let output = '';
  for await (const chunk of child.stdout) {
    output += chunk;
    if (new RegExp(`\\b${job}\\b.*\\bstart`, 'i').test(output)) child.kill('SIGKILL');
  }
  await over;
  if (child.signalCode !== 'SIGKILL') throw new Error(`the run ended before ${job} started:\n${output}`);
  return `${prompt('sluice run')}${output.replaceAll('\n', '\r\n')}Killed\r\n`;
}
