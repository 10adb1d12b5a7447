import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { killProcessesOf } from '../support/processes.ts';
import { runProduct } from '../support/product.ts';
import { git, makeRepository } from '../support/repository.ts';

const service = fileURLToPath(new URL('../../examples/service', import.meta.url));
/** Below the ports that the system gives away by itself. */
const PORTS = 200 + (process.pid % 120);
const ADDRESS = `http://127.0.0.1:${PORTS}02`;
const REQUESTS_PER_SECOND = 120;

/** Each bad build, why it goes back, and how many requests may fail at most until it is gone. */
const BUILDS = [
  ['errors', /^harm$/, /fails|error rate/, 40],
  ['slow', /^harm$/, /slower|baseline/, 0],
  ['leak', /^(harm|health)$/, /resources|is down/, 5],
  ['crash', /^(harm|health)$/, /exit code 70|fails|check/, 40],
  ['never-ready', /^health$/, /health\/ready failed/, 0],
] as const;

describe('a bad build of the example service', () => {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-builds-'));
  const repository = join(folder, 'repository');
  const progress = join(folder, 'load.json');
  let users: ChildProcess | null = null;

  const sluice = (...args: readonly string[]) => runProduct(args, { folder, cwd: repository });
  const serving = async () => (await (await fetch(`${ADDRESS}/version`)).json()) as { version: string };
  const failed = () => (existsSync(progress) ? JSON.parse(readFileSync(progress, 'utf8')).failed : 0);

  /** A commit, and its pipeline: no gate finds what is wrong. */
  async function build(fault: string): Promise<void> {
    git(repository, 'commit', '--quiet', '--allow-empty', `--message=${fault}`);
    const end = await sluice('run', '--input', `fault=${fault}`);
    expect(end.code, end.stdout + end.stderr).toBe(0);
  }

  beforeAll(async () => {
    mkdirSync(join(folder, 'user'));
    cpSync(service, repository, { recursive: true });
    const file = join(repository, 'sluice.yaml');
    // Straight to production: staging finds no more than the tests do.
    const text = readFileSync(file, 'utf8')
      .replaceAll(/\b181(\d\d)\b/g, `${PORTS}$1`)
      .replace(/^ {4}promotion: .*\n/m, '')
      .replace('weights: [10, 50, 100]', 'weights: [25, 50, 100]');
    writeFileSync(file, text);
    makeRepository(repository);
    await build('none');
    const end = await sluice('deploy', 'production');
    expect(end.code, end.stdout + end.stderr).toBe(0);
    const args = [join(repository, 'load.ts'), ADDRESS, '--rate', `${REQUESTS_PER_SECOND}`];
    users = spawn(process.execPath, [...args, '--seconds', '600', '--progress', progress], {
      stdio: 'ignore',
    });
  }, 120_000);

  afterAll(async () => {
    if (users !== null && users.exitCode === null) {
      const gone = once(users, 'exit');
      users.kill('SIGKILL');
      await gone;
    }
    killProcessesOf(folder);
    rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
  });

  it.each(BUILDS)(
    'that suffers from %s is taken back',
    { timeout: 180_000 },
    async (fault, trigger, why, failures) => {
      const before = { serving: await serving(), failed: failed() };
      await build(fault);
      const end = await sluice('deploy', 'production', '--json');
      const told = JSON.parse(end.stdout);
      expect(told, end.stderr).toMatchObject({
        outcome: 'rolled-back',
        candidatePercent: 0,
        data: 'unchanged',
      });
      expect(end.code).toBe(1);
      expect(told.rollback.trigger).toMatch(trigger);
      expect(told.sentence).toMatch(why);
      expect(await serving()).toEqual(before.serving);
      const [begun, routed] = ['it goes back', 'all traffic goes to the stable'].map(
        (text) => told.story.find((entry: { text: string }) => entry.text.startsWith(text)).atMs as number,
      );
      expect(routed! - begun!).toBeLessThan(30_000);
      expect(failed() - before.failed).toBeLessThanOrEqual(failures);
    },
  );
});
