import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { serve } from '@hono/node-server';
import { createApp } from './app.ts';
import type { Log } from './log.ts';

export interface ServerOptions {
  readonly port: number;
  readonly version: string;
  readonly commit: string;
  readonly log: Log;
}

export interface RunningServer {
  readonly port: number;
  /** Says "not ready", lets running requests end, and closes the port. Safe to call twice. */
  stop(): Promise<void>;
}

/** Opens the port (0: a free one) and resolves when requests are answered. */
export function startServer(options: ServerOptions): Promise<RunningServer> {
  let stopping: Promise<void> | null = null;
  const app = createApp({ ...options, isReady: () => stopping === null });

  return new Promise((resolve, reject) => {
    const server = serve({ fetch: app.fetch, port: options.port }, ({ port }: AddressInfo) => {
      options.log('started', { port, version: options.version });
      resolve({
        port,
        stop: () => {
          stopping ??= close(server as Server).then(() => options.log('stopped'));
          return stopping;
        },
      });
    });
    server.on('error', reject);
  });
}

function close(server: Server): Promise<void> {
  return new Promise((resolve, reject) => {
    server.close((error) => (error ? reject(error) : resolve()));
    server.closeIdleConnections();
  });
}
