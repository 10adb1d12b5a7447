import { beforeEach, describe, expect, it } from 'vitest';
import { createApp } from '../../src/app.ts';

let ready = true;
let logged: string[] = [];
let app: ReturnType<typeof createApp>;

beforeEach(() => {
  ready = true;
  logged = [];
  app = createApp({
    version: '1.2.3',
    commit: 'abc',
    log: (message, fields) => logged.push(`${message} ${fields?.status}`),
    isReady: () => ready,
  });
});

function shorten(url: unknown): Promise<Response> | Response {
  return app.request('/links', { method: 'POST', body: JSON.stringify({ url }) });
}

describe('links', () => {
  it('shortens an address and leads back to it', async () => {
    const created = await shorten('https://example.org/long');
    expect(created.status).toBe(201);
    const { code } = await created.json();
    const visit = await app.request(`/${code}`);
    expect(visit.status).toBe(302);
    expect(visit.headers.get('location')).toBe('https://example.org/long');
    expect(await (await app.request(`/links/${code}`)).json()).toEqual({
      code,
      url: 'https://example.org/long',
      hits: 1,
    });
  });

  it('refuses what is no web address, and a body that is no JSON', async () => {
    expect((await shorten('javascript:alert(1)')).status).toBe(400);
    expect((await app.request('/links', { method: 'POST', body: '{' })).status).toBe(400);
  });

  it('answers 404 for an unknown code', async () => {
    const answer = await app.request('/unknown');
    expect(answer.status).toBe(404);
    expect(await answer.json()).toEqual({ error: 'there is no such link' });
  });
});

describe('health', () => {
  it('is live always and ready until it was asked to stop', async () => {
    expect((await app.request('/health/ready')).status).toBe(200);
    ready = false;
    expect((await app.request('/health/ready')).status).toBe(503);
    expect((await app.request('/health/live')).status).toBe(200);
  });

  it('tells its version and commit', async () => {
    expect(await (await app.request('/version')).json()).toEqual({ version: '1.2.3', commit: 'abc' });
  });

  it('logs each request with its status', async () => {
    await app.request('/version');
    expect(logged).toEqual(['request 200']);
  });
});
