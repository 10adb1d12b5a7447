import { expect, it } from 'vitest';
import { startServer } from '../../src/server.ts';

it('answers on its port, and no longer after it was stopped', async () => {
  const messages: string[] = [];
  const server = await startServer({
    port: 0,
    version: '1',
    commit: 'c',
    log: (message) => messages.push(message),
  });
  const url = `http://127.0.0.1:${server.port}/health/live`;
  expect((await fetch(url)).status).toBe(200);
  await server.stop();
  await server.stop();
  await expect(fetch(url)).rejects.toThrow();
  expect(messages).toEqual(['started', 'request', 'stopped']);
});
