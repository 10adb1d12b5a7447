import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Backend } from '../../src/delivery/router/contract.ts';

/** A backend in this process that answers with its name, and with 500 below `/bad`. To be closed by the caller. */
export async function backendNamed(name: string): Promise<Backend & { close(): void }> {
  const server = createServer((request, response) => {
    response.statusCode = request.url?.startsWith('/bad') ? 500 : 200;
    response.end(name);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    host: '127.0.0.1',
    port: (server.address() as AddressInfo).port,
    close: () => {
      server.close();
      server.closeAllConnections();
    },
  };
}
