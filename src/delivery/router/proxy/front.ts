import { Agent, createServer, type Server } from 'node:http';
import type { Socket } from 'node:net';
import { Exchange, refuse } from './exchange.ts';
import { findAmbiguity, plainAddress } from './headers.ts';
import { BACKEND_LIMITS, LIMITS } from './limits.ts';
import type { Serving } from './serving.ts';
import { isWebSocket, upgrade } from './upgrade.ts';

export interface Front {
  readonly server: Server;
  /** Takes no new connection, answers what is open, and cuts what is left after `deadlineMs`. */
  stop(deadlineMs: number): Promise<void>;
}

/** The side that clients see. It does not listen yet. */
export function openFront(serving: Serving): Front {
  const agent = new Agent({
    keepAlive: true,
    scheduling: 'lifo',
    maxFreeSockets: 256,
    timeout: BACKEND_LIMITS.idleConnectionMs,
  });
  const exchanges = new WeakMap<Socket, Exchange>();
  const addresses = new Map<string, number>();
  const sockets = new Set<Socket>();
  let isStopping = false;
  const server = createServer(
    {
      maxHeaderSize: LIMITS.headerBytesMax,
      headersTimeout: LIMITS.headersTimeoutMs,
      // A long upload is no slow client as long as bytes come; the idle limit is for those.
      requestTimeout: 0,
      keepAliveTimeout: LIMITS.keepAliveTimeoutMs,
      connectionsCheckingInterval: 2000,
      noDelay: true,
      insecureHTTPParser: false,
      shouldUpgradeCallback: isWebSocket,
    },
    (request, response) => {
      if (isStopping) response.shouldKeepAlive = false;
      const problem = findAmbiguity(request);
      if (problem !== null) {
        refuse(response, 400, problem);
        return;
      }
      exchanges.set(request.socket, new Exchange(serving, agent, request, response));
    },
  );
  server.maxConnections = LIMITS.connectionsMax;
  // Beyond Node's default of 2,000 headers are dropped in silence; their bytes are limited above.
  server.maxHeadersCount = 0;
  server.on('connection', (socket) => {
    const address = plainAddress(socket.remoteAddress);
    const count = (addresses.get(address) ?? 0) + 1;
    if (count > LIMITS.connectionsPerAddressMax) {
      socket.destroy();
      return;
    }
    addresses.set(address, count);
    sockets.add(socket);
    socket.on('close', () => {
      sockets.delete(socket);
      const left = addresses.get(address)! - 1;
      if (left === 0) addresses.delete(address);
      else addresses.set(address, left);
    });
  });
  server.setTimeout(LIMITS.idleTimeoutMs, (socket) => {
    // How long a backend may take is not the client's fault.
    if (exchanges.get(socket)?.isWaiting !== true) socket.destroy();
  });
  server.on('upgrade', (request, socket, head) => {
    (socket as Socket).setTimeout(0);
    upgrade(serving, request, socket, head);
  });
  return {
    server,
    async stop(deadlineMs) {
      isStopping = true;
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeIdleConnections();
      const timer = setTimeout(() => {
        for (const socket of sockets) socket.destroy();
      }, deadlineMs);
      await closed;
      clearTimeout(timer);
      agent.destroy();
    },
  };
}
