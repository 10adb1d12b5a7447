import { execFileSync } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';

import { needs } from '../../../test/support/require.ts';
import { makeKey, missingForSsh } from '../../../test/support/sshd.ts';
import { readPrivateKey } from './private-key.ts';

const missing = missingForSsh();

describe('private key', () => {
  let folder: string;
  const read = (name: string) => readFileSync(join(folder, name), 'utf8');
  /** Whether ssh-keygen itself can use what we made of it. */
  const isUsable = (text: string) => {
    const options = { input: text, encoding: 'utf8' } as const;
    const script = 'umask 077; cat > "$0" && ssh-keygen -y -P "" -f "$0"';
    return execFileSync('sh', ['-c', script, join(folder, 'tried')], options).includes('ssh-');
  };

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'sluice-key-'));
    if (missing !== null) return;
    makeKey(join(folder, 'plain'));
    makeKey(join(folder, 'closed'), 'a passphrase');
  });
  afterAll(() => rmSync(folder, { recursive: true }));
  beforeEach((context) => needs(context, 'ssh-keygen', missing === null, missing ?? ''));

  it('is taken as it is', () => {
    expect(readPrivateKey(read('plain'))).toEqual({ text: read('plain') });
  });

  it('is mended: line ends of DOS, a byte order mark, no last line end', () => {
    const dos = `\ufeff${read('plain').replaceAll('\n', '\r\n').trimEnd()}`;
    const mended = readPrivateKey(dos);
    expect(mended).toEqual({ text: read('plain') });
    expect('text' in mended && isUsable(mended.text)).toBe(true);
  });

  it('is taken in the older formats', () => {
    for (const type of ['pkcs1', 'pkcs8'] as const) {
      const { privateKey } = generateKeyPairSync('rsa', {
        modulusLength: 2048,
        privateKeyEncoding: { type, format: 'pem' },
        publicKeyEncoding: { type: 'spki', format: 'pem' },
      });
      expect(readPrivateKey(privateKey)).toEqual({ text: privateKey });
      expect(isUsable(privateKey)).toBe(true);
    }
  });

  it('is refused with a passphrase, in each format', () => {
    const encoding = { format: 'pem', cipher: 'aes-256-cbc', passphrase: 'secret' } as const;
    const pem = (type: 'pkcs1' | 'pkcs8') =>
      generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export({ type, ...encoding }) as string;
    for (const text of [read('closed'), pem('pkcs1'), pem('pkcs8')])
      expect(readPrivateKey(text)).toMatchObject({ problem: expect.stringContaining('passphrase') });
  });

  it('is refused when it is something else', () => {
    const cases: [text: string, words: string][] = [
      [read('plain.pub'), 'public key'],
      ['PuTTY-User-Key-File-3: ssh-ed25519', 'PuTTY'],
      ['', 'no private key'],
      ['hunter2hunter2', 'no private key'],
      [read('plain').slice(0, 60), 'no private key'],
      [`-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n-----END OPENSSH PRIVATE KEY-----`, 'no private key'],
    ];
    for (const [text, words] of cases) {
      const problem = readPrivateKey(text);
      expect(problem).toMatchObject({ problem: expect.stringContaining(words) });
      if (text !== '') expect(JSON.stringify(problem)).not.toContain(text);
    }
  });
});
