import { spawn, spawnSync } from 'node:child_process';
import { hash } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { generateX25519Identity, identityToRecipient } from 'age-encryption';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { productEnvironment } from '../support/product.ts';
import { git, makeRepository, writeFiles } from '../support/repository.ts';

/* `sluice secret` and the runs that use what it keeps, through the real program. */

const PROGRAM = fileURLToPath(new URL('../../bin/start.cjs', import.meta.url));
/** The exit code of a run in which a job could not be performed. */
const ERRORED = 3;
const VALUE = 'very-secret-token';

let folder: string;
let repository: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sluice-verb-'));
  repository = join(folder, 'repository');
  makeRepository(repository, {
    'sluice.yaml': [
      'name: kept',
      'jobs:',
      '  uses:',
      '    secrets: [TOKEN]',
      '    run: test "$(printf %s "$TOKEN" | sha256sum)" = "$(cat wanted)"',
      '  other:',
      '    run: test -z "$TOKEN"',
      '',
    ].join('\n'),
    wanted: '',
  });
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function sluice(words: string, input = '', environment: Readonly<Record<string, string>> = {}) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [PROGRAM, ...words.split(' ')], {
    cwd: repository,
    env: { ...productEnvironment(folder), ...environment },
    input,
    encoding: 'utf8',
  });
  const text = (stdout + stderr).replaceAll(/\s+(?:\w+ │ |│ )?/g, ' ');
  return { status, text };
}

/** What the program of that name prints for its standard input. */
function sha256sum(text: string): string {
  return `${hash('sha256', text, 'hex')}  -\n`;
}

/** How a run of the pipeline ends when the job expects this value. */
function run(expected: string, environment: Readonly<Record<string, string>> = {}, words = 'run --no-live') {
  writeFileSync(join(repository, 'wanted'), sha256sum(expected));
  return sluice(words, '', environment);
}

describe('sluice secret, and the run behind it', () => {
  it('keeps a value from a pipe, gives it to the job that asks, and rotates and removes it', () => {
    expect(run(VALUE)).toMatchObject({
      status: ERRORED,
      text: expect.stringContaining('sluice secret set TOKEN'),
    });
    expect(sluice('secret set TOKEN', `${VALUE}\n`).status).toBe(0);
    expect(run(VALUE).status).toBe(0);
    expect(sluice('secret rotate TOKEN', 'another-token-value').status).toBe(0);
    expect(run('another-token-value').status).toBe(0);
    expect(sluice('secret list').text).toMatch(/TOKEN this repository 2 /);
    expect(sluice('secret rotate --key').status).toBe(0);
    expect(run('another-token-value').status).toBe(0);
    expect(sluice('secret remove TOKEN').status).toBe(0);
    expect(run(VALUE).status).toBe(ERRORED);
  }, 60_000);

  it('takes what was given first, then the age file, then the store', async () => {
    const identity = await generateX25519Identity();
    writeFiles(repository, { '.sluice/recipients': `${await identityToRecipient(identity)}\n` });
    const environment = { SLUICE_AGE_IDENTITY: identity };
    sluice('secret set TOKEN', 'value-of-the-store');
    expect(run('value-of-the-store', environment).status).toBe(0);
    expect(sluice('secret set TOKEN --age', 'value-of-the-file').status).toBe(0);
    expect(run('value-of-the-file', environment).status).toBe(0);
    expect(run('value-of-the-shell', { ...environment, TOKEN: 'value-of-the-shell' }).status).toBe(0);
    const withoutIdentity = run('value-of-the-store');
    expect(withoutIdentity).toMatchObject({
      status: ERRORED,
      text: expect.stringContaining(
        '.sluice/secrets/TOKEN.age cannot be decrypted: there is no age identity in',
      ),
    });
  }, 60_000);

  it('reads the age file of exactly the commit that runs', async () => {
    const identity = await generateX25519Identity();
    writeFiles(repository, {
      '.sluice/recipients': `${await identityToRecipient(identity)}\n`,
      wanted: sha256sum('value-of-the-commit'),
    });
    sluice('secret set TOKEN --age', 'value-of-the-commit');
    git(repository, 'add', '--all');
    git(repository, 'commit', '--quiet', '--message=secret');
    sluice('secret set TOKEN --age', 'value-that-lies-there');
    const environment = { SLUICE_AGE_IDENTITY: identity };
    expect(sluice('run --no-live --commit HEAD', '', environment).status).toBe(0);
    expect(run('value-that-lies-there', environment).status).toBe(0);
  }, 60_000);

  it('without its key ends the job that asks, says why, and runs the others', () => {
    sluice('secret set TOKEN', VALUE);
    const key = join(folder, 'user', '.config', 'sluice', 'key');
    renameSync(key, `${key}.away`);
    const { status, text } = run(VALUE);
    expect(status).toBe(ERRORED);
    expect(text).toContain('secret TOKEN cannot be decrypted: there is no key in');
    expect(text).toContain('✓ succeeded');
    expect(sluice('secret set OTHER', VALUE).status).toBe(3);
    renameSync(`${key}.away`, key);
    expect(run(VALUE).status).toBe(0);
  }, 60_000);

  it('is for the environment and repository that it was set for alone', () => {
    sluice('secret set TOKEN --environment production', VALUE);
    expect(run(VALUE).status).toBe(ERRORED);
    git(repository, 'remote', 'add', 'origin', 'https://ci:pass-word-of-git@example.com/ada/here.git');
    sluice('secret set TOKEN', VALUE);
    expect(run(VALUE).status).toBe(0);
    expect(sluice('secret list --json').text).toContain('example.com/ada/here');
    expect(sluice('secret list --json').text).not.toContain('pass-word-of-git');
    git(repository, 'remote', 'set-url', 'origin', 'https://example.com/ada/other.git');
    expect(run(VALUE).status).toBe(ERRORED);
    sluice('secret set TOKEN --shared', VALUE);
    expect(run(VALUE).status).toBe(0);
  }, 60_000);

  it('refuses input that is no text, and values in arguments, without repeating them', () => {
    const binary = spawnSync(process.execPath, [PROGRAM, 'secret', 'set', 'TOKEN'], {
      cwd: repository,
      env: productEnvironment(folder),
      input: Buffer.from([0xff, 0xfe, 0xfd, 1, 2, 3, 4, 5, 6]),
      encoding: 'utf8',
    });
    expect(binary.stderr).toContain('is no UTF-8 text');
    const argument = sluice(`secret set TOKEN ${VALUE}`);
    expect(argument).toMatchObject({
      status: 2,
      text: expect.stringContaining('a value is never an argument'),
    });
    expect(argument.text).not.toContain(VALUE);
    expect(sluice('secret set SHORT', 'abc').text).toContain('fewer than 8 characters');
    expect(sluice('secret list').text).toContain('no secrets');
  }, 60_000);

  it('asks in a terminal, and shows nothing of what is typed', async () => {
    const command = `${process.execPath} ${PROGRAM} secret set TOKEN`;
    const terminal = spawn('script', ['-qec', command, '/dev/null'], {
      cwd: repository,
      env: { ...productEnvironment(folder), TERM: 'xterm' },
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    let seen = '';
    terminal.stdout.setEncoding('utf8').on('data', (text: string) => {
      // What is typed before the prompt would be shown by the terminal itself.
      if (!seen.includes('not shown') && (seen + text).includes('not shown'))
        terminal.stdin.write('very-secreX\u007ft-token\r');
      seen += text;
    });
    expect((await once(terminal, 'close'))[0]).toBe(0);
    expect(seen).toContain('secret TOKEN is set');
    expect(seen).not.toMatch(/secre[tX]-|-token/);
    expect(run(VALUE).status).toBe(0);
  }, 60_000);
});
