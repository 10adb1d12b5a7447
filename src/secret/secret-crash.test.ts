import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openKeyRing } from './key.ts';
import { openSecretStore } from './secret-store.ts';

const VICTIM = fileURLToPath(new URL('../../test/support/secret-process.ts', import.meta.url));
const ALL = { repository: null, environment: null };
const ENDLESS = 1_000_000;

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sluice-secret-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const store = () =>
  openSecretStore({
    directory: join(folder, 'data', 'secrets'),
    keys: openKeyRing({
      environment: {},
      configDirectory: join(folder, 'config'),
      dataDirectory: join(folder, 'data'),
      random: { bytes: (count) => crypto.getRandomValues(new Uint8Array(count)) },
    }),
    clock: { now: () => 0, monotonic: () => 0, after: () => () => {} },
    random: { bytes: (count) => crypto.getRandomValues(new Uint8Array(count)) },
  });

/** Another process at work on the store. `seen`: the last number that it printed. */
function victim(what: 'set' | 'rotate', name: string, count: number) {
  const child: ChildProcess = spawn(process.execPath, [VICTIM, folder, what, name, String(count)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let printed = '';
  child.stdout!.setEncoding('utf8').on('data', (text: string) => {
    printed += text;
  });
  const closed = once(child, 'close');
  return {
    seen: () => Number(printed.trimEnd().split('\n').at(-1)) || 0,
    ended: closed,
    async kill() {
      child.kill('SIGKILL');
      await closed;
    },
    async until(round: number) {
      while (this.seen() < round) await once(child.stdout!, 'data');
    },
  };
}

describe('a store of secrets whose process is killed', () => {
  it('can read every value after any kill during rotations of the key', async () => {
    for (const name of ['A', 'B', 'C']) await store().write(name, ALL, `${name}-value-0`, 'set');
    for (let kill = 1; kill <= 6; kill++) {
      const process = victim('rotate', '-', ENDLESS);
      await process.until(kill);
      await process.kill();
      for (const name of ['A', 'B', 'C']) expect(await store().read(name, ALL)).toBe(`${name}-value-0`);
    }
    expect(readFileSync(join(folder, 'config', 'sluice', 'key'), 'utf8').split('\n').length).toBeGreaterThan(
      6,
    );
  }, 60_000);

  it('has the old value or the new one, and never loses what was acknowledged', async () => {
    for (let kill = 1; kill <= 6; kill++) {
      const process = victim('set', 'TOKEN', ENDLESS);
      await process.until(kill * 2);
      await process.kill();
      const round = Number((await store().read('TOKEN', ALL))!.split('-').at(-1));
      expect([process.seen(), process.seen() + 1]).toContain(round);
    }
  }, 60_000);
});

describe('a store of secrets of several processes', () => {
  it('loses no value, version or key while others write and rotate', async () => {
    const rounds = 12;
    const names = ['A', 'B'];
    const all = [...names.map((name) => victim('set', name, rounds)), victim('rotate', '-', rounds)];
    let isOver = false;
    const ended = Promise.all(all.map((one) => one.ended)).then(() => {
      isOver = true;
    });
    // A job that reads meanwhile gets a value, whatever key it was encrypted with a moment ago.
    while (!isOver) {
      for (const name of names)
        expect((await store().read(name, ALL)) ?? `${name}-value-0`).toMatch(
          new RegExp(`^${name}-value-\\d+$`),
        );
      await setImmediate();
    }
    await ended;
    for (const name of names) expect(await store().read(name, ALL)).toBe(`${name}-value-${rounds}`);
    expect((await store().list()).map((one) => one.version)).toEqual([rounds, rounds]);
  }, 60_000);
});
