import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ensureProxy } from './launch.ts';
import { openProxyRouter } from './proxy-router.ts';

const program = fileURLToPath(new URL('../../../../test/contract/router-proxy-process.ts', import.meta.url));
const command = [process.execPath, program, 'serve'];
const anyPort = { host: '127.0.0.1', port: 0 };
let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sluice-launch-'));
});

afterEach(async () => {
  for (const name of ['one', 'two']) {
    const router = openProxyRouter(join(folder, name));
    await router.stop();
    await expect.poll(async () => (await router.state()).outcome).toBe('unknown');
  }
  rmSync(folder, { recursive: true });
});

describe('ensureProxy', () => {
  it('starts one proxy, however often it is asked', async () => {
    const home = join(folder, 'one');
    const first = await ensureProxy(home, anyPort, command);
    expect(first).toMatchObject({ outcome: 'known', traffic: null, fence: null });
    expect((await ensureProxy(home, anyPort, command)).listen).toEqual(first.listen);
    expect((await fetch(`http://127.0.0.1:${first.listen!.port}/`)).status).toBe(503);
    expect(statSync(home).mode & 0o777).toBe(0o700);
  });

  it('says why when the port is taken, and leaves who has it alone', async () => {
    const { listen } = await ensureProxy(join(folder, 'one'), anyPort, command);
    await expect(ensureProxy(join(folder, 'two'), listen!, command)).rejects.toThrow(
      /did not start: listen EADDRINUSE/,
    );
    expect((await openProxyRouter(join(folder, 'one')).state()).outcome).toBe('known');
  });
});
