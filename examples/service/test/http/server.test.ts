import assert from 'node:assert/strict';
import { it } from 'node:test';
import { startServer } from '../../src/server.ts';

it('answers on its port, and no longer after it was stopped', async () => {
  const messages: string[] = [];
  const server = await startServer({
    port: 0,
    host: '127.0.0.1',
    version: '1',
    commit: 'c',
    fault: 'none',
    warmUpRequests: 2,
    log: (message) => messages.push(message),
  });
  const url = `http://127.0.0.1:${server.port}/health/live`;
  assert.equal((await fetch(url)).status, 200);
  assert.equal((await fetch(`${url.slice(0, -4)}ready`)).status, 200);
  await server.stop();
  await server.stop();
  await assert.rejects(fetch(url));
  assert.deepEqual(messages, ['request', 'request', 'started', 'request', 'request', 'stopped']);
});
