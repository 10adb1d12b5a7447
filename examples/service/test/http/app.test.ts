import assert from 'node:assert/strict';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { createApp } from '../../src/app.ts';

let ready = true;
let logged: string[] = [];
let server: Server;

beforeEach(async () => {
  ready = true;
  logged = [];
  const app = createApp({
    version: '1.2.3',
    commit: 'abc',
    fault: 'none',
    log: (message, fields) => logged.push(`${message} ${fields?.status}`),
    isReady: () => ready,
  });
  server = createServer(app);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});

afterEach(() => {
  server.close();
  server.closeAllConnections();
});

function ask(path: string, init: RequestInit = {}): Promise<Response> {
  const { port } = server.address() as AddressInfo;
  return fetch(`http://127.0.0.1:${port}${path}`, { redirect: 'manual', ...init });
}

function shorten(url: unknown): Promise<Response> {
  return ask('/links', { method: 'POST', body: JSON.stringify({ url }) });
}

describe('links', () => {
  it('shortens an address and leads back to it', async () => {
    const created = await shorten('https://example.org/long');
    assert.equal(created.status, 201);
    const { code } = (await created.json()) as { code: string };
    const visit = await ask(`/${code}`);
    assert.equal(visit.status, 302);
    assert.equal(visit.headers.get('location'), 'https://example.org/long');
    assert.deepEqual(await (await ask(`/links/${code}`)).json(), {
      code,
      url: 'https://example.org/long',
      hits: 1,
    });
  });

  it('refuses what is no web address, and a body that is no JSON', async () => {
    assert.equal((await shorten('javascript:alert(1)')).status, 400);
    assert.equal((await ask('/links', { method: 'POST', body: '{' })).status, 400);
    assert.equal((await ask('/links', { method: 'POST', body: 'a'.repeat(20_000) })).status, 400);
  });

  it('answers 404 for an unknown code, and for what it does not do', async () => {
    const answer = await ask('/unknown');
    assert.equal(answer.status, 404);
    assert.deepEqual(await answer.json(), { error: 'there is no such link' });
    assert.equal((await ask('/links/unknown')).status, 404);
    assert.equal((await ask('/links', { method: 'DELETE' })).status, 404);
  });
});

describe('health', () => {
  it('is live always and ready until it was asked to stop', async () => {
    assert.equal((await ask('/health/ready')).status, 200);
    ready = false;
    assert.equal((await ask('/health/ready')).status, 503);
    assert.equal((await ask('/health/live')).status, 200);
    assert.equal((await ask('/health/other')).status, 404);
  });

  it('tells its version and commit', async () => {
    assert.deepEqual(await (await ask('/version')).json(), { version: '1.2.3', commit: 'abc' });
  });

  it('counts requests of users by their status, for Prometheus', async () => {
    await ask('/health/live');
    await ask('/links/9');
    assert.match(await (await ask('/metrics')).text(), /^#.*\nhttp_requests_total\{code="404",commit="abc"\} 1\n$/);
  });

  it('logs each request with its status', async () => {
    await ask('/version');
    assert.deepEqual(logged, ['request 200']);
  });
});
