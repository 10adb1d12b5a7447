import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { Backend } from '../../src/delivery/router/contract.ts';
import { type HaproxyOptions, openHaproxyRouter } from '../../src/delivery/router/haproxy/haproxy-router.ts';
import { freePort } from './free-port.ts';

const START_LIMIT_MS = 20_000;
const ASK_AGAIN_MS = 1000;

export interface Haproxy {
  readonly options: HaproxyOptions;
  readonly listen: Backend;
  /** Its master starts a new worker, which has taken over when this resolves. */
  reload(): Promise<void>;
  /** Kills it with its worker, and starts it again. */
  restart(): Promise<void>;
  stop(): Promise<void>;
}

/** A HAProxy of a test's own, configured as docs/routers.md says. To be stopped by the caller. */
export async function haproxyIn(folder: string): Promise<Haproxy> {
  const home = join(folder, 'haproxy');
  mkdirSync(join(home, 'shop'), { recursive: true });
  const maps = ['threshold', 'header.x-group', 'cookie.beta', 'stay.header.x-user', 'stay.cookie.visitor'];
  for (const name of maps) writeFileSync(join(home, 'shop', `${name}.map`), '');
  const listen = { host: '127.0.0.1', port: await freePort() };
  const config = join(home, 'haproxy.cfg');
  writeFileSync(config, documented(home, listen));
  const options = { socket: join(home, 'socket'), backend: 'shop', folder: join(folder, 'sluice') };
  const log = openSync(join(home, 'log'), 'a');
  const start = async () => {
    const child = spawn('haproxy', ['-W', '-f', config], { stdio: ['ignore', log, log] });
    const exited = once(child, 'exit');
    await until(async () => {
      if (child.exitCode !== null) throw new Error(readFileSync(join(home, 'log'), 'utf8'));
      return (await openHaproxyRouter(options).missing()).length === 0;
    });
    return { child, exited };
  };
  let master = await start();
  const worker = () => pidOf(options);
  return {
    options,
    listen,
    reload: async () => {
      const before = await worker();
      let askedAtMs = -Infinity;
      await until(async () => {
        // A master that still ends its last reload does not hear it.
        if (performance.now() - askedAtMs > ASK_AGAIN_MS) {
          master.child.kill('SIGUSR2');
          askedAtMs = performance.now();
        }
        return ![null, before].includes(await worker());
      });
    },
    restart: async () => {
      const child = await worker();
      master.child.kill('SIGKILL');
      process.kill(child!, 'SIGKILL');
      await master.exited;
      master = await start();
    },
    stop: async () => {
      // Its workers end with it at this signal.
      master.child.kill('SIGTERM');
      await master.exited;
    },
  };
}

/** The configuration of the page, with this machine's paths. */
function documented(home: string, listen: Backend): string {
  const page = readFileSync(fileURLToPath(new URL('../../docs/routers.md', import.meta.url)), 'utf8');
  const parts = [...page.matchAll(/```haproxy\n(.*?)```/gs)].map(([, text]) => text!);
  return parts
    .join('\n')
    .replaceAll('/run/haproxy/sluice.sock', join(home, 'socket'))
    .replaceAll('/var/lib/haproxy/sluice', home)
    .replaceAll('bind :80', `bind ${listen.host}:${listen.port}`);
}

async function pidOf({ socket }: HaproxyOptions): Promise<number | null> {
  const { RuntimeSocket } = await import('../../src/delivery/router/haproxy/runtime-socket.ts');
  try {
    return Number(/^Pid: (\d+)/m.exec(await new RuntimeSocket(socket).ask('show info'))?.[1]) || null;
  } catch {
    return null;
  }
}

async function until(isSo: () => Promise<boolean>): Promise<void> {
  const limitMs = performance.now() + START_LIMIT_MS;
  while (!(await isSo())) {
    if (performance.now() > limitMs) throw new Error('HAProxy did not come');
    await delay(20);
  }
}
