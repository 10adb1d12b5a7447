import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Haproxy, haproxyIn } from '../../../../test/support/haproxy.ts';
import { needs } from '../../../../test/support/require.ts';
import { backendNamed } from '../../../../test/support/router-backend.ts';
import { which } from '../../../machine/program.ts';
import type { Backend, RequestLine, Traffic } from '../contract.ts';
import { openHaproxyRouter } from './haproxy-router.ts';

describe('what HAProxy can do by its configuration', () => {
  let folder: string;
  let haproxy: Haproxy;
  let one: Backend & { close(): void };
  let two: Backend & { close(): void };

  beforeEach(async (context) => {
    needs(context, 'HAProxy', (await which('haproxy')) !== null, 'apt-get install haproxy');
    folder = mkdtempSync(join(tmpdir(), 'sluice-haproxy-'));
    [one, two] = await Promise.all([backendNamed('one'), backendNamed('two')]);
    haproxy = await haproxyIn(folder);
  });
  afterEach(async () => {
    await haproxy?.stop();
    one?.close();
    two?.close();
    if (folder) rmSync(folder, { recursive: true, force: true });
  });

  const traffic = (weight: number, more: Partial<Traffic> = {}): Traffic => ({
    versions: [
      { version: 'two', weightPercent: weight, backends: [two], standby: false },
      { version: 'one', weightPercent: 100 - weight, backends: [one], standby: true },
    ],
    rules: [],
    stickiness: null,
    thresholdsMs: [],
    ...more,
  });
  const plain = ({ host, port }: Backend) => ({ host, port });
  const given = (weight: number, more: Partial<Traffic> = {}): Traffic => {
    const { versions, ...rest } = traffic(weight, more);
    return { ...rest, versions: versions.map((each) => ({ ...each, backends: each.backends.map(plain) })) };
  };
  const ask = async (path = '/', headers: Readonly<Record<string, string>> = {}) => {
    const answer = await fetch(`http://${haproxy.listen.host}:${haproxy.listen.port}${path}`, { headers });
    return { text: await answer.text(), cookie: answer.headers.get('set-cookie') };
  };

  it('keeps a visitor on its version by a cookie, and moves only those that it has to', async () => {
    const router = openHaproxyRouter(haproxy.options);
    const stickiness = { by: 'cookie', name: 'visitor' } as const;
    expect((await router.setWeights({ token: 1, order: 1 }, given(30, { stickiness }))).outcome).toBe('done');
    const visitors = await Promise.all(Array.from({ length: 60 }, () => ask()));
    const cookies = visitors.map(({ text, cookie }) => ({
      text,
      cookie: /^visitor=\d+/.exec(cookie ?? '')![0],
    }));
    expect(new Set(cookies.map(({ text }) => text)).size).toBe(2);
    for (const { text, cookie } of cookies) {
      expect(await ask('/', { cookie })).toEqual({ text, cookie: null });
    }
    await router.setWeights({ token: 1, order: 2 }, given(60, { stickiness }));
    for (const { text, cookie } of cookies.filter((each) => each.text === 'two'))
      expect((await ask('/', { cookie })).text).toBe(text);
  });

  it('refuses in a sentence what it cannot', async () => {
    const router = openHaproxyRouter(haproxy.options);
    const fence = { token: 1, order: 1 };
    const rule = (kind: 'header' | 'cookie', name: string, value = 'b', version = 'two') => ({
      kind,
      name,
      value,
      version,
    });
    const [version] = given(100).versions;
    const many = Array.from({ length: 17 }, (_, at) => ({ host: '127.0.0.1', port: 1000 + at }));
    for (const [asked, sentence] of [
      [given(0, { rules: [rule('header', 'X-Other')] }), 'has no map header.x-other.map; add the lines'],
      [given(0, { rules: [rule('header', 'X-Group', 'a b')] }), 'without spaces'],
      [
        given(0, { rules: [rule('header', 'X-Group'), rule('cookie', 'beta', 'x', 'one')] }),
        'lead to different versions',
      ],
      [given(5, { stickiness: { by: 'cookie', name: 'other' } }), 'has no map stay.cookie.other.map'],
      [given(0.05), 'HAProxy cannot keep 0.05 %'],
      [{ ...given(100), versions: [{ ...version!, backends: many }] }, 'raise the number behind'],
    ] as const) {
      const reply = await router.setWeights(fence, asked);
      expect(reply).toMatchObject({ outcome: 'refused', cause: 'invalid' });
      expect(reply.outcome === 'refused' && reply.reason).toContain(sentence);
    }
    expect(await router.state()).toMatchObject({ traffic: null, fence: null });
  });

  it('says what its configuration lacks', async () => {
    expect(await openHaproxyRouter(haproxy.options).missing()).toEqual([]);
    const other = openHaproxyRouter({ ...haproxy.options, backend: 'other' });
    expect(await other.missing()).toEqual([
      expect.stringContaining('HAProxy has no backend other; add the lines'),
    ]);
    expect(await other.setWeights({ token: 1, order: 1 }, given(5))).toMatchObject({ outcome: 'refused' });
    const [silent] = await openHaproxyRouter({ ...haproxy.options, socket: join(folder, 'none') }).missing();
    expect(silent).toContain('HAProxy does not run');
  });

  it('hands on single requests', async () => {
    const router = openHaproxyRouter(haproxy.options);
    await router.setWeights({ token: 1, order: 1 }, given(100));
    const lines: RequestLine[] = [];
    const leave = await router.follow!((line) => lines.push(line));
    // Until the stream has begun.
    await expect.poll(() => ask('/bad?x=1').then(() => lines.length), { timeout: 10_000 }).toBeGreaterThan(0);
    leave();
    expect(lines[0]).toMatchObject({ version: 'two', method: 'GET', path: '/bad?x=1', status: 500, lost: 0 });
    expect(lines[0]!.latencyMs).toBeLessThan(5000);
  });

  it('gets back what it forgot', async () => {
    const router = openHaproxyRouter(haproxy.options);
    await router.setWeights({ token: 1, order: 1 }, given(100));
    const state = join(folder, 'haproxy/shop/servers.state');
    expect(readFileSync(state, 'utf8')).toContain(` ${two.port} `);
    writeFileSync(state, '1\n');
    await haproxy.restart();
    expect((await ask()).text).not.toBe('two');
    expect(await router.state()).toMatchObject({ traffic: given(100) });
    expect((await ask()).text).toBe('two');
  });

  it('is set by one at a time, and the newest fence wins', async () => {
    const routers = Array.from({ length: 6 }, () => openHaproxyRouter(haproxy.options));
    const orders = [3, 6, 1, 5, 2, 4];
    await Promise.all(
      routers.map((router, at) =>
        router.setWeights({ token: 1, order: orders[at]! }, given(orders[at]! * 10)),
      ),
    );
    expect(await routers[0]!.state()).toMatchObject({ fence: { order: 6 }, traffic: given(60) });
  });
});
