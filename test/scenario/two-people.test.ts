import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { killProcessesOf } from '../support/processes.ts';
import { productEnvironment } from '../support/product.ts';
import { makeRepository } from '../support/repository.ts';
import { needs } from '../support/require.ts';

const PROGRAM = fileURLToPath(new URL('../../bin/start.cjs', import.meta.url));
/** Accounts and a group that every Debian has. */
const [ALICE, BOB, GROUP] = ['daemon', 'games', 'users'] as const;
const PIPELINE = `
name: pay
stages:
  - name: release
    approval: {approvers: [${BOB}], expires: 1h}
    jobs: {ship: {commands: [echo shipped]}}
`;

/** setpriv's arguments to be an account. */
const being = (account: string) => [`--reuid=${account}`, `--regid=${GROUP}`, '--clear-groups'];

describe('two accounts of a machine', () => {
  let folder: string | null = null;

  beforeEach((context) => {
    needs(context, 'root', process.getuid?.() === 0, 'run the tests as root: only root may be others');
    for (const account of [ALICE, BOB]) {
      // A checkout in somebody's private folder is nobody else's to start.
      if (!canStart(account)) context.skip(`the account ${account} cannot read ${PROGRAM}`);
    }
    folder = mkdtempSync(join(tmpdir(), 'sluice-people-'));
    makeRepository(join(folder, 'repository'), { 'sluice.yaml': PIPELINE });
    for (const name of ['home/store', 'user']) mkdirSync(join(folder, name), { recursive: true });
    chmodSync(folder, 0o755);
    execFileSync('chown', ['-R', `${ALICE}:${GROUP}`, folder]);
  });

  afterEach(() => {
    if (folder === null) return;
    killProcessesOf(folder);
    rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
    folder = null;
  });

  it('one starts, the other approves, and the run goes on with its owner', { timeout: 120_000 }, async () => {
    expect((await as(ALICE, 'run')).code).toBe(4);
    const own = await as(ALICE, 'approve');
    expect(own.said).toContain(`${ALICE} may not approve this`);
    expect((await as(BOB, 'show')).code).toBe(3);
    // As docs/approvals.md has it.
    const store = join(folder!, 'home/store');
    execFileSync('sh', ['-c', `chgrp -R ${GROUP} "$0" && chmod 2770 "$0" && chmod 660 "$0"/*`, store]);
    const given = await as(BOB, 'approve', '--comment', 'fine');
    expect(given.said).toContain('it counts once its owner goes on: sluice resume');
    expect(given.code).toBe(0);
    const resumed = await as(ALICE, 'resume');
    expect(resumed.said).toContain(`approved by ${BOB}: fine`);
    expect(resumed.code, resumed.said).toBe(0);
  });

  it('who started a run may reject what is asked of others', { timeout: 120_000 }, async () => {
    expect((await as(ALICE, 'run')).code).toBe(4);
    const rejected = await as(ALICE, 'reject', '--reason', 'wrong');
    expect(rejected.said).toContain(`rejected by ${ALICE}`);
    expect(rejected.code, rejected.said).toBe(1);
  });

  async function as(account: string, ...args: readonly string[]) {
    const child = spawn('setpriv', [...being(account), process.execPath, PROGRAM, ...args], {
      cwd: join(folder!, 'repository'),
      env: {
        ...productEnvironment(folder!),
        COLUMNS: '200',
        // Git asks whose repository it is.
        GIT_CONFIG_COUNT: '1',
        GIT_CONFIG_KEY_0: 'safe.directory',
        GIT_CONFIG_VALUE_0: '*',
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let said = '';
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding('utf8').on('data', (text: string) => {
        said += text;
      });
    const [code] = (await once(child, 'close')) as [number | null];
    return { code, said: said.replace(/\s+/g, ' ') };
  }
});

function canStart(account: string): boolean {
  try {
    execFileSync('setpriv', [...being(account), process.execPath, PROGRAM, '--version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}
