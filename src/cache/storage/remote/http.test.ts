import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { bytesContent, sha256, storageContract } from '../../../../test/contract/blob.contract.ts';
import { remoteRig } from '../../../../test/support/remote-rig.ts';
import { StorageServer } from '../../../../test/support/storage-server.ts';
import type { Clock } from '../../../base/port.ts';
import { machineClock } from '../../../machine/clock.ts';
import { machineRandom } from '../../../machine/random.ts';
import { StorageError } from '../../contract.ts';
import { httpService } from './http.ts';
import { openRemoteStorage } from './remote-storage.ts';

const owners = { self: 'test:1', alive: () => true };

describe('HTTP storage', () => {
  storageContract(async () => {
    const server = new StorageServer('token');
    const scratch = mkdtempSync(join(tmpdir(), 'sluice-scratch-'));
    const base = new URL(await server.start());
    const service = httpService({ base, token: 'token', clock: machineClock, random: machineRandom });
    return remoteRig(service, { clock: machineClock, owners, scratch }, async () => {
      await server.stop();
      rmSync(scratch, { recursive: true });
    });
  });
});

describe('HTTP storage and misfortune', () => {
  let server: StorageServer;
  let base: URL;
  let scratch: string;
  let waits: number[];

  beforeEach(async () => {
    server = new StorageServer('token');
    base = new URL(await server.start());
    scratch = mkdtempSync(join(tmpdir(), 'sluice-scratch-'));
    waits = [];
  });

  afterEach(async () => {
    await server.stop();
    rmSync(scratch, { recursive: true });
  });

  /** Waits between attempts pass at once; those of half a minute are what an answer may take, and are noted by `late`. */
  const clock = (late: (expire: () => void) => void = () => {}): Clock => ({
    ...machineClock,
    after(delayMs, callback) {
      if (delayMs >= 10_000) late(callback);
      else {
        waits.push(delayMs);
        setImmediate(callback);
      }
      return () => {};
    },
  });
  const open = (time = clock(), token = 'token') =>
    openRemoteStorage(httpService({ base, token, clock: time, random: machineRandom }), {
      clock: time,
      owners,
      scratch,
    });
  const failureOf = async (action: Promise<unknown>): Promise<StorageError> => {
    const error = await action.then(
      () => null,
      (reason: unknown) => reason,
    );
    expect(error).toBeInstanceOf(StorageError);
    return error as StorageError;
  };

  it('tries again when the server is busy, hangs up, or cuts an answer', async () => {
    const storage = open();
    server.misfortunes.push(503, 'hang up', 429);
    const { digest } = await storage.blobs.put(bytesContent('content'));
    expect(waits).toHaveLength(3);
    expect(waits[2]).toBeGreaterThan(waits[0]! * 1.1);
    server.misfortunes.push('cut', 'cut', 500);
    expect(await storage.blobs.read(digest)).toEqual(Buffer.from('content'));
  });

  it('gives up on a server that does not answer', async () => {
    const late: (() => void)[] = [];
    const storage = open(clock((expire) => late.push(expire)));
    server.misfortunes.push('never', 'never', 'never', 'never');
    const action = failureOf(storage.blobs.read(sha256('x')));
    const expired = setInterval(() => {
      if (server.requests.length >= late.length) for (const expire of late) expire();
    }, 5);
    const error = await action;
    clearInterval(expired);
    expect(error.code).toBe('unreachable');
    expect(error.message).toContain('it does not answer in time, 4 times');
  });

  it('names the storage, the cause and the way out, and no token', async () => {
    const storage = open();
    const cases: readonly (readonly [number, StorageError['code'], string])[] = [
      [401, 'denied', 'SLUICE_STORAGE_TOKEN'],
      [403, 'denied', 'SLUICE_STORAGE_TOKEN'],
      [302, 'setting', 'has moved'],
      [413, 'full', 'takes no more'],
      [507, 'full', 'takes no more'],
      [400, 'refused', 'status 400'],
    ];
    for (const [status, code, text] of cases) {
      server.misfortunes.push(status);
      const error = await failureOf(storage.references.write('a', {}));
      expect(error.code).toBe(code);
      expect(error.message).toContain(text);
      expect(error.message).toContain(`The storage ${base}`);
    }
    expect((await failureOf(open(clock(), 'other-secret').blobs.read(sha256('x')))).message).not.toContain(
      'other-secret',
    );
  });

  it('says so when nothing listens', async () => {
    await server.stop();
    const error = await failureOf(open().blobs.read(sha256('x')));
    expect(error.code).toBe('unreachable');
    expect(error.message).toContain('nothing listens there');
    server = new StorageServer('token');
    await server.start();
  });

  it('takes no list that is none, or that goes round', async () => {
    const storage = open();
    server.pageSize = 0;
    await storage.references.write('a', {});
    expect((await failureOf(storage.references.list(''))).message).toContain('does not answer with a list');
  });

  it('ignores names in a list that could lead elsewhere', async () => {
    server.objects.set('references/../../x', Buffer.from(''));
    server.objects.set('blobs/not-a-digest', Buffer.from(''));
    const storage = open();
    expect(await storage.references.list('')).toEqual([]);
    for await (const blob of storage.blobs.list()) expect.fail(`${blob.digest} was listed`);
  });

  it('leaves nothing in the scratch folder', async () => {
    const storage = open();
    const large = async function* () {
      for (let i = 0; i < 100; i++) yield Buffer.alloc(100_000, i);
    };
    server.misfortunes.push(404, 400);
    await failureOf(storage.blobs.put({ kind: 'stream', chunks: large() }));
    await storage.blobs.put({ kind: 'stream', chunks: large() });
    await storage.close();
    expect(readdirSync(scratch, { recursive: true })).toEqual(['partial']);
  });
});
