import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Nginx, nginxIn } from '../../../../test/support/nginx.ts';
import { needs } from '../../../../test/support/require.ts';
import { backendNamed } from '../../../../test/support/router-backend.ts';
import { which } from '../../../machine/program.ts';
import type { Backend, RequestLine, Traffic } from '../contract.ts';
import { openNginxRouter } from './nginx-router.ts';

describe('what nginx can do', () => {
  let folder: string;
  let nginx: Nginx;
  let one: Backend & { close(): void };
  let two: Backend & { close(): void };

  beforeEach(async (context) => {
    needs(context, 'nginx', (await which('nginx')) !== null, 'apt-get install nginx-light');
    folder = mkdtempSync(join(tmpdir(), 'sluice-nginx-'));
    [one, two] = await Promise.all([backendNamed('one'), backendNamed('two')]);
    nginx = await nginxIn(folder);
  });
  afterEach(async () => {
    await nginx?.stop();
    one?.close();
    two?.close();
    if (folder) rmSync(folder, { recursive: true, force: true });
  });

  const plain = ({ host, port }: Backend) => ({ host, port });
  const traffic = (weight: number, more: Partial<Traffic> = {}): Traffic => ({
    versions: [
      { version: 'two', weightPercent: weight, backends: [plain(two)], standby: false },
      { version: 'one', weightPercent: 100 - weight, backends: [plain(one)], standby: true },
    ],
    rules: [],
    stickiness: null,
    thresholdsMs: [],
    ...more,
  });
  const ask = async (path = '/', headers: Readonly<Record<string, string>> = {}) => {
    const url = `http://${nginx.listen.host}:${nginx.listen.port}${path}`;
    const answer = await fetch(url, { headers: { connection: 'close', ...headers } });
    return { text: await answer.text(), cookie: answer.headers.get('set-cookie') };
  };

  it('keeps a visitor on its version by a cookie, and moves only those that it has to', async () => {
    const router = openNginxRouter(nginx.options);
    const stickiness = { by: 'cookie', name: 'visitor' } as const;
    expect((await router.setWeights({ token: 1, order: 1 }, traffic(30, { stickiness }))).outcome).toBe(
      'done',
    );
    const visitors = await Promise.all(Array.from({ length: 60 }, () => ask()));
    const cookies = visitors.map(({ text, cookie }) => ({
      text,
      cookie: /^visitor=\w+/.exec(cookie ?? '')![0],
    }));
    expect(new Set(cookies.map(({ text }) => text)).size).toBe(2);
    for (const { text, cookie } of cookies) {
      expect(await ask('/', { cookie })).toEqual({ text, cookie: null });
    }
    await router.setWeights({ token: 1, order: 2 }, traffic(60, { stickiness }));
    for (const { text, cookie } of cookies.filter((each) => each.text === 'two'))
      expect((await ask('/', { cookie })).text).toBe(text);
  });

  it('takes rules with values of any signs', async () => {
    const router = openNginxRouter(nginx.options);
    const rules = [
      { kind: 'cookie', name: 'beta', value: 'Yes', version: 'two' },
      { kind: 'header', name: 'X-Group', value: 'a"b $c {d}; \\e', version: 'two' },
    ] as const;
    expect((await router.setWeights({ token: 1, order: 1 }, traffic(0, { rules }))).outcome).toBe('done');
    expect((await ask('/', { 'x-group': 'a"b $c {d}; \\e' })).text).toBe('two');
    expect((await ask('/', { cookie: 'beta=Yes' })).text).toBe('two');
    expect((await ask('/', { cookie: 'beta=yes' })).text).toBe('one');
    expect((await ask()).text).toBe('one');
  });

  it('keeps the last weights when nginx does not take its configuration', async () => {
    const router = openNginxRouter(nginx.options);
    await router.setWeights({ token: 1, order: 1 }, traffic(0));
    const main = join(folder, 'nginx/nginx.conf');
    const good = readFileSync(main, 'utf8');
    appendFileSync(main, 'nonsense;\n');
    const reply = await router.setWeights({ token: 1, order: 2 }, traffic(100));
    expect(reply).toMatchObject({ outcome: 'refused', cause: 'invalid' });
    expect(reply.outcome === 'refused' && reply.reason).toContain('unknown directive "nonsense"');
    writeFileSync(main, good);
    expect(await router.state()).toMatchObject({ traffic: traffic(0), fence: { order: 1 } });
    await nginx.restart();
    expect((await ask()).text).toBe('one');
  });

  it('says what its configuration lacks', async () => {
    expect(await openNginxRouter(nginx.options).missing()).toEqual([]);
    const config = join(folder, 'elsewhere.conf');
    expect(await openNginxRouter({ ...nginx.options, config }).missing()).toEqual([
      expect.stringContaining(`nginx does not read ${config}; add`),
    ]);
    const [first, second] = await openNginxRouter({ ...nginx.options, upstream: 'api' }).missing();
    expect(first).toContain('add `proxy_pass http://$sluice_api;`');
    expect(second).toContain('add `access_log /var/log/nginx/api.log sluice_api;`');
  });

  it('hands on single requests', async () => {
    const router = openNginxRouter(nginx.options);
    await router.setWeights({ token: 1, order: 1 }, traffic(100));
    const lines: RequestLine[] = [];
    const leave = await router.follow!((line) => lines.push(line));
    await ask('/bad?x=1');
    await expect.poll(() => lines.length).toBe(1);
    leave();
    expect(lines[0]).toMatchObject({ version: 'two', method: 'GET', path: '/bad?x=1', status: 500, lost: 0 });
  });

  it('begins anew with a log that was rotated', async () => {
    const router = openNginxRouter(nginx.options);
    await router.setWeights({ token: 1, order: 1 }, traffic(100));
    const requests = async () => {
      const counts = await router.observe();
      return counts.outcome === 'known' ? [counts.epoch, counts.versions.two?.requests] : [];
    };
    await ask();
    await ask();
    await expect.poll(async () => (await requests())[1]).toBe(2);
    const [epoch] = await requests();
    rmSync(join(folder, 'nginx/shop.sluice.log'));
    await nginx.restart();
    await ask();
    await expect.poll(async () => (await requests())[1]).toBe(1);
    expect((await requests())[0]).not.toBe(epoch);
  });
});
