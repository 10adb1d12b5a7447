import { randomBytes } from 'node:crypto';
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { SecretScope, SecretStore } from './contract.ts';
import { openKeyRing } from './key.ts';
import { openSecretStore, secretStoreFile } from './secret-store.ts';

const ALL: SecretScope = { repository: null, environment: null };
const HERE: SecretScope = { repository: 'github.com/ada/here', environment: null };
const VALUE = 'Zk39-token-value';
const random = { bytes: (count: number) => randomBytes(count) };

let folder: string;
let nowMs: number;
const clock = { now: () => nowMs, monotonic: () => nowMs, after: () => () => {} };
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sluice-secret-'));
  nowMs = 1000;
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const keyFile = (): string => join(folder, 'config', 'sluice', 'key');
const directory = (): string => join(folder, 'data', 'secrets');
const store = (environment: Readonly<Record<string, string>> = {}): SecretStore =>
  openSecretStore({
    directory: directory(),
    keys: openKeyRing({
      environment,
      configDirectory: join(folder, 'config'),
      dataDirectory: join(folder, 'data'),
      random,
    }),
    clock,
    random,
  });
const newKey = (): string => randomBytes(32).toString('base64');

describe('openSecretStore', () => {
  it('gives back what was written, also to another process', async () => {
    expect(await store().write('TOKEN', HERE, VALUE, 'set')).toBe(1);
    expect(await store().read('TOKEN', HERE)).toBe(VALUE);
  });

  it('makes nothing on the disk by reading', async () => {
    expect(await store().read('TOKEN', HERE)).toBeNull();
    expect(await store().list()).toEqual([]);
    expect(await store().remove('TOKEN', HERE)).toBe(false);
    expect(readdirSync(folder)).toEqual([]);
  });

  it('keeps any text from a pipe exactly', async () => {
    const text = fc.string({ unit: 'grapheme', minLength: 10, maxLength: 200 });
    await fc.assert(
      fc.asyncProperty(text, async (some) => {
        const value = `${some.replaceAll('\0', '')}-Ab1xyz-é\r\n\u{1f511}`;
        await store().write('TOKEN', HERE, value, 'set');
        expect(await store().read('TOKEN', HERE)).toBe(value);
      }),
      { numRuns: 30 },
    );
  });

  it('holds no value in any file, also not of what was replaced or removed', async () => {
    for (let index = 0; index < 20; index++)
      await store().write(`S${index}`, HERE, `${VALUE}-${index}`, 'set');
    await store().write('S0', HERE, `${VALUE}-new`, 'rotate');
    await store().remove('S1', HERE);
    for (const file of readdirSync(folder, { recursive: true, encoding: 'utf8' })) {
      if (!statSync(join(folder, file)).isFile()) continue;
      expect(readFileSync(join(folder, file)).includes('Zk39-token')).toBe(false);
    }
  });

  it('makes store and key for this user alone, and in different folders', async () => {
    await store().write('TOKEN', HERE, VALUE, 'set');
    expect(statSync(secretStoreFile(directory())).mode & 0o777).toBe(0o600);
    expect(statSync(keyFile()).mode & 0o777).toBe(0o600);
  });

  it.each([
    [['repository+environment', 'environment', 'repository', 'all'], 'repository+environment'],
    [['environment', 'repository', 'all'], 'environment'],
    [['repository', 'all'], 'repository'],
    [['all'], 'all'],
  ])('finds the narrowest scope of %j', async (there, expected) => {
    const scopes: Readonly<Record<string, SecretScope>> = {
      'repository+environment': { ...HERE, environment: 'production' },
      environment: { ...ALL, environment: 'production' },
      repository: HERE,
      all: ALL,
    };
    for (const name of there) await store().write('TOKEN', scopes[name]!, `value of ${name}`, 'set');
    const asked = { ...HERE, environment: 'production' };
    expect(await store().read('TOKEN', asked)).toBe(`value of ${expected}`);
  });

  it('gives nothing to another repository, another environment, or a job without environment', async () => {
    await store().write('TOKEN', { ...HERE, environment: 'production' }, VALUE, 'set');
    expect(await store().read('TOKEN', { ...HERE, environment: 'staging' })).toBeNull();
    expect(await store().read('TOKEN', HERE)).toBeNull();
    expect(await store().read('TOKEN', { repository: 'other', environment: 'production' })).toBeNull();
  });

  it('counts versions and tells when, without a key', async () => {
    await store().write('TOKEN', HERE, VALUE, 'set');
    nowMs = 5000;
    expect(await store().write('TOKEN', HERE, `${VALUE}2`, 'rotate')).toBe(2);
    rmSync(keyFile());
    expect(await store().list()).toEqual([
      { name: 'TOKEN', ...HERE, from: 'store', version: 2, createdAtMs: 1000, changedAtMs: 5000 },
    ]);
    expect(await store().remove('TOKEN', HERE)).toBe(true);
    expect(await store().list()).toEqual([]);
  });

  it('rotates only what is there, and to a new value', async () => {
    await expect(store().write('TOKEN', HERE, VALUE, 'rotate')).rejects.toThrow('there is no secret TOKEN');
    await store().write('TOKEN', HERE, VALUE, 'set');
    await expect(store().write('TOKEN', HERE, VALUE, 'rotate')).rejects.toThrow('has this value already');
  });

  it.each([
    ['', 'is empty'],
    ['abc', 'fewer than 8 characters'],
    ['true', 'the word "true"'],
    ['password', 'a common word'],
    ['a\0bcdefghijk', 'a NUL byte'],
    ['x1'.repeat(600_000), 'larger than 1 MiB'],
  ])('refuses a value that no job could use (%#)', async (value, message) => {
    await expect(store().write('TOKEN', HERE, value, 'set')).rejects.toThrow(message);
    expect(readdirSync(folder)).toEqual([]);
  });

  it.each([
    'PATH',
    'LD_PRELOAD',
    'NODE_OPTIONS',
    'BASH_ENV',
    '1A',
    'A=B',
    'A\0',
    '',
    'a-b',
    '../x',
    'x'.repeat(129),
  ])('refuses the name %j', async (name) => {
    await expect(store().write(name, HERE, VALUE, 'set')).rejects.toThrow();
  });

  it('does not repeat what may be a value behind the name', async () => {
    const refused = store().write(`TOKEN=${VALUE}`, HERE, VALUE, 'set');
    await expect(refused).rejects.not.toThrow(VALUE);
  });

  it.each(['name', 'repository', 'environment', 'version'])(
    'finds a record moved to another %s',
    async (column) => {
      await store().write('TOKEN', HERE, VALUE, 'set');
      const database = new DatabaseSync(secretStoreFile(directory()));
      const value = column === 'version' ? '7' : "'other'";
      database.exec(`UPDATE secret SET ${column} = ${value}`);
      database.close();
      const name = column === 'name' ? 'other' : 'TOKEN';
      const scope = {
        repository: column === 'repository' ? 'other' : HERE.repository,
        environment: column === 'environment' ? 'other' : null,
      };
      await expect(store().read(name, scope)).rejects.toThrow('its record was changed');
    },
  );

  it('finds each changed byte of a record', async () => {
    await store().write('TOKEN', HERE, VALUE, 'set');
    const database = new DatabaseSync(secretStoreFile(directory()));
    const { sealed } = database.prepare('SELECT sealed FROM secret').get() as { sealed: Uint8Array };
    const change = database.prepare('UPDATE secret SET sealed = ?');
    for (let at = 0; at < sealed.length; at++) {
      const changed = sealed.slice();
      changed[at]! ^= 1;
      change.run(changed);
      await expect(store().read('TOKEN', HERE)).rejects.toThrow('its record was changed');
    }
    change.run(sealed.subarray(0, 20));
    await expect(store().read('TOKEN', HERE)).rejects.toThrow('its record was changed');
    database.close();
  });

  it('says what a damaged store is', async () => {
    mkdirSync(directory(), { recursive: true });
    writeFileSync(
      secretStoreFile(directory()),
      'no database at all, but long enough to be looked at'.repeat(20),
    );
    await expect(store().read('TOKEN', HERE)).rejects.toThrow('is damaged');
    await expect(store().list()).rejects.toThrow('is damaged');
  });
});

describe('the key of secrets', () => {
  it('is never replaced silently when it is gone', async () => {
    await store().write('TOKEN', HERE, VALUE, 'set');
    rmSync(keyFile());
    await expect(store().read('TOKEN', HERE)).rejects.toThrow('there is no key in');
    await expect(store().write('OTHER', HERE, VALUE, 'set')).rejects.toThrow('there is no key in');
    await expect(store().rotateKey()).rejects.toThrow('there is no key in');
    expect(readdirSync(join(folder, 'config', 'sluice'))).toEqual([]);
  });

  it('is told apart from another one', async () => {
    await store().write('TOKEN', HERE, VALUE, 'set');
    await expect(store({ SLUICE_SECRET_KEY: newKey() }).read('TOKEN', HERE)).rejects.toThrow(
      'SLUICE_SECRET_KEY does not hold its key',
    );
  });

  it('may be where SLUICE_SECRET_KEY_FILE says', async () => {
    const environment = { SLUICE_SECRET_KEY_FILE: join(folder, 'mount', 'key') };
    await store(environment).write('TOKEN', HERE, VALUE, 'set');
    expect(await store(environment).read('TOKEN', HERE)).toBe(VALUE);
    expect(readdirSync(folder).sort()).toEqual(['data', 'mount']);
  });

  it('may not lie in the data folder', async () => {
    const inside = store({ SLUICE_SECRET_KEY_FILE: join(folder, 'data', 'key') });
    await expect(inside.write('TOKEN', HERE, VALUE, 'set')).rejects.toThrow('lies in the data folder');
  });

  it('is refused when others can read it', async () => {
    await store().write('TOKEN', HERE, VALUE, 'set');
    chmodSync(keyFile(), 0o644);
    await expect(store().read('TOKEN', HERE)).rejects.toThrow('open to other users (mode 644)');
  });

  it('is refused when it is no key, and not repeated', async () => {
    await expect(store({ SLUICE_SECRET_KEY: VALUE }).write('TOKEN', HERE, VALUE, 'set')).rejects.toThrow(
      'holds no base64 of 32 bytes',
    );
    await store().write('TOKEN', HERE, VALUE, 'set');
    writeFileSync(keyFile(), 'what is this, a key for ants and other very small animals?\n');
    await expect(store().read('TOKEN', HERE)).rejects.toThrow('line 1 of the key file');
  });

  it('goes on behind a line that a killed process began', async () => {
    await store().write('TOKEN', HERE, VALUE, 'set');
    writeFileSync(keyFile(), `${readFileSync(keyFile(), 'utf8')}\nsluice-key-1 abc`, { mode: 0o600 });
    expect(await store().read('TOKEN', HERE)).toBe(VALUE);
    expect(await store().rotateKey()).toBe(1);
    expect(await store().read('TOKEN', HERE)).toBe(VALUE);
  });

  it('rotates: everything is encrypted with a new one, and the old one opens nothing', async () => {
    for (const name of ['A', 'B', 'C']) await store().write(name, HERE, `${VALUE}-${name}`, 'set');
    const old = readFileSync(keyFile(), 'utf8');
    expect(await store().rotateKey()).toBe(3);
    expect(await store().read('B', HERE)).toBe(`${VALUE}-B`);
    expect((await store().list()).map((one) => one.version)).toEqual([1, 1, 1]);
    writeFileSync(keyFile(), old);
    await expect(store().read('B', HERE)).rejects.toThrow('does not hold its key');
  });

  it('rotates from the environment to a key that was appended there', async () => {
    const [one, two] = [newKey(), newKey()];
    await store({ SLUICE_SECRET_KEY: one }).write('A', HERE, VALUE, 'set');
    await expect(store({ SLUICE_SECRET_KEY: one }).rotateKey()).rejects.toThrow('cannot put another one');
    expect(await store({ SLUICE_SECRET_KEY: `${one},${two}` }).rotateKey()).toBe(1);
    expect(await store({ SLUICE_SECRET_KEY: two }).read('A', HERE)).toBe(VALUE);
  });

  it('is shared by two data folders, and the rotation of one leaves the other readable', async () => {
    const other = openSecretStore({
      directory: join(folder, 'other', 'secrets'),
      keys: openKeyRing({
        environment: {},
        configDirectory: join(folder, 'config'),
        dataDirectory: join(folder, 'other'),
        random,
      }),
      clock,
      random,
    });
    await store().write('A', HERE, VALUE, 'set');
    await other.write('A', HERE, `${VALUE}-other`, 'set');
    await store().rotateKey();
    expect(await other.read('A', HERE)).toBe(`${VALUE}-other`);
  });
});
