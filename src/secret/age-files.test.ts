import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { armor, Decrypter, Encrypter, generateX25519Identity, identityToRecipient } from 'age-encryption';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { treeFiles } from '../machine/source-files.ts';
import { ageFiles, ageIdentities, readAgeFile } from './age-files.ts';

const VALUE = 'Zk39-token-value';
let root: string;
let identity: string;
beforeEach(async () => {
  root = mkdtempSync(join(tmpdir(), 'sluice-age-'));
  identity = await generateX25519Identity();
  mkdirSync(join(root, '.sluice'));
  await recipients(identity);
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

async function recipients(...identities: readonly string[]): Promise<void> {
  const lines = await Promise.all(identities.map(identityToRecipient));
  writeFileSync(join(root, '.sluice', 'recipients'), `# who may read\n${lines.join('\n')}\n`);
}

const files = () => ageFiles(root, 'github.com/ada/here');
const read = (name: string, environment: string | null = null, given: string | null = identity) =>
  readAgeFile(
    (path) => treeFiles(root).read(path),
    ageIdentities(given === null ? {} : { SLUICE_AGE_IDENTITY: given }, join(root, 'config')),
    name,
    environment,
  );

describe('age files of a repository', () => {
  it('give back what was written, and hold no value', async () => {
    expect(await files().write('TOKEN', null, `${VALUE}\nsecond line`, 'set')).toBe(
      '.sluice/secrets/TOKEN.age',
    );
    const text = readFileSync(join(root, '.sluice/secrets/TOKEN.age'), 'utf8');
    expect(text).toMatch(/^-----BEGIN AGE ENCRYPTED FILE-----\n/);
    expect(text).not.toContain('Zk39');
    expect(await read('TOKEN')).toBe(`${VALUE}\nsecond line`);
    expect(readdirSync(join(root, '.sluice', 'secrets'))).toEqual(['TOKEN.age']);
  });

  it('are those of age itself: each recipient opens them, and binary ones are read', async () => {
    const other = await generateX25519Identity();
    await recipients(identity, other);
    await files().write('TOKEN', null, VALUE, 'set');
    const decrypter = new Decrypter();
    decrypter.addIdentity(other);
    const written = armor.decode(readFileSync(join(root, '.sluice/secrets/TOKEN.age'), 'utf8'));
    expect(await decrypter.decrypt(written, 'text')).toBe(VALUE);
    const encrypter = new Encrypter();
    encrypter.addRecipient(await identityToRecipient(identity));
    writeFileSync(join(root, '.sluice/secrets/BINARY.age'), await encrypter.encrypt('binary value'));
    expect(await read('BINARY')).toBe('binary value');
  });

  it('of an environment go before that of all, and are for it alone', async () => {
    await files().write('TOKEN', null, VALUE, 'set');
    await files().write('TOKEN', 'production', `${VALUE}-production`, 'set');
    expect(await read('TOKEN', 'production')).toBe(`${VALUE}-production`);
    expect(await read('TOKEN', 'staging')).toBe(VALUE);
    expect(await read('TOKEN')).toBe(VALUE);
    expect((await files().list()).map((one) => [one.name, one.environment])).toEqual([
      ['TOKEN', null],
      ['TOKEN', 'production'],
    ]);
    expect(await files().remove('TOKEN', 'production')).toBe('.sluice/secrets/production/TOKEN.age');
    expect(await files().remove('TOKEN', 'production')).toBeNull();
  });

  it('are null where there is none', async () => {
    expect(await read('TOKEN')).toBeNull();
    expect(await files().list()).toEqual([]);
  });

  it.each([
    ['no identity', async () => null, 'there is no age identity in'],
    ['another identity', generateX25519Identity, 'no identity in SLUICE_AGE_IDENTITY opens it'],
    [
      'a broken identity',
      async () => 'AGE-SECRET-KEY-1ABCDEF',
      'identity 1 of SLUICE_AGE_IDENTITY is no age identity',
    ],
  ])('are an error with %s, which is not repeated', async (_title, make, message) => {
    await files().write('TOKEN', null, VALUE, 'set');
    const given = await make();
    const failure = await read('TOKEN', null, given).then(() => '', String);
    expect(failure).toContain(message);
    if (given !== null) expect(failure).not.toContain(given);
  });

  it('are an error when they were changed or cut', async () => {
    await files().write('TOKEN', null, VALUE, 'set');
    const path = join(root, '.sluice/secrets/TOKEN.age');
    const text = readFileSync(path, 'utf8');
    for (const bad of [
      '',
      text.slice(0, 60),
      text.replace(/\n(.)/, (_, one) => `\n${one === 'A' ? 'B' : 'A'}`),
    ]) {
      writeFileSync(path, bad);
      await expect(read('TOKEN')).rejects.toThrow('.sluice/secrets/TOKEN.age cannot be decrypted');
    }
  });

  it('are read from a private file of identities only', async () => {
    await files().write('TOKEN', null, VALUE, 'set');
    const file = join(root, 'identities');
    writeFileSync(file, `# created today\n${identity}\n`, { mode: 0o600 });
    expect(await read('TOKEN', null, file)).toBe(VALUE);
    writeFileSync(join(root, 'open'), identity, { mode: 0o644 });
    await expect(read('TOKEN', null, join(root, 'open'))).rejects.toThrow('open to other users (mode 644)');
  });

  it('need recipients', async () => {
    writeFileSync(join(root, '.sluice', 'recipients'), '# nobody\n');
    await expect(files().write('TOKEN', null, VALUE, 'set')).rejects.toThrow('names nobody');
    writeFileSync(join(root, '.sluice', 'recipients'), 'age1nonsense\n');
    await expect(files().write('TOKEN', null, VALUE, 'set')).rejects.toThrow(
      '"age1nonsense" is no age recipient',
    );
    expect(readdirSync(join(root, '.sluice'))).toEqual(['recipients']);
  });

  it.each(['..', 'a/b', '', '-x'])('refuse the environment %j', async (environment) => {
    await expect(files().write('TOKEN', environment, VALUE, 'set')).rejects.toThrow(
      'no name of an environment',
    );
  });

  it('rotate only what is there', async () => {
    await expect(files().write('TOKEN', null, VALUE, 'rotate')).rejects.toThrow(
      'there is no .sluice/secrets/TOKEN.age',
    );
  });
});
