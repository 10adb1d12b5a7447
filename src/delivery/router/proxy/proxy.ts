import { mkdirSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import process from 'node:process';
import type { Backend } from '../contract.ts';
import { openControl } from './control.ts';
import { openFront } from './front.ts';
import { Serving } from './serving.ts';
import { Steering } from './steering.ts';

const STOP_DEADLINE_MS = 30_000;

/** The control socket within a proxy's folder. */
export function controlPath(folder: string): string {
  return join(folder, 'control');
}

/**
 * Serves by the weights in `folder` until it is told to stop (SIGTERM, SIGINT or over its control socket), then resolves. SIGHUP reads the
 * weights again. Needs nobody: it begins with the weights that were set last, whoever else is dead. The port is the lock:
 * a second proxy of the same port rejects before it touches anything.
 */
export async function runProxy(folder: string, listen: Backend): Promise<void> {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const serving = new Serving();
  const front = openFront(serving);
  await new Promise<void>((resolve, reject) => {
    front.server.once('error', reject);
    front.server.listen(listen.port, listen.host, resolve);
  });
  const { address, port } = front.server.address() as AddressInfo;
  const steering = new Steering(serving, join(folder, 'traffic.json'), { host: address, port });
  const stopped = Promise.withResolvers<void>();
  const control = await openControl(controlPath(folder), serving, steering, stopped.resolve);
  const reload = () => {
    try {
      steering.reload();
    } catch (error) {
      console.error((error as Error).message);
    }
  };
  // One request that meets a fault of ours must not end all the others.
  const report = (error: unknown) => console.error(error);
  process.on('SIGTERM', stopped.resolve).on('SIGINT', stopped.resolve).on('SIGHUP', reload);
  process.on('uncaughtException', report).on('unhandledRejection', report);
  await stopped.promise;
  control.close();
  await front.stop(STOP_DEADLINE_MS);
  steering.close();
  serving.backends.close();
}
